//! From the store to the tables in the output folder.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeInclusive};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;

use annals_input::Found;
use annals_output::{ArticleTables, Encoded, Encoder, LastSet, Options, OtherTables, Writer};
use annals_plugin::{Article, Rejected};
use annals_store::{Read, Space, Write};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::changes::{Changes, Digests, Kept};
use crate::config::Format;
use crate::error::RunError;
use crate::pack::Kind;
use crate::run::Session;
use crate::state::{Basis, FileEntry, LayerReader, decode, digest, encode, number};
use crate::tables::{Given, Held, Tables};
use crate::work::is_settled;

/// Articles of a piece of the tables at the least, and at the most. Between the two it ends with an article whose id has a
/// digest that is one of so many. So pieces are of much the same length, and few articles are put together again where one
/// has changed.
const PIECE_ARTICLES: RangeInclusive<usize> = 128..=512;
const ONE_OF_ARTICLES: u64 = 128;
/// Lots of pieces that are made ahead of those that are written.
const GIVEN_AHEAD: usize = 4;

/// What was written.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) bytes: BTreeMap<String, u64>,
    pieces: Pieces,
    changes: Kept,
}

impl Published {
    /// Notes for the next run what this one has published.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        self.changes.remember(write)?;
        Ok(write.put(Space::Meta, PIECES, &encode(&self.pieces))?)
    }
}

/// Writes all tables beside the old ones and puts them in their place. What they tell is the caller's to remember.
pub(crate) fn publish(
    session: &Session<'_>,
    found: &Found,
    dir: &Path,
    tables: &Tables,
    publication: &[u8; 16],
    report: &dyn Fn(&Published) -> serde_json::Value,
) -> Result<Published, RunError> {
    let (formats, options) = layout(session);
    let mut writer = Writer::create(dir, &formats, options)?;
    let (articles, others) = writer.sides();
    let again = is_settled(&session.store.read()?, number(session.plan.steps.len()), publication)?;
    let (pieces, changes) = if again {
        // Articles are mostly copied then, so that a thread is free.
        std::thread::scope(|scope| {
            let changes = scope.spawn(|| write_others(session, others, tables, found));
            // The disk has time for what the passes left.
            let settled = scope.spawn(|| session.store.settle());
            let pieces = write_articles(session, articles, publication, again);
            let settled = joined(settled.join()).map_err(RunError::from);
            (settled.and(pieces), joined(changes.join()))
        })
    } else {
        let pieces = write_articles(session, articles, publication, again)?;
        (Ok(pieces), write_others(session, others, tables, found))
    };
    let mut published = Published { pieces: pieces?, changes: changes?, ..Published::default() };
    if session.cancel.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted);
    }
    for table in writer.close()? {
        published.rows.insert(table.name.clone(), table.rows);
        *published.bytes.entry(table.name).or_default() += table.bytes;
    }
    let mut json =
        serde_json::to_vec_pretty(&report(&published)).expect("a report holds nothing that JSON cannot");
    json.push(b'\n');
    writer.file("run.json", &json)?;
    writer.commit()?;
    Ok(published)
}

/// What a thread gave. One that panics takes its caller down with it, as if it had been none.
fn joined<T>(result: std::thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Writes all tables but those of articles and claims.
fn write_others(
    session: &Session<'_>,
    to: &mut OtherTables,
    tables: &Tables,
    found: &Found,
) -> Result<Kept, RunError> {
    let digests = digests(tables)?;
    for (name, given) in &tables.rows {
        let mut digests = digests[name.as_str()].iter();
        for given in given {
            match given {
                Given::Rows(rows) => {
                    to.table_with_digests(name, rows, digests.next().map_or(&[], Vec::as_slice))?;
                }
                Given::Part(part, Some(rows)) => to.part(name, part, rows)?,
                Given::Part(part, None) => to.held_part(name, part)?,
            }
        }
    }
    let read = session.store.read()?;
    let changes = Changes::since_last_run(&read, &tables.rows, &digests)?;
    drop(digests);
    show_claims(session, &read, to)?;
    to.table("changes", &changes.rows()?)?;
    to.rejected(&rejected(session, &read, found)?)?;
    to.end()?;
    changes.keep(&read)
}

/// The digests of the rows of each batch, parts left out.
fn digests(tables: &Tables) -> Result<Digests<'_>, RunError> {
    let mut all = Digests::new();
    for (name, given) in &tables.rows {
        let loose = given.iter().filter_map(|given| match given {
            Given::Rows(rows) => Some(rows),
            Given::Part(..) => None,
        });
        let of_table: Result<_, _> = loose.map(annals_output::digests).collect();
        all.insert(name.as_str(), of_table?);
    }
    Ok(all)
}

