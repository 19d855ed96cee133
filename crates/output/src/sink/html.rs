//! One page for people: the events, latest first, with their figures, the claims behind them, a map and a timeline.
//!
//! The page needs nothing but itself: no network, no other file. Every text comes from strangers and is escaped; links lead to `http` and
//! `https` only.
//!
//! It shows a limited number of events, each with a limited number of claims, and says what it leaves out. Claims come with their
//! articles, before or after the events they belong to, so they wait in a file beside the page until it is known
//! which events are shown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use annals_plugin::{Article, Claim};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::NewFile;
use crate::OutputError;
use crate::cell::rows;

/// Events on the page.
const MOST_EVENTS: usize = 500;
/// Claims of one event.
const MOST_CLAIMS: usize = 40;

type Event = Map<String, Value>;

pub(crate) struct Page {
    file: NewFile,
    title: String,
    /// The latest events, by date and id.
    latest: BTreeMap<(String, String), Event>,
    sums: Sums,
    /// Killed by day, as far as events have a day.
    days: BTreeMap<String, u64>,
    waiting: BufWriter<File>,
    waiting_at: PathBuf,
}

#[derive(Default)]
struct Sums {
    articles: u64,
    claims: u64,
    events: u64,
    killed: [u64; 3],
    injured: [u64; 3],
}

/// A claim as it waits for its event.
#[derive(Serialize, Deserialize)]
struct Waiting {
    event_id: String,
    figure: String,
    who: String,
    note: String,
    quote: String,
    article: String,
    url: Option<String>,
    byline: String,
}

/// Events at one place of the map, to a hundredth of a degree.
struct Spot<'a> {
    /// Degrees of longitude.
    x: f64,
    /// Degrees of latitude.
    y: f64,
    killed: u64,
    events: usize,
    /// The first of them.
    event: &'a Event,
}

impl Page {
    /// `waiting_at` is where claims wait; it is removed at the end.
    pub(crate) fn new(file: NewFile, title: &str, waiting_at: PathBuf) -> Result<Self, OutputError> {
        let waiting = File::create(&waiting_at).map_err(OutputError::file("create", &waiting_at))?;
        Ok(Self {
            file,
            title: if title.is_empty() { "Events".to_owned() } else { title.to_owned() },
            latest: BTreeMap::new(),
            sums: Sums::default(),
            days: BTreeMap::new(),
            waiting: BufWriter::new(waiting),
            waiting_at,
        })
    }

    /// Takes the numbers of articles and claims.
    pub(crate) fn count(&mut self, articles: u64, claims: u64) {
        (self.sums.articles, self.sums.claims) = (articles, claims);
    }

    /// The articles of the events that are shown.
    pub(crate) fn wanted(&self) -> BTreeSet<String> {
        let ids = self.latest.values().filter_map(|event| event.get("article_ids")?.as_array());
        ids.flatten().filter_map(|id| Some(id.as_str()?.to_owned())).collect()
    }

    /// Takes the claims of an article.
    pub(crate) fn article(&mut self, article: &Article) -> Result<(), OutputError> {
        for claim in &article.claims {
            let Some(event_id) = claim.event_id.clone() else { continue };
            let byline =
                [article.publisher.as_deref(), article.published.as_deref().and_then(|p| p.get(..10))];
            let waiting = Waiting {
                event_id,
                figure: figure(claim),
                who: claim
                    .source
                    .as_ref()
                    .map_or_else(|| "the article itself".to_owned(), |s| s.name.clone()),
                note: note(claim),
                quote: claim.quote.clone(),
                article: article.title.clone().unwrap_or_else(|| article.source_id.clone()),
                url: article.url.clone(),
                byline: byline.into_iter().flatten().collect::<Vec<_>>().join(", "),
            };
            serde_json::to_writer(&mut self.waiting, &waiting)
                .map_err(std::io::Error::from)
                .and_then(|()| self.waiting.write_all(b"\n"))
                .map_err(OutputError::file("write", &self.waiting_at))?;
        }
        Ok(())
    }

