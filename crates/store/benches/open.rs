//! What it costs to open a state of many articles: one that was closed, and one whose process was killed.
//!
//! `cargo bench -p annals-store --bench open -- 1000000 [DIR]` makes a state with entries of the sizes and numbers that the
//! articles of a real run have.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use annals_store::{Space, Store, StoreError};

/// Articles of one transaction.
const BATCH: u64 = 4096;
/// Bytes that the store keeps pages in.
const CACHE: usize = 64 << 20;
/// Spaces with one entry an article, and the bytes of each.
const ENTRIES: [(Space, usize); 9] = [
    (Space::Basis(0), 33),
    (Space::Basis(1), 33),
    (Space::Basis(2), 33),
    (Space::Record(0), 960),
    (Space::Record(2), 200),
    (Space::Partial(0), 13),
    (Space::Partial(1), 370),
    (Space::Partial(2), 290),
    (Space::Bulk(1), 850),
];

/// Bytes that do not look alike.
fn fill(value: &mut [u8], mut seed: u64) {
    for part in value.chunks_mut(8) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        part.copy_from_slice(&(seed ^ (seed >> 29)).to_le_bytes()[..part.len()]);
    }
}

fn make(dir: &Path, articles: u64) -> Result<(), StoreError> {
    let store = Store::open(dir, CACHE)?;
    let mut value = vec![0; 1024];
    for first in (0..articles).step_by(BATCH as usize) {
        let mut write = store.write()?;
        let batch = first..(first + BATCH).min(articles);
        for (space, length) in ENTRIES {
            write.space::<_, StoreError>(space, |entries| {
                batch.clone().try_for_each(|number| {
                    fill(&mut value[..length], number);
                    let key = format!("in/{:09}.jsonl\0{:04}", number / 5000, number % 5000);
                    entries.put(key.as_bytes(), &value[..length])
                })
            })?;
        }
        write.space::<_, StoreError>(Space::Ids, |ids| {
            let mut id = [0; 16];
            batch.clone().try_for_each(|number| {
                fill(&mut id, number);
                ids.put(&id, &number.to_le_bytes())
            })
        })?;
        write.commit()?;
    }
    Ok(())
}

/// Opens the state, reads from it and writes to it.
fn open(dir: &Path) -> Result<(Duration, Duration), StoreError> {
    let start = Instant::now();
    let store = Store::open(dir, CACHE)?;
    let opened = start.elapsed();
    assert!(store.read()?.get(Space::Basis(2), b"in/000000000.jsonl\x000007")?.is_some(), "it is there");
    let mut write = store.write()?;
    write.put(Space::Meta, b"bench", b"1")?;
    write.commit()?;
    Ok((opened, start.elapsed()))
}

fn main() -> Result<(), StoreError> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [flag, dir] = &args[..]
        && flag == "--die"
    {
        let store = Store::open(Path::new(dir), CACHE)?;
        let mut write = store.write()?;
        write.put(Space::Meta, b"bench", b"2")?;
        write.commit()?;
        // No end of any kind, as when the process is killed.
        std::process::abort();
    }
    let articles: u64 = args.first().map_or(100_000, |number| number.parse().expect("a number of articles"));
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let dir = args.get(1).map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    make(&dir, articles)?;
    let length = std::fs::metadata(dir.join("state.redb")).map_or(0, |meta| meta.len());
    println!("{articles} articles, {} MB", length >> 20);
    let told = |name: &str, (opened, used): (Duration, Duration)| {
        println!(
            "{name:<8} {:>8.3} s to open, {:>8.3} s with a first commit",
            opened.as_secs_f64(),
            used.as_secs_f64()
        );
    };
    told("closed", open(&dir)?);
    let this = std::env::current_exe().expect("a bench knows its own file");
    let status = Command::new(this).arg("--die").arg(&dir).status().expect("the bench starts");
    assert!(!status.success(), "the process was to die");
    told("killed", open(&dir)?);
    Ok(())
}