/// The parts of tables that need not be made again: none if all rows are asked for.
pub(crate) fn held(session: &Session<'_>, dir: &Path) -> Result<Held, RunError> {
    let settings = &session.pipeline.settings.output;
    // The page shows what the rows tell.
    if session.give_events || settings.formats.contains(&Format::Html) {
        return Ok(Held::default());
    }
    let (formats, options) = layout(session);
    let last = LastSet::open(dir, &formats, options)?;
    Held::new(&last, &session.store.read()?)
}

/// What the files look like.
fn layout(session: &Session<'_>) -> (Vec<annals_output::Format>, Options) {
    let settings = &session.pipeline.settings.output;
    let options = Options {
        title: session.pipeline.name(),
        hxl: settings.hxl,
        attributes: session.plan.attributes.clone(),
    };
    (settings.formats.iter().map(|&format| output_format(format)).collect(), options)
}

fn output_format(format: Format) -> annals_output::Format {
    match format {
        Format::Parquet => annals_output::Format::Parquet,
        Format::Csv => annals_output::Format::Csv,
        Format::Jsonl => annals_output::Format::Jsonl,
        Format::Geojson => annals_output::Format::Geojson,
        Format::Html => annals_output::Format::Html,
    }
}

/// A piece of the tables of articles and claims.
#[derive(Default)]
struct Piece {
    digest: [u8; 16],
    /// Keys and ids of its articles; none if the last set holds it.
    articles: Vec<(Vec<u8>, String)>,
}

/// The pieces of a set: the digest of each and the key of its last article.
type Pieces = Vec<([u8; 16], Vec<u8>)>;

/// Meta key of the pieces of the last set.
const PIECES: &[u8] = b"pieces";

/// What is known of the pieces of the last set.
struct Last {
    /// Empty if it is not known what has been touched since.
    pieces: Pieces,
    /// Keys that were touched since, in order.
    touched: Vec<Vec<u8>>,
}

impl Last {
    fn read(session: &Session<'_>, read: &Read, publication: &[u8; 16]) -> Result<Self, RunError> {
        let output = number(session.plan.steps.len());
        let mut last = Self { pieces: Vec::new(), touched: Vec::new() };
        if !is_settled(read, output, publication)? {
            return Ok(last);
        }
        // A list that cannot be read only has to be made again.
        last.pieces = read.get(Space::Meta, PIECES)?.and_then(|list| decode(&list).ok()).unwrap_or_default();
        read.space(Space::Touched(output))?.scan::<RunError>(b"", |key, _| {
            last.touched.push(key.to_vec());
            Ok(true)
        })?;
        Ok(last)
    }

    /// Whether the piece at a place, which starts after `from`, is as it was. The last one may have grown.
    fn stays(&self, at: usize, from: &[u8], encoder: &Encoder) -> bool {
        let up_to = |key: &[u8]| self.touched.partition_point(|touched| touched.as_slice() <= key);
        let [(digest, end), _, ..] = &self.pieces[at.min(self.pieces.len())..] else { return false };
        up_to(from) == up_to(end) && encoder.holds(digest)
    }
}

/// Pieces as the tables take them.
type Rendered = Vec<([u8; 16], Option<Encoded>)>;