    pub(crate) fn events(&mut self, batch: &RecordBatch) -> Result<(), OutputError> {
        for event in rows(batch)? {
            self.sums.events += 1;
            for (sums, outcome) in [(&mut self.sums.killed, "killed"), (&mut self.sums.injured, "injured")] {
                for (sum, bound) in sums.iter_mut().zip(["low", "best", "high"]) {
                    let number = count(&event, outcome, bound).or_else(|| count(&event, outcome, "best"));
                    *sum = sum.saturating_add(number.or_else(|| count(&event, outcome, "low")).unwrap_or(0));
                }
            }
            let date = text(&event, "date_start").to_owned();
            if event.get("date_prec").and_then(Value::as_u64) == Some(1) {
                let day = self.days.entry(date.clone()).or_default();
                *day = day.saturating_add(count(&event, "killed", "best").unwrap_or(0));
            }
            self.latest.insert((date, text(&event, "event_id").to_owned()), event);
            if self.latest.len() > MOST_EVENTS {
                self.latest.pop_first();
            }
        }
        Ok(())
    }

    /// The claims of the events that are shown, and how many there are.
    fn claims(&mut self) -> Result<BTreeMap<String, (Vec<Waiting>, usize)>, OutputError> {
        let path = self.waiting_at.clone();
        self.waiting.flush().map_err(OutputError::file("write", &path))?;
        let mut claims: BTreeMap<String, (Vec<Waiting>, usize)> =
            self.latest.keys().map(|(_, id)| (id.clone(), (Vec::new(), 0))).collect();
        let file = File::open(&path).map_err(OutputError::file("open", &path))?;
        for line in BufReader::new(file).lines() {
            let line = line.map_err(OutputError::file("read", &path))?;
            let waiting: Waiting =
                serde_json::from_str(&line).map_err(|error| OutputError::encode("events.html", error))?;
            if let Some((shown, all)) = claims.get_mut(&waiting.event_id) {
                *all += 1;
                if shown.len() < MOST_CLAIMS {
                    shown.push(waiting);
                }
            }
        }
        fs::remove_file(&path).map_err(OutputError::file("remove", &path))?;
        Ok(claims)
    }

    /// Writes the page; gives its bytes.
    pub(crate) fn finish(mut self) -> Result<u64, OutputError> {
        let claims = self.claims()?;
        let title = escape(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
             <h1>{title}</h1>\n",
            include_str!("page.css")
        );
        self.head(&mut out);
        self.timeline(&mut out);
        self.map(&mut out);
        out.push_str(
            "<form><input name=\"words\" type=\"search\" placeholder=\"Search places, sources, quotes\" \
             aria-label=\"Search\"><select name=\"type\" aria-label=\"Type\"><option value=\"\">all types</option></select>\
             <select name=\"grading\" aria-label=\"Grading\"><option value=\"\">all gradings</option></select>\
             <span id=\"shown\" class=\"dim\"></span></form>\n<main>\n",
        );
        self.file.put(out.as_bytes())?;
        for ((_, id), event) in self.latest.iter().rev() {
            let mut out = String::new();
            card(&mut out, event, claims.get(id));
            self.file.put(out.as_bytes())?;
        }
        let foot = format!(
            "</main>\n<p class=\"dim\">low – best – high: the lowest, the best established and the highest figure among the \
             latest of each independent source. Copies of one wire story count once. Gradings follow the public rule of Airwars: \
             confirmed, the party held responsible accepts it; fair, two or more credible independent sources; weak, one \
             source; contested, sources name different parties.</p>\n<script>\n{}</script>\n</body>\n</html>\n",
            include_str!("page.js")
        );
        self.file.put(foot.as_bytes())?;
        self.file.finish()
    }

    fn head(&self, out: &mut String) {
        let Sums { articles, claims, events, killed, injured } = &self.sums;
        let range = |sums: &[u64; 3]| {
            let [low, best, high] = sums.map(grouped);
            format!("<b>{best}</b>{low} – {high}")
        };
        _ = writeln!(
            out,
            "<ul class=\"sums\"><li><b>{}</b>events</li><li>{} killed</li><li>{} injured</li><li><b>{}</b>claims</li>\
             <li><b>{}</b>articles</li></ul>",
            grouped(*events),
            range(killed),
            range(injured),
            grouped(*claims),
            grouped(*articles)
        );
        if *events > self.latest.len() as u64 {
            _ = writeln!(
                out,
                "<p class=\"dim\">This page shows the latest {} events; the tables beside it hold all.</p>",
                self.latest.len()
            );
        }
        if *events == 0 {
            out.push_str("<p>No events were found.</p>\n");
        }
    }

