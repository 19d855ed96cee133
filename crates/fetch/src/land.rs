//! From the answer of a source to files in its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use annals_input::Limits;
use serde_json::{Map, Value};

use crate::client::{Answer, Client, Condition, Trouble};
use crate::pace::Pace;
use crate::page::{Pages, charset};
use crate::record::{Record, add_page, to_bytes};
use crate::state::{State, Waiting, write_whole};
use crate::{Report, Source, url};

/// How often a page is asked for that fails for passing reasons, each time in another run.
const MOST_TRIES: u32 = 5;

/// Asks one source what is new and lands it.
pub(crate) fn land(source: &Source, client: &Client<'_>, pace: &Pace<'_>) -> Report {
    let mut landing = Landing {
        source,
        state: State::load(&source.dir, &source.url),
        report: Report { name: source.name.clone(), ..Report::default() },
        pages: Pages::new(client),
        asked: 0,
        stopped: false,
        silent_hosts: BTreeSet::new(),
    };
    let before = landing.state.clone();
    let answered = landing.ask(client);
    if answered.is_ok() {
        landing.late_pages();
    }
    if let Err(trouble) = answered {
        landing.report.problems.push(trouble.to_string());
    }
    if pace.is_cancelled() {
        landing.stopped = true;
    }
    if landing.state != before
        && let Err(error) = landing.state.save(&source.dir)
    {
        landing.problem(&format!("failed to write in {}: {error}", source.dir.display()));
    }
    landing.report
}

struct Landing<'a> {
    source: &'a Source,
    state: State,
    report: Report,
    pages: Pages<'a>,
    /// Pages that were asked for.
    asked: usize,
    /// Someone asked to stop.
    stopped: bool,
    /// Hosts whose robots.txt was reported already.
    silent_hosts: BTreeSet<String>,
}