/// Writes the tables of articles and claims.
fn write_articles(
    session: &Session<'_>,
    to: &mut ArticleTables,
    publication: &[u8; 16],
    again: bool,
) -> Result<Pieces, RunError> {
    let encoder = to.encoder();
    let pieces = if again {
        // A thread copies pieces of the last set while those between them are made.
        std::thread::scope(|scope| {
            let (give, given) = sync_channel::<Rendered>(GIVEN_AHEAD);
            let to = &mut *to;
            let writing = scope.spawn(move || given.iter().try_for_each(|pieces| to.pieces(pieces)));
            // If nobody takes them any more, what is told is why.
            let mut give = move |pieces| give.send(pieces).map_err(|_| RunError::Interrupted);
            let made = make_pieces(session, &encoder, publication, &mut give);
            drop(give);
            joined(writing.join())?;
            made
        })?
    } else {
        make_pieces(session, &encoder, publication, &mut |pieces| Ok(to.pieces(pieces)?))?
    };
    to.end()?;
    Ok(pieces)
}

/// Makes the tables of articles and claims in pieces. A piece is known by what its articles were made from, so that those that
/// are as they were are neither put together nor encoded; where nothing was touched, articles are not even looked at.
fn make_pieces(
    session: &Session<'_>,
    encoder: &Encoder,
    publication: &[u8; 16],
    give: &mut dyn FnMut(Rendered) -> Result<(), RunError>,
) -> Result<Pieces, RunError> {
    let read = session.store.read()?;
    let steps = &session.plan.steps;
    let reader = LayerReader::new(&read, &session.packers, steps.len())?;
    let shadowed = session.shadowed(&read)?;
    let window = session.pool.current_num_threads() * 2;
    let records = read.space(Space::Basis(number(steps.len() - 1)))?;
    let last = Last::read(session, &read, publication)?;
    let mut pieces: Pieces = Vec::new();
    let mut waiting: Vec<Piece> = Vec::new();
    // The key after which the next piece starts, and the piece of the last set that ends next.
    let (mut from, mut at) = (Vec::new(), 0);
    loop {
        while last.stays(at, &from, encoder) {
            let (digest, end) = &last.pieces[at];
            pieces.push((*digest, end.clone()));
            waiting.push(Piece { digest: *digest, articles: Vec::new() });
            from.clone_from(end);
            at += 1;
        }
        let (mut piece, mut bases, mut met) = (Piece::default(), start(publication), false);
        records.scan_from::<RunError>(Bound::Excluded(&from.clone()), |key, value| {
            let basis = Basis::from_bytes(value)?;
            if basis.refused || shadowed.contains(key) {
                return Ok(true);
            }
            let verdict = reader.last_verdict(&basis.article_id)?.unwrap_or_default();
            told(&mut bases, &[key, &basis.digest, &verdict]);
            piece.articles.push((key.to_vec(), basis.article_id));
            if !ends_piece(&piece) {
                return Ok(true);
            }
            let bases = std::mem::replace(&mut bases, start(publication));
            waiting.push(close_piece(std::mem::take(&mut piece), bases, &mut pieces, encoder));
            if waiting.iter().filter(|piece| !piece.articles.is_empty()).count() >= window {
                give_pieces(session, encoder, &reader, &mut waiting, give)?;
            }
            at += last.pieces[at..].partition_point(|(_, end)| end.as_slice() < key);
            from = key.to_vec();
            if last.pieces.get(at).is_some_and(|(_, end)| *end == from) {
                at += 1;
                met = last.stays(at, &from, encoder);
            }
            Ok(!met)
        })?;
        if !piece.articles.is_empty() {
            waiting.push(close_piece(piece, bases, &mut pieces, encoder));
        }
        if !met {
            break;
        }
    }
    give_pieces(session, encoder, &reader, &mut waiting, give)?;
    Ok(pieces)
}

/// Whether a piece ends with its last article, which is told by the article's id, so that behind a piece that has changed the
/// others soon end where they did.
fn ends_piece(piece: &Piece) -> bool {
    let told = || {
        piece.articles.last().is_some_and(|(_, id)| {
            let digest = digest(&[id.as_bytes()]);
            u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at| digest[at])) % ONE_OF_ARTICLES == 0
        })
    };
    let length = piece.articles.len();
    length >= *PIECE_ARTICLES.end() || length >= *PIECE_ARTICLES.start() && told()
}

/// Starts the digest of a piece.
fn start(publication: &[u8; 16]) -> blake3::Hasher {
    let mut bases = blake3::Hasher::new();
    bases.update(publication);
    bases
}

