//! robots.txt: the Robots Exclusion Protocol (RFC 9309), and `Crawl-delay`.

use std::time::Duration;

/// The name that a group of rules may be addressed to.
const PRODUCT: &str = "annals";

/// Bytes that are read; the standard asks for at least 500 KiB.
const MOST_BYTES: usize = 512 << 10;

/// A longer `Crawl-delay` counts as this.
const LONGEST_DELAY: f64 = 60.0;

/// What a site allows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Robots {
    rules: Vec<Rule>,
    pub(crate) delay: Duration,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    allows: bool,
    /// Normal form of the path, with `*` and a closing `$` as they stand.
    pattern: Vec<u8>,
}

impl Robots {
    /// The rules of a site that could not be asked: nothing is allowed.
    pub(crate) fn closed() -> Self {
        Self { rules: vec![Rule { allows: false, pattern: b"/".to_vec() }], delay: Duration::ZERO }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_BYTES)]);
        let text = text.trim_start_matches('\u{feff}');
        let mut own = Self::default();
        let mut others = Self::default();
        let (mut named, mut any, mut found) = (false, false, false);
        let mut in_names = false;
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if !in_names {
                    (named, any) = (false, false);
                }
                in_names = true;
                let token: String =
                    value.chars().take_while(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-')).collect();
                named |= token.eq_ignore_ascii_case(PRODUCT);
                found |= named;
                any |= value == "*";
                continue;
            }
            let rule = match key.as_str() {
                "allow" | "disallow" => {
                    in_names = false;
                    // An empty rule allows nothing and forbids nothing.
                    (!value.is_empty())
                        .then(|| Rule { allows: key == "allow", pattern: normal(value.as_bytes()) })
                }
                "crawl-delay" => {
                    in_names = false;
                    let seconds: f64 = value.parse().unwrap_or(0.0);
                    let delay = if seconds > 0.0 {
                        Duration::from_secs_f64(seconds.min(LONGEST_DELAY))
                    } else {
                        Duration::ZERO
                    };
                    if named {
                        own.delay = own.delay.max(delay);
                    }
                    if any {
                        others.delay = others.delay.max(delay);
                    }
                    None
                }
                // Sitemaps and the like belong to no group and end none.
                _ => None,
            };
            if let Some(rule) = rule {
                if named {
                    own.rules.push(rule.clone());
                }
                if any {
                    others.rules.push(rule);
                }
            }
        }
        if found { own } else { others }
    }

    /// Whether a path with its query may be fetched. The longest rule that matches decides; of two equal ones, the one
    /// that allows.
    pub(crate) fn allow(&self, path: &str) -> bool {
        if path == "/robots.txt" {
            return true;
        }
        let path = normal(path.as_bytes());
        self.rules
            .iter()
            .filter(|rule| matches(&rule.pattern, &path))
            .max_by_key(|rule| (rule.pattern.len(), rule.allows))
            .is_none_or(|rule| rule.allows)
    }
}

/// A path with each character in one form: unreserved ones plain, what is not ASCII encoded, hexadecimals in capitals.
fn normal(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let (byte, was_encoded) = match (byte, after) {
            (b'%', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = &after[2..];
                (hex(*high) << 4 | hex(*low), true)
            }
            _ => (byte, false),
        };
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved || (!was_encoded && byte.is_ascii()) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Whether the path starts with the pattern, in which `*` stands for anything and a closing `$` for the end.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_end) = match pattern {
        [rest @ .., b'$'] => (rest, true),
        _ => (pattern, false),
    };
    // Where to go on after the last star: one more byte of the path is given to it each time.
    let mut star: Option<(usize, usize)> = None;
    let (mut p, mut at) = (0, 0);
    loop {
        if p == pattern.len() {
            if !to_end || at == path.len() {
                return true;
            }
        } else if pattern[p] == b'*' {
            star = Some((p + 1, at));
            p += 1;
            continue;
        } else if path.get(at) == Some(&pattern[p]) {
            p += 1;
            at += 1;
            continue;
        }
        match star {
            Some((after, from)) if from < path.len() => {
                star = Some((after, from + 1));
                (p, at) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, path: &str) -> bool {
        Robots::parse(text.as_bytes()).allow(path)
    }

    #[test]
    fn the_longest_rule_decides_and_allowing_wins_a_tie() {
        let text = "User-agent: *\nDisallow: /news\nAllow: /news/public\nAllow: /x\nDisallow: /x\n";
        assert!(!allowed(text, "/news/today"));
        assert!(allowed(text, "/news/public/1"));
        assert!(allowed(text, "/x/1") && allowed(text, "/") && allowed(text, "/News"));
    }

    #[test]
    fn a_group_of_its_own_counts_alone() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Annals/2.0\nDisallow: /private\n\
            Sitemap: https://a.b/s.xml\nUser-agent: annals\nDisallow: /more\n";
        assert!(allowed(text, "/page"));
        assert!(!allowed(text, "/private/1") && !allowed(text, "/more"), "groups of one name are one");
        assert!(!allowed("user-agent: annalsbot\nallow: /\nuser-agent: *\ndisallow: /\n", "/page"));
        assert!(allowed("User-agent: annals\nDisallow:\nUser-agent: *\nDisallow: /\n", "/page"));
    }

    #[test]
    fn stars_and_ends_are_wildcards() {
        let text = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /*/print\nDisallow: /a*b*c$\n";
        assert!(!allowed(text, "/x/y.pdf") && allowed(text, "/x/y.pdf?z"));
        assert!(!allowed(text, "/x/print/1") && allowed(text, "/print"));
        assert!(!allowed(text, "/aXbYbc") && allowed(text, "/abcd"));
        let greedy = format!("User-agent: *\nDisallow: /{}x$\n", "*a".repeat(200));
        assert!(allowed(&greedy, &format!("/{}", "a".repeat(4000))));
    }

    #[test]
    fn encoded_paths_compare_as_what_they_stand_for() {
        let text = "User-agent: *\nDisallow: /caf%c3%a9\nDisallow: /%7Euser\nDisallow: /a%2Fb\n";
        assert!(!allowed(text, "/café/1") && !allowed(text, "/caf%C3%A9"));
        assert!(!allowed(text, "/~user") && !allowed(text, "/%7euser/x"));
        assert!(allowed(text, "/a/b") && !allowed(text, "/a%2fb"));
    }

    #[test]
    fn comments_marks_and_line_ends_do_no_harm() {
        let text = "\u{feff}# all\rUser-agent: * # everyone\r\n  disallow : /x # not this\r\nnonsense\r\n";
        assert!(!allowed(text, "/x") && allowed(text, "/y"));
        assert!(allowed("", "/x") && allowed("Disallow: /x", "/x"), "rules without a group bind no one");
        assert!(Robots::parse(b"\xff\xfe\0: *\n").allow("/x"));
    }

    #[test]
    fn a_delay_is_kept_within_reason() {
        let delay = |text: &str| Robots::parse(text.as_bytes()).delay;
        assert_eq!(delay("User-agent: *\nCrawl-delay: 2.5\n"), Duration::from_millis(2500));
        assert_eq!(delay("User-agent: *\nCrawl-delay: 1e30\n"), Duration::from_secs(60));
        for odd in ["-1", "NaN", "x", ""] {
            assert_eq!(delay(&format!("User-agent: *\nCrawl-delay: {odd}\n")), Duration::ZERO, "{odd}");
        }
    }

    #[test]
    fn a_closed_site_allows_only_to_ask() {
        assert!(!Robots::closed().allow("/x?y") && Robots::closed().allow("/robots.txt"));
    }
}