impl Landing<'_> {
    fn problem(&mut self, said: &str) {
        self.report.problems.push(said.to_owned());
    }

    fn ask(&mut self, client: &Client<'_>) -> Result<(), Trouble> {
        let now = jiff::Timestamp::now().as_second();
        // A clock that was wrong when the wait was noted must not make it longer than a day.
        if let Some(until) = self.state.not_before.filter(|until| (1..=86_400).contains(&(until - now))) {
            return Err(Trouble::Passing(
                format!("the server asked to be left alone for {} s more", until - now),
                None,
            ));
        }
        self.state.not_before = None;
        let address = url::parse(&self.source.url).map_err(Trouble::Lasting)?;
        let condition = Condition {
            etag: self.state.etag.as_deref(),
            last_modified: self.state.last_modified.as_deref(),
        };
        let accept = "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, \
            text/xml;q=0.8, */*;q=0.1";
        let answer = client.get(&address, accept, &condition, &|_| Ok(Duration::ZERO));
        match answer {
            Ok(answer) if answer.not_modified => Ok(()),
            Ok(answer) => {
                let (etag, last_modified) = (answer.etag.clone(), answer.last_modified.clone());
                let whole = self.take(answer);
                // What was not taken as a whole is asked for again.
                let keep = whole && !self.stopped;
                self.state.etag = etag.filter(|_| keep);
                self.state.last_modified = last_modified.filter(|_| keep);
                Ok(())
            }
            Err(trouble) => {
                if let Trouble::Passing(_, Some(after)) = &trouble {
                    self.state.not_before =
                        i64::try_from(*after).ok().and_then(|after| now.checked_add(after));
                }
                Err(trouble)
            }
        }
    }

    /// Lands the items of an answer. Whether all of it could be.
    fn take(&mut self, answer: Answer) -> bool {
        let limits = Limits { record_bytes: self.source.max_bytes, ..Limits::default() };
        let items = match annals_input::feed_items(as_declared(answer), &limits) {
            Ok(items) => items,
            Err(said) => {
                self.problem(&format!("it is no feed: {said}"));
                return false;
            }
        };
        let mut whole = true;
        let mut seen = BTreeMap::new();
        for item in items {
            let record = match item {
                Ok(item) => Record::new(&self.source.url, item),
                Err(said) => {
                    self.problem(&format!("an item cannot be read: {said}"));
                    whole = false;
                    continue;
                }
            };
            if seen.contains_key(&record.file) {
                continue;
            }
            let known = self.state.items.get(&record.file) == Some(&record.digest);
            seen.insert(record.file.clone(), record.digest.clone());
            if known && self.source.dir.join(&record.file).exists() {
                continue;
            }
            let file = record.file.clone();
            if let Err(error) = self.item(record) {
                self.problem(&format!("failed to write {}: {error}", self.source.dir.join(&file).display()));
                self.forget(&file, &mut seen);
                whole = false;
            }
            if self.stopped {
                self.forget(&file, &mut seen);
                break;
            }
        }
        if whole && !self.stopped {
            self.state.items = seen;
        } else {
            // What was not reached is still known.
            self.state.items.extend(seen);
        }
        whole
    }

    /// An item is to be looked at anew the next time.
    fn forget(&mut self, file: &str, seen: &mut BTreeMap<String, String>) {
        seen.remove(file);
        self.state.items.remove(file);
    }

    /// Lands an item that is new or has changed.
    fn item(&mut self, record: Record) -> std::io::Result<()> {
        let path = self.source.dir.join(&record.file);
        let old = fs::read(&path).ok();
        let mut fields = record.fields.clone();
        if self.source.pages
            && let Some(address) = record.url()
            && !self.page(&record.file, address, &mut fields)
            && let Some(kept) = old.as_deref().and_then(read_fields)
            && let (Some(Value::String(html)), Some(Value::String(page))) =
                (kept.get("html"), kept.get("page"))
        {
            // Better the page as it was than none.
            add_page(&mut fields, html.clone(), page.clone());
        }
        if self.stopped {
            return Ok(());
        }
        let bytes = to_bytes(&fields);
        match old {
            Some(old) if old == bytes => return Ok(()),
            Some(_) => self.report.changed += 1,
            None => self.report.new += 1,
        }
        write_whole(&path, &bytes)
    }

    /// Adds the page of an item, or notes it for later. Whether it was added.
    fn page(&mut self, file: &str, address: &str, fields: &mut Map<String, Value>) -> bool {
        let tries = self.state.waiting.remove(file).map_or(0, |waiting| waiting.tries);
        let wait = |tries| Waiting { url: address.to_owned(), tries };
        if self.asked >= self.source.max_pages {
            self.state.waiting.insert(file.to_owned(), wait(tries));
            return false;
        }
        self.asked += 1;
        match self.pages.get(address) {
            Ok(page) => {
                add_page(fields, page.html, page.url);
                self.report.pages += 1;
                return true;
            }
            Err(Trouble::Disallowed(host)) => {
                self.report.disallowed += 1;
                if self.silent_hosts.insert(host.clone()) {
                    self.problem(&format!("robots.txt of {host} does not allow to fetch its pages"));
                }
            }
            Err(Trouble::Cancelled) => self.stopped = true,
            Err(Trouble::Passing(said, _)) if tries + 1 < MOST_TRIES => {
                self.state.waiting.insert(file.to_owned(), wait(tries + 1));
                self.problem(&format!("{address}: {said}; to be tried again"));
            }
            Err(trouble) => self.problem(&format!("{address}: {trouble}")),
        }
        false
    }

    /// Fetches pages that earlier runs could not.
    fn late_pages(&mut self) {
        let waiting = self.state.waiting.clone();
        for (file, Waiting { url, .. }) in waiting {
            if self.stopped || self.asked >= self.source.max_pages {
                return;
            }
            let path = self.source.dir.join(&file);
            let Some(mut fields) = fs::read(&path).ok().as_deref().and_then(read_fields) else {
                self.state.waiting.remove(&file);
                continue;
            };
            if self.page(&file, &url, &mut fields) {
                match write_whole(&path, &to_bytes(&fields)) {
                    Ok(()) => self.report.changed += 1,
                    Err(error) => self.problem(&format!("failed to write {}: {error}", Path::display(&path))),
                }
            }
        }
    }
}

fn read_fields(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(bytes).ok()
}

/// The content of an answer, in the encoding that its XML declaration names or in UTF-8. The word of the server goes before
/// that of the declaration (RFC 7303), and a byte order mark before both.
fn as_declared(answer: Answer) -> Vec<u8> {
    let body = answer.body;
    let Some(encoding) = answer.content_type.as_deref().and_then(charset) else { return body };
    if encoding_rs::Encoding::for_bom(&body).is_some() {
        return body;
    }
    let (text, had_errors) = encoding.decode_without_bom_handling(&body);
    if had_errors {
        return body;
    }
    let text = text.trim_start();
    let content = match (text.starts_with("<?xml"), text.split_once("?>")) {
        (true, Some((_, rest))) => rest,
        _ => text,
    };
    content.trim_start().as_bytes().to_vec()
}
