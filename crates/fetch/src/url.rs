//! Addresses of the web: what may be fetched, and where a relative one leads.

use ureq::http::Uri;

/// Longest address that is tried.
const MOST_BYTES: usize = 4096;

/// Reads an absolute address; only `http` and `https`, with a host, without a user name.
pub(crate) fn parse(text: &str) -> Result<Uri, String> {
    let text = text.trim();
    let without_fragment = text.split('#').next().unwrap_or(text);
    if without_fragment.len() > MOST_BYTES {
        return Err(format!("an address of more than {MOST_BYTES} bytes"));
    }
    let scheme = without_fragment.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => {}
        _ => return Err(format!("`{text}` is not an address with http:// or https://")),
    }
    let uri: Uri =
        encoded(without_fragment).parse().map_err(|error| format!("`{text}` is not an address: {error}"))?;
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    if uri.host().is_none_or(str::is_empty) {
        return Err(format!("`{text}` names no host"));
    }
    if authority.contains('@') {
        return Err("an address with a user name or a password is not fetched".to_owned());
    }
    Ok(uri)
}

/// The host in lower case.
pub(crate) fn host(uri: &Uri) -> String {
    uri.host().unwrap_or_default().to_ascii_lowercase()
}

/// Scheme, host and port.
pub(crate) fn origin(uri: &Uri) -> String {
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    format!("{}://{}", uri.scheme_str().unwrap_or_default(), authority.to_ascii_lowercase())
}

/// Where a reference on the page `base` leads (RFC 3986, section 5.2).
pub(crate) fn join(base: &Uri, reference: &str) -> Result<Uri, String> {
    let reference = reference.trim().split('#').next().unwrap_or_default();
    let scheme = reference.split(['/', '?']).next().unwrap_or_default();
    if scheme.contains(':') {
        return parse(reference);
    }
    let (path, query) = (base.path(), base.query().map(|query| format!("?{query}")).unwrap_or_default());
    if let Some(rest) = reference.strip_prefix("//") {
        return parse(&format!("{}://{rest}", base.scheme_str().unwrap_or("https")));
    }
    let joined = if reference.is_empty() {
        format!("{path}{query}")
    } else if reference.starts_with('?') {
        format!("{path}{reference}")
    } else {
        let (target, query) = reference.find('?').map_or((reference, ""), |at| reference.split_at(at));
        let merged = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("{}{target}", &path[..path.rfind('/').map_or(0, |at| at + 1)])
        };
        format!("{}{query}", without_dots(&merged))
    };
    parse(&format!("{}{joined}", origin(base)))
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        match *part {
            "." | ".." => {
                if *part == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            part => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

/// What an address may not hold as it is, percent-encoded, as browsers do.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^' | 0x80.. => {
                out.push_str(&format!("%{byte:02X}"));
            }
            byte => out.push(char::from(byte)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_is_fetched() {
        for bad in [
            "",
            "example.org/feed",
            "file:///etc/passwd",
            "ftp://example.org/",
            "gopher://x/",
            "javascript:alert(1)",
            "http://",
            "http:///path",
            "https://user@example.org/",
            "https://user:secret@example.org/",
            "http://[::1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for good in [
            "http://example.org",
            "HTTPS://Example.org:8443/a?b=c#d",
            "http://[2606:4700::1]/",
            " http://a.b/ü x ",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        assert_eq!(parse("https://a.b/ü x?q=é").unwrap().to_string(), "https://a.b/%C3%BC%20x?q=%C3%A9");
    }

    #[test]
    fn relative_references_are_resolved() {
        let base = parse("https://a.b:81/x/y/z?q=1").unwrap();
        for (reference, target) in [
            ("w", "https://a.b:81/x/y/w"),
            ("./w?k", "https://a.b:81/x/y/w?k"),
            ("../w", "https://a.b:81/x/w"),
            ("../../../w/.", "https://a.b:81/w/"),
            ("/w", "https://a.b:81/w"),
            ("?k=2", "https://a.b:81/x/y/z?k=2"),
            ("#top", "https://a.b:81/x/y/z?q=1"),
            ("//c.d/e", "https://c.d/e"),
            ("http://c.d/e", "http://c.d/e"),
        ] {
            assert_eq!(join(&base, reference).unwrap().to_string(), target, "{reference}");
        }
        for bad in ["file:///etc/passwd", "mailto:a@b", "javascript:void(0)", "https://u@c.d/"] {
            assert!(join(&base, bad).is_err(), "{bad}");
        }
    }
}