/// Takes parts into a digest, each with its length.
fn told(bases: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        bases.update(&(part.len() as u64).to_le_bytes());
        bases.update(part);
    }
}

fn close_piece(mut piece: Piece, bases: blake3::Hasher, pieces: &mut Pieces, encoder: &Encoder) -> Piece {
    piece.digest.copy_from_slice(&bases.finalize().as_bytes()[..16]);
    pieces.push((piece.digest, piece.articles.last().map_or_else(Vec::new, |(key, _)| key.clone())));
    if encoder.holds(&piece.digest) {
        piece.articles.clear();
    }
    piece
}

/// Encodes the pieces that are new, and gives all on, those of the last set that come first before the work.
fn give_pieces(
    session: &Session<'_>,
    encoder: &Encoder,
    reader: &LayerReader<'_>,
    pieces: &mut Vec<Piece>,
    give: &mut dyn FnMut(Rendered) -> Result<(), RunError>,
) -> Result<(), RunError> {
    if session.cancel.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted);
    }
    let encode = |piece: &Piece| -> Result<Option<Encoded>, RunError> {
        if piece.articles.is_empty() {
            return Ok(None);
        }
        let articles =
            piece.articles.iter().map(|(key, id)| reader.layers(key, id)?.article(&session.plan.steps));
        Ok(Some(encoder.encode(&articles.collect::<Result<Vec<Article>, RunError>>()?)?))
    };
    let held = pieces.iter().position(|piece| !piece.articles.is_empty()).unwrap_or(pieces.len());
    if held > 0 {
        give(pieces.drain(..held).map(|piece| (piece.digest, None)).collect())?;
    }
    let encoded: Vec<Option<Encoded>> =
        session.pool.install(|| pieces.par_iter().map(encode).collect::<Result<_, _>>())?;
    give(pieces.drain(..).map(|piece| piece.digest).zip(encoded).collect())
}

/// Gives the page the claims of the events that it shows.
fn show_claims(session: &Session<'_>, read: &Read, to: &mut OtherTables) -> Result<(), RunError> {
    let ids = read.space(Space::Ids)?;
    let reader = LayerReader::new(read, &session.packers, session.plan.steps.len())?;
    let mut keys = Vec::new();
    for id in to.wanted() {
        if let Some(key) = ids.get(id.as_bytes())? {
            keys.push((key, id));
        }
    }
    // In the order of the table of articles.
    keys.sort_unstable();
    keys.iter()
        .try_for_each(|(key, id)| Ok(to.shown(&reader.layers(key, id)?.article(&session.plan.steps)?)?))
}

/// All that could not be used, in a fixed order.
fn rejected(session: &Session<'_>, read: &Read, found: &Found) -> Result<Vec<Rejected>, RunError> {
    let mut rows = found.rejected.clone();
    read.space(Space::Files)?.scan::<RunError>(b"", |_, entry| {
        rows.extend(decode::<FileEntry>(entry)?.rejected);
        Ok(true)
    })?;
    for step in 0..session.plan.steps.len() {
        read.space(Space::Refused(number(step)))?.scan::<RunError>(b"", |_, refused| {
            rows.extend(decode::<Vec<Rejected>>(refused)?);
            Ok(true)
        })?;
    }
    let ids = read.space(Space::Ids)?;
    let records = read.space(Space::Record(0))?;
    read.space(Space::Shadowed)?.scan::<RunError>(b"", |key, id| {
        // A record that a stage refused has its row already.
        let Some(record) = records.get(key)? else { return Ok(true) };
        let article: Article = decode(&session.packers.of(0, Kind::Record).unpack(record)?)?;
        let holder = ids.get(id)?.unwrap_or_default();
        let holder_path = String::from_utf8_lossy(&holder[..holder.len().saturating_sub(5)]).into_owned();
        rows.push(Rejected {
            path: article.path,
            record: Some(article.source_id),
            stage: "read".to_owned(),
            reason: "duplicate_id".to_owned(),
            detail: format!("a record with this id stands in {holder_path}"),
        });
        Ok(true)
    })?;
    rows.sort_unstable();
    Ok(rows)
}
