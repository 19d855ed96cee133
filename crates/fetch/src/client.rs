//! One request after the other: redirects, retries, limits.

use std::io::Read as _;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use ureq::http::{HeaderMap, Uri};
use ureq::unversioned::resolver::{DefaultResolver, Resolver};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, ResponseExt as _};

use crate::address::{Guard, NotPublic, is_public};
use crate::pace::Pace;
use crate::{Source, USER_AGENT, url};

/// Redirects that are followed.
const MOST_HOPS: usize = 5;

/// A wait that a server asks for is kept at once up to here; a longer one is left to a later run.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// An answer with a content, or with the word that nothing has changed.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where it came from in the end.
    pub(crate) url: Uri,
    pub(crate) not_modified: bool,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It may go well the next time, though not before this many seconds if the server said so.
    Passing(String, Option<u64>),
    /// It will not go well.
    Lasting(String),
    /// robots.txt of this host does not allow it.
    Disallowed(String),
    /// Someone asked to stop.
    Cancelled,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passing(said, _) | Self::Lasting(said) => f.write_str(said),
            Self::Disallowed(host) => write!(f, "robots.txt of {host} does not allow it"),
            Self::Cancelled => f.write_str("interrupted"),
        }
    }
}

/// Headers that make a request one for what has changed.
#[derive(Debug, Default)]
pub(crate) struct Condition<'a> {
    pub(crate) etag: Option<&'a str>,
    pub(crate) last_modified: Option<&'a str>,
}

/// Speaks for one source.
pub(crate) struct Client<'a> {
    agent: Agent,
    pace: &'a Pace<'a>,
    delay: Duration,
    max_bytes: u64,
    retries: u32,
    backoff: Duration,
}

fn agent(timeout: Duration, guard: Guard<impl Resolver>) -> Agent {
    let config = Agent::config_builder()
        .user_agent(USER_AGENT)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(timeout))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), guard)
}

fn guard(allow_private: bool) -> Guard {
    let allowed = if allow_private { |_| true } else { is_public };
    Guard { allowed, resolver: DefaultResolver::default() }
}

/// Posts JSON to an address that the user chose. Redirects are not followed.
///
/// # Errors
/// When the request fails or is not answered with success.
pub fn post_json(address: &str, json: &[u8], timeout: Duration) -> Result<(), String> {
    let uri = url::parse(address)?;
    let answer = agent(timeout, guard(true))
        .post(uri.clone())
        .header("Content-Type", "application/json")
        .send(json)
        .map_err(|error| format!("failed to post to {}: {error}", url::origin(&uri)))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("failed to post to {}: it answered {status}", url::origin(&uri))),
    }
}

impl<'a> Client<'a> {
    pub(crate) fn new(source: &Source, pace: &'a Pace<'a>, backoff: Duration) -> Self {
        Self::with_guard(source, pace, backoff, guard(source.allow_private))
    }

    pub(crate) fn with_guard(
        source: &Source,
        pace: &'a Pace<'a>,
        backoff: Duration,
        guard: Guard<impl Resolver>,
    ) -> Self {
        Self {
            agent: agent(source.timeout, guard),
            pace,
            delay: source.delay,
            max_bytes: source.max_bytes,
            retries: source.retries,
            backoff,
        }
    }

    /// Breaks off requests under way.
    pub(crate) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// Gets what is at `start`, over redirects; `allow` is asked about each hop and says how long to stay away from its
    /// host afterwards.
    pub(crate) fn get(
        &self,
        start: &Uri,
        accept: &str,
        condition: &Condition<'_>,
        allow: &dyn Fn(&Uri) -> Result<Duration, Trouble>,
    ) -> Result<Answer, Trouble> {
        let mut tries = 0;
        loop {
            let trouble = match self.follow(start, accept, condition, allow) {
                Err(_) if self.pace.is_cancelled() => return Err(Trouble::Cancelled),
                Err(Trouble::Passing(said, after)) => Trouble::Passing(said, after),
                done => return done,
            };
            let asked = match &trouble {
                Trouble::Passing(_, after) => after.map(Duration::from_secs),
                _ => None,
            };
            if tries >= self.retries || asked.is_some_and(|wait| wait > LONGEST_WAIT) {
                return Err(trouble);
            }
            let wait = self.backoff.saturating_mul(1 << tries.min(6)).min(LONGEST_WAIT);
            tries += 1;
            if !self.pace.sleep(asked.unwrap_or_default().max(wait)) {
                return Err(Trouble::Cancelled);
            }
        }
    }

