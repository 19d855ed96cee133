//! The pages of items.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use ureq::http::Uri;

use crate::client::{Client, Condition, Trouble};
use crate::robots::Robots;
use crate::url;

/// How far into a page the declaration of its encoding is looked for.
const PRESCAN_BYTES: usize = 16 << 10;

/// A fetched page.
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) html: String,
}

/// Fetches pages, and asks each site once what it allows.
pub(crate) struct Pages<'a> {
    client: &'a Client<'a>,
    sites: Mutex<HashMap<String, Arc<Robots>>>,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(client: &'a Client<'a>) -> Self {
        Self { client, sites: Mutex::default() }
    }

    pub(crate) fn get(&self, address: &str) -> Result<Page, Trouble> {
        let uri = url::parse(address).map_err(Trouble::Lasting)?;
        let allow = |at: &Uri| {
            let robots = self.robots(at)?;
            let path = at.path_and_query().map_or("/", |path| path.as_str());
            if robots.allow(path) { Ok(robots.delay) } else { Err(Trouble::Disallowed(url::host(at))) }
        };
        let accept = "text/html, application/xhtml+xml;q=0.9";
        let answer = self.client.get(&uri, accept, &Condition::default(), &allow)?;
        let content_type = answer.content_type.as_deref().unwrap_or("text/html");
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !matches!(kind.as_str(), "text/html" | "application/xhtml+xml") {
            return Err(Trouble::Lasting(format!("it is no page but {kind}")));
        }
        Ok(Page { url: answer.url.to_string(), html: decode(&answer.body, content_type) })
    }

    fn robots(&self, at: &Uri) -> Result<Arc<Robots>, Trouble> {
        let origin = url::origin(at);
        if let Some(known) = self.sites.lock().unwrap_or_else(PoisonError::into_inner).get(&origin) {
            return Ok(Arc::clone(known));
        }
        let address = url::parse(&format!("{origin}/robots.txt")).map_err(Trouble::Lasting)?;
        let free = |_: &Uri| Ok(Duration::ZERO);
        let robots = match self.client.get(&address, "text/plain", &Condition::default(), &free) {
            Ok(answer) => Robots::parse(&answer.body),
            Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
            // A site without the file allows all; of one that cannot be asked nothing is known (RFC 9309, 2.3.1).
            Err(Trouble::Lasting(_) | Trouble::Disallowed(_)) => Robots::default(),
            Err(Trouble::Passing(..)) => Robots::closed(),
        };
        let robots = Arc::new(robots);
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).insert(origin, Arc::clone(&robots));
        Ok(robots)
    }
}

/// The `charset` of a content type.
pub(crate) fn charset(content_type: &str) -> Option<&'static Encoding> {
    let (_, rest) = content_type
        .to_ascii_lowercase()
        .split_once("charset=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    Encoding::for_label(rest.split(';').next()?.trim_matches(['"', '\'', ' ']).as_bytes())
}

/// A page as text: by its byte order mark; as UTF-8 if it is that; by what the server says; by what the page says.
fn decode(bytes: &[u8], content_type: &str) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let declared = || {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(PRESCAN_BYTES)]).to_ascii_lowercase();
        let value = head.split_once("charset=")?.1.trim_start_matches(['"', '\'', ' ']);
        let end =
            value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(value.len());
        Encoding::for_label(&value.as_bytes()[..end])
    };
    let encoding = charset(content_type).or_else(declared).filter(|encoding| {
        // What was searched byte by byte is not in UTF-16, and what is not valid UTF-8 is something else.
        ![UTF_8, UTF_16LE, UTF_16BE].contains(encoding)
    });
    encoding.unwrap_or(WINDOWS_1252).decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_decoded_by_what_is_known_of_them() {
        assert_eq!(decode("Königsplatz".as_bytes(), "text/html; charset=iso-8859-1"), "Königsplatz");
        assert_eq!(decode(b"K\xf6nig", "text/html; charset=\"ISO-8859-1\""), "König");
        assert_eq!(decode(b"\xff\xfeK\0", "text/html"), "K");
        assert_eq!(decode(b"<meta charset=windows-1251>\xca", "text/html"), "<meta charset=windows-1251>К");
        assert_eq!(decode(b"caf\xe9", "text/html; charset=utf-8"), "café");
    }
}