    /// Bars of the killed by day, month or year, whichever gives a readable number of bars.
    fn timeline(&self, out: &mut String) {
        const MOST_BARS: usize = 120;
        let (Some(first), Some(last)) = (self.days.keys().next(), self.days.keys().next_back()) else {
            return;
        };
        let Some((unit, width, all)) =
            [("day", 10), ("month", 7), ("year", 4)].into_iter().find_map(|(unit, width)| {
                let all = periods(first, last, width, MOST_BARS)?;
                Some((unit, width, all))
            })
        else {
            return;
        };
        let mut sums: BTreeMap<&str, u64> = all.iter().map(|period| (period.as_str(), 0)).collect();
        for (day, killed) in &self.days {
            if let Some(sum) = day.get(..width).and_then(|period| sums.get_mut(period)) {
                *sum = sum.saturating_add(*killed);
            }
        }
        let most = sums.values().copied().max().unwrap_or(0).max(1);
        let step = 940.0 / sums.len() as f64;
        _ = write!(out, "<figure><svg viewBox=\"0 0 960 150\" role=\"img\" aria-label=\"Killed by {unit}\">");
        for (at, (period, killed)) in sums.iter().enumerate() {
            let height = *killed as f64 / most as f64 * 105.0;
            let (x, y, bar) = (10.0 + at as f64 * step, 125.0 - height, (step * 0.85).min(60.0));
            _ = write!(
                out,
                "<rect class=\"mark\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{bar:.1}\" height=\"{height:.1}\"><title>{}: {} \
                 killed</title></rect>",
                escape(period),
                grouped(*killed)
            );
        }
        let ends = (all.first().map_or("", String::as_str), all.last().map_or("", String::as_str));
        _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M10 125H950\"/><text x=\"10\" y=\"14\">{} killed</text><text x=\"10\" y=\"142\">{}</text>\
             <text x=\"950\" y=\"142\" text-anchor=\"end\">{}</text></svg><figcaption class=\"dim\">Killed by {unit}, best \
             figures of events whose day is known</figcaption></figure>",
            grouped(most),
            escape(ends.0),
            escape(ends.1)
        );
    }

    /// Events that have coordinates, on a plate carrée scaled at their middle latitude.
    fn map(&self, out: &mut String) {
        let degrees = |event: &Event, name: &str| event.get(name).and_then(Value::as_f64);
        let mut places: BTreeMap<(i64, i64), Spot<'_>> = BTreeMap::new();
        for event in self.latest.values() {
            let (Some(x), Some(y)) = (degrees(event, "longitude"), degrees(event, "latitude")) else {
                continue;
            };
            if x.abs() > 180.0 || y.abs() > 90.0 {
                continue;
            }
            let place = places.entry(((x * 100.0) as i64, (y * 100.0) as i64)).or_insert(Spot {
                x,
                y,
                killed: 0,
                events: 0,
                event,
            });
            place.killed = place.killed.saturating_add(count(event, "killed", "best").unwrap_or(0));
            place.events += 1;
        }
        let mut places: Vec<_> = places.into_values().collect();
        if places.is_empty() {
            return;
        }
        let bounds = |of: fn(&Spot<'_>) -> f64| {
            let (low, high) =
                places.iter().map(of).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
            let margin = ((high - low) * 0.08).max(0.15);
            (low - margin, high + margin)
        };
        let (west, east) = bounds(|place| place.x);
        let (south, north) = bounds(|place| place.y);
        let shrink = ((south + north) / 2.0).to_radians().cos().max(0.1);
        let scale = (960.0 / ((east - west) * shrink)).min(480.0 / (north - south));
        let (width, height) = ((east - west) * shrink * scale, (north - south) * scale);
        let (left, width) = ((960.0 - width) / 2.0, width);
        let x = |longitude: f64| left + (longitude - west) * shrink * scale;
        let y = |latitude: f64| (north - latitude) * scale;
        _ = write!(
            out,
            "<figure><svg viewBox=\"0 0 960 {height:.0}\" role=\"img\" aria-label=\"Map of the events\">"
        );
        let steps = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0];
        let step = steps.into_iter().find(|s| (north - south).max(east - west) / s <= 8.0).unwrap_or(45.0);
        let lines = |low: f64, high: f64| {
            ((low / step).ceil() as i32..=(high / step).floor() as i32).map(move |n| f64::from(n) * step)
        };
        for longitude in lines(west, east) {
            let at = x(longitude);
            _ = write!(
                out,
                "<path class=\"grid\" d=\"M{at:.1} 0V{height:.0}\"/><text x=\"{:.1}\" y=\"{:.0}\">{longitude}°</text>",
                at + 3.0,
                height - 4.0
            );
        }
        for latitude in lines(south, north) {
            let at = y(latitude);
            _ = write!(
                out,
                "<path class=\"grid\" d=\"M{left:.1} {at:.1}h{width:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\">{latitude}°</text>",
                left + 3.0,
                at - 3.0
            );
        }
        // Small marks above large ones.
        places.sort_by(|a, b| b.killed.cmp(&a.killed).then(a.x.total_cmp(&b.x)).then(a.y.total_cmp(&b.y)));
        for Spot { x: longitude, y: latitude, killed, events, event } in &places {
            let radius = radius(*killed);
            _ = write!(
                out,
                "<a href=\"#{}\"><circle class=\"mark\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\"><title>{}: {} killed, {} \
                 events</title></circle></a>",
                escape(text(event, "event_id")),
                x(*longitude),
                y(*latitude),
                escape(text(event, "place")),
                grouped(*killed),
                events
            );
        }
        let mut labelled: Vec<(f64, f64)> = Vec::new();
        for Spot { x: longitude, y: latitude, killed, event, .. } in &places {
            let at = (x(*longitude), y(*latitude));
            let is_free =
                labelled.iter().all(|other| (other.0 - at.0).abs() > 90.0 || (other.1 - at.1).abs() > 14.0);
            if is_free && labelled.len() < 24 {
                labelled.push(at);
                // Towards the middle, so that no name leaves the map.
                let room = radius(*killed) + 4.0;
                let (anchor, shift) = if at.0 > 760.0 { ("end", -room) } else { ("start", room) };
                let name: String = text(event, "place").chars().take(28).collect();
                _ = write!(
                    out,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                    at.0 + shift,
                    at.1 + 4.0,
                    escape(&name)
                );
            }
        }
        out.push_str(
            "</svg><figcaption class=\"dim\">Events with known coordinates; the area of a mark grows with the killed</figcaption>\
             </figure>\n",
        );
    }
}