    fn follow(
        &self,
        start: &Uri,
        accept: &str,
        condition: &Condition<'_>,
        allow: &dyn Fn(&Uri) -> Result<Duration, Trouble>,
    ) -> Result<Answer, Trouble> {
        let mut at = start.clone();
        for _ in 0..=MOST_HOPS {
            let delay = allow(&at)?.max(self.delay);
            if !self.pace.turn(&url::host(&at), delay) {
                return Err(Trouble::Cancelled);
            }
            let mut request =
                self.agent.get(at.clone()).header("Accept", accept).header("Accept-Encoding", "gzip");
            if let Some(etag) = condition.etag {
                request = request.header("If-None-Match", etag);
            }
            if let Some(date) = condition.last_modified {
                request = request.header("If-Modified-Since", date);
            }
            let response = request.call().map_err(trouble)?;
            let status = response.status();
            let headers = response.headers();
            match status.as_u16() {
                200 | 203 => return self.take(response),
                304 => {
                    return Ok(Answer {
                        url: response.get_uri().clone(),
                        not_modified: true,
                        etag: None,
                        last_modified: None,
                        content_type: None,
                        body: Vec::new(),
                    });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let target = header(headers, "location").ok_or_else(|| {
                        Trouble::Lasting(format!("it answered {status} and not where to go"))
                    })?;
                    at = url::join(&at, &target).map_err(|said| {
                        Trouble::Lasting(format!("it redirects to what is not fetched: {said}"))
                    })?;
                }
                408 | 425 | 429 | 500 | 502 | 503 | 504 => {
                    let after = header(headers, "retry-after").and_then(|value| seconds(&value));
                    return Err(Trouble::Passing(format!("it answered {status}"), after));
                }
                410 => return Err(Trouble::Lasting(format!("it answered {status}: it is gone for good"))),
                _ => return Err(Trouble::Lasting(format!("it answered {status}"))),
            }
        }
        Err(Trouble::Lasting(format!("it redirects more than {MOST_HOPS} times")))
    }

    fn take(&self, response: ureq::http::Response<Body>) -> Result<Answer, Trouble> {
        let url = response.get_uri().clone();
        let (parts, body) = response.into_parts();
        let header = |name| header(&parts.headers, name);
        let too_large = || Trouble::Lasting(format!("the answer is larger than {} bytes", self.max_bytes));
        if header("content-length").and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n > self.max_bytes) {
            return Err(too_large());
        }
        let encoding = header("content-encoding").unwrap_or_default().to_ascii_lowercase();
        let packed = match encoding.trim() {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            other => {
                return Err(Trouble::Lasting(format!(
                    "the answer comes in the encoding `{other}`, which was not asked for"
                )));
            }
        };
        let most = self.max_bytes.saturating_add(1);
        let mut raw = body.into_reader().take(most);
        let mut bytes = Vec::new();
        let read = if packed {
            MultiGzDecoder::new(&mut raw).take(most).read_to_end(&mut bytes)
        } else {
            raw.read_to_end(&mut bytes)
        };
        if bytes.len() as u64 > self.max_bytes || raw.limit() == 0 {
            return Err(too_large());
        }
        read.map_err(|error| Trouble::Passing(format!("the answer broke off: {error}"), None))?;
        Ok(Answer {
            url,
            not_modified: false,
            etag: header("etag"),
            last_modified: header("last-modified"),
            content_type: header("content-type"),
            body: bytes,
        })
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Seconds of a `Retry-After`, which may also be a date.
fn seconds(value: &str) -> Option<u64> {
    value.parse().ok().or_else(|| {
        let until = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        u64::try_from(until.as_second() - jiff::Timestamp::now().as_second()).ok()
    })
}

fn trouble(error: ureq::Error) -> Trouble {
    match error {
        ureq::Error::Other(inner) if inner.is::<NotPublic>() => Trouble::Lasting(inner.to_string()),
        ureq::Error::BadUri(said) => Trouble::Lasting(said),
        ureq::Error::Timeout(_) => Trouble::Passing("it took too long".to_owned(), None),
        other => Trouble::Passing(other.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:28:00 GMT"), None, "a date gone by asks for no wait");
        assert!(seconds("Thu, 31 Dec 2099 23:59:59 GMT").is_some());
        assert_eq!(seconds("soon"), None);
    }
}
