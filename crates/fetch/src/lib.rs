//! Brings the items of feeds into a folder, each as a file, so that a run reads files only and can be repeated without the
//! network.
//!
//! [`fetch`] asks each [`Source`] whether anything is new, lands items under names that their ids decide, and fetches their
//! pages if that is wished and robots.txt (RFC 9309) allows it. An item that comes again unchanged costs nothing; one that
//! has changed replaces its file. Nothing here can fail a run: what went wrong stands in the [`Report`].
//!
//! The network is not trusted. Only `http` and `https` are spoken; every hop of a redirect is checked anew; names are
//! resolved once and the very addresses that were checked are connected to, so that none can turn into a private one
//! afterwards; answers are bounded in time and size, packed and unpacked. Proxies of the environment are not used, since
//! behind one the address that is connected to cannot be known.

mod address;
mod client;
mod land;
mod pace;
mod page;
mod record;
mod robots;
mod state;
#[cfg(test)]
mod tests;
mod url;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;

use client::Client;
pub use client::post_json;
use pace::Pace;

/// How this program names itself to servers.
const USER_AGENT: &str =
    concat!("annals/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// How many hosts are asked at a time.
const WORKERS: usize = 8;

/// How often it is looked whether someone asked to stop.
const TICK: Duration = Duration::from_millis(50);

/// A feed and how to fetch it.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it goes by.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Where its items land.
    pub dir: PathBuf,
    /// Whether to fetch the pages of its items.
    pub pages: bool,
    /// Most pages to fetch at once.
    pub max_pages: usize,
    /// Least time between two requests to one host.
    pub delay: Duration,
    /// Longest time for a request.
    pub timeout: Duration,
    /// Largest answer, packed and unpacked.
    pub max_bytes: u64,
    /// How often a request that failed for a passing reason is tried again.
    pub retries: u32,
    /// Whether addresses of this machine and of private networks are allowed.
    pub allow_private: bool,
}

/// What came of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the source.
    pub name: String,
    /// Items that had not been there.
    pub new: usize,
    /// Items that had been there with another content.
    pub changed: usize,
    /// Pages that were fetched.
    pub pages: usize,
    /// Pages that robots.txt keeps back.
    pub disallowed: usize,
    /// What went wrong.
    pub problems: Vec<String>,
}

/// Checks that an address may be fetched, as far as its words tell.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_address(address: &str) -> Result<(), String> {
    url::parse(address).map(drop)
}

/// Fetches what is new at all sources. Sources of one host are asked one after the other, several hosts at a time.
///
/// Ends soon after `cancel` is set; what had landed by then stays, and nothing is half-written.
pub fn fetch(sources: &[Source], cancel: &AtomicBool) -> Vec<Report> {
    fetch_with(sources, cancel, Duration::from_secs(1))
}

/// As [`fetch`], with this long a wait before a request is tried again for the first time; it doubles each time.
pub fn fetch_with(sources: &[Source], cancel: &AtomicBool, backoff: Duration) -> Vec<Report> {
    let pace = Pace::new(cancel);
    let clients: Vec<Client<'_>> = sources.iter().map(|source| Client::new(source, &pace, backoff)).collect();
    let groups = by_host(sources);
    let next = AtomicUsize::new(0);
    let working = AtomicUsize::new(groups.len().min(WORKERS));
    let reports = Mutex::new(vec![Report::default(); sources.len()]);
    std::thread::scope(|scope| {
        for _ in 0..groups.len().min(WORKERS) {
            scope.spawn(|| {
                // Also when the work panics, or whoever waits would wait for ever.
                let _done = OnDrop(|| {
                    working.fetch_sub(1, Ordering::SeqCst);
                });
                while let Some(group) = groups.get(next.fetch_add(1, Ordering::SeqCst)) {
                    for &index in group {
                        let report = land::land(&sources[index], &clients[index], &pace);
                        reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[index] = report;
                    }
                }
            });
        }
        while working.load(Ordering::SeqCst) > 0 {
            if cancel.load(Ordering::Relaxed) {
                clients.iter().for_each(Client::shut_down);
            }
            std::thread::sleep(TICK);
        }
    });
    reports.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The places of sources of one host together.
fn by_host(sources: &[Source]) -> Vec<Vec<usize>> {
    let mut hosts: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let host = url::parse(&source.url).map(|address| url::host(&address)).unwrap_or_default();
        hosts.entry(host).or_default().push(index);
    }
    hosts.into_values().collect()
}