/// Every day, month or year from the first to the last date, if there are not too many.
fn periods(first: &str, last: &str, width: usize, most: usize) -> Option<Vec<String>> {
    let (mut date, last): (jiff::civil::Date, jiff::civil::Date) = (first.parse().ok()?, last.parse().ok()?);
    let step = match width {
        10 => jiff::Span::new().days(1),
        7 => jiff::Span::new().months(1),
        _ => jiff::Span::new().years(1),
    };
    if width < 10 {
        date = date.first_of_month();
    }
    if width == 4 {
        date = date.first_of_year();
    }
    let mut all = Vec::new();
    while date <= last {
        if all.len() == most {
            return None;
        }
        all.push(date.to_string().get(..width)?.to_owned());
        date = date.checked_add(step).ok()?;
    }
    Some(all)
}

/// One event with its claims.
fn card(out: &mut String, event: &Event, claims: Option<&(Vec<Waiting>, usize)>) {
    let kind = text(event, "event_type");
    let grading = text(event, "grading");
    let place = [text(event, "place"), text(event, "adm_1"), text(event, "country")];
    let mut parts: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
    parts.dedup();
    let place = if parts.is_empty() { "place not known".to_owned() } else { parts.join(", ") };
    let (start, end) = (text(event, "date_start"), text(event, "date_end"));
    let date = match (start, end) {
        ("", _) => "date not known".to_owned(),
        (start, end) if end.is_empty() || end == start => start.to_owned(),
        (start, end) => format!("{start} to {end}"),
    };
    let parties = list(event, "perpetrators");
    let parties = if parties.is_empty() { String::new() } else { format!(" · held responsible: {parties}") };
    _ = write!(
        out,
        "<article class=\"event\" id=\"{}\" data-type=\"{}\" data-grading=\"{}\">\n<h2>{}</h2>\n<p class=\"dim\">{} · {}{} <span \
         class=\"tag {}\">{}</span></p>\n",
        escape(text(event, "event_id")),
        escape(kind),
        escape(grading),
        escape(&place),
        escape(&date),
        escape(&kind.replace('_', " ")),
        escape(&parties),
        escape(grading),
        escape(grading)
    );
    out.push_str("<ul class=\"figures\">");
    let plain =
        ["killed", "injured", "displaced", "strikes"].map(|count| (count.to_owned(), count.to_owned(), ""));
    let groups = ["civilians", "combatants", "children", "women"].into_iter().flat_map(|group| {
        ["killed", "injured"].map(|o| (format!("{group}_{o}"), format!("{group} {o}"), " class=\"small\""))
    });
    for (name, label, class) in plain.into_iter().chain(groups) {
        if let Some(range) = range(event, &name) {
            _ = write!(out, "<li{class}>{range} {label}</li>");
        }
    }
    out.push_str("</ul>\n");
    let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or(0);
    let sources = list(event, "sources");
    let sources = if sources.is_empty() { String::new() } else { format!(": {sources}") };
    _ = writeln!(
        out,
        "<p class=\"dim\">{} independent {}, {} {}{}</p>",
        number("number_of_sources"),
        if number("number_of_sources") == 1 { "source" } else { "sources" },
        number("number_of_articles"),
        if number("number_of_articles") == 1 { "article" } else { "articles" },
        escape(&sources)
    );
    if let Some((shown, all)) = claims.filter(|(shown, _)| !shown.is_empty()) {
        let noun = if *all == 1 { "claim" } else { "claims" };
        _ = writeln!(out, "<details><summary>{} {noun}</summary><ul class=\"claims\">", grouped(*all as u64));
        for claim in shown {
            _ = write!(
                out,
                "<li><b>{}</b> <span class=\"dim\">according to {}{}</span><blockquote dir=\"auto\">{}</blockquote><span \
                 class=\"dim\">",
                escape(&claim.figure),
                escape(&claim.who),
                escape(&claim.note),
                escape(&claim.quote)
            );
            match claim.url.as_deref().filter(|url| is_web(url)) {
                Some(url) => {
                    _ = write!(
                        out,
                        "<a href=\"{}\" rel=\"noopener noreferrer nofollow\">{}</a>",
                        escape(url),
                        escape(&claim.article)
                    );
                }
                None => out.push_str(&escape(&claim.article)),
            }
            let comma = if claim.byline.is_empty() { "" } else { ", " };
            _ = writeln!(out, "{comma}{}</span></li>", escape(&claim.byline));
        }
        if shown.len() < *all {
            _ = writeln!(out, "<li class=\"dim\">and {} more in the table of claims</li>", all - shown.len());
        }
        out.push_str("</ul></details>\n");
    }
    out.push_str("</article>\n");
}

/// The figure of a claim in words.
fn figure(claim: &Claim) -> String {
    let number = match (claim.low, claim.high) {
        (Some(low), Some(high)) if low == high => grouped(low),
        (Some(low), Some(high)) => format!("{} – {}", grouped(low), grouped(high)),
        (Some(low), None) => format!("{} or more", grouped(low)),
        (None, Some(high)) => format!("up to {}", grouped(high)),
        (None, None) => "an unknown number".to_owned(),
    };
    let about = if claim.qualifier.as_str() == "about" { "about " } else { "" };
    let victims = match claim.victims.as_str() {
        "none" | "people" => String::new(),
        victims => format!(" {}", victims.replace('_', " ")),
    };
    format!("{about}{number}{victims} {}", claim.outcome)
}

/// What sets a claim apart from a plain statement about one incident.
fn note(claim: &Claim) -> String {
    let mut note = String::new();
    if claim.modality.as_str() != "asserted" {
        _ = write!(note, ", {}", claim.modality);
    }
    if claim.scope.as_str() == "total" {
        note.push_str(", a total");
    }
    note
}

/// `low – best – high` of a column group, if any of them is known.
fn range(event: &Event, name: &str) -> Option<String> {
    let bounds = ["low", "best", "high"].map(|bound| count(event, name, bound));
    let [low, best, high] = bounds;
    let shown = best.or(low).or(high)?;
    let bound = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), grouped);
    let around = (low != best || high != best)
        .then(|| format!(" <span class=\"dim\">({} – {})</span>", bound(low), bound(high)));
    Some(format!("<b>{}</b>{}", grouped(shown), around.unwrap_or_default()))
}

fn count(event: &Event, name: &str, bound: &str) -> Option<u64> {
    event.get(&format!("{name}_{bound}")).and_then(Value::as_u64)
}

fn text<'a>(event: &'a Event, name: &str) -> &'a str {
    event.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list(event: &Event, name: &str) -> String {
    let items = event.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn is_web(url: &str) -> bool {
    let start = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    start.starts_with("https://") || start.starts_with("http://")
}

/// Radius of a mark on the map, whose area grows with the killed.
fn radius(killed: u64) -> f64 {
    4.0 + (killed as f64).sqrt().min(30.0)
}

/// A number with a thin space between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// Text that is safe in content and in quoted attributes.
fn escape(text: &str) -> Cow<'_, str> {
    let is_plain =
        |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'') && (c >= ' ' || matches!(c, '\n' | '\t'));
    if text.chars().all(is_plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters are not allowed in a page at all.
            c if !is_plain(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.into()
}
