//! `annals show`: one article, claim, incident or event with where it comes from.

use annals_plugin::{Article, Claim, Incident, Place, When};
use annals_runner::show::{Event, Found};
use serde_json::{Map, Value};

use crate::console::{line, plain};

/// Prints what an id stands for.
pub(crate) fn print(found: &Found) {
    match found {
        Found::Article(article) => print_article(article),
        Found::Claim(claim, article) => {
            print_claim(claim, "");
            field("", "article", &head(article));
        }
        Found::Incident(incident, article) => {
            print_incident(incident, article, "");
            field("", "article", &head(article));
        }
        Found::Event(event) => print_event(event),
    }
}

fn print_article(article: &Article) {
    line(&format!("article {}", article.article_id));
    field("", "source_id", &article.source_id);
    field("", "path", &article.path);
    let optional = [
        ("url", article.url.clone()),
        ("publisher", article.publisher.clone()),
        ("title", article.title.clone()),
        ("authors", Some(article.authors.join("; ")).filter(|names| !names.is_empty())),
        ("published", article.published.clone()),
        ("basis", article.published_basis.map(|basis| basis.to_string())),
        ("language", article.language.clone()),
        ("dateline", article.dateline.clone()),
        ("wires", Some(article.wires.join("; ")).filter(|names| !names.is_empty())),
        ("main event", article.main_event_id.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            field("", name, &value);
        }
    }
    let copy = article.copy_kind.map(|kind| format!(", {kind}")).unwrap_or_default();
    let of = article.duplicate_of.as_ref().map(|id| format!(" of {id}{copy}")).unwrap_or_default();
    let likeness = article.similarity.map(|likeness| format!(", {likeness:.2} alike")).unwrap_or_default();
    field("", "status", &format!("{}{of}{likeness}", article.status));
    for (name, value) in &article.attributes {
        field("", name, &value.to_string());
    }
    line("\ntext:");
    line(&plain(&article.text));
    if !article.removed.is_empty() {
        line("\ntaken off:");
        for piece in &article.removed {
            line(&format!("  at {:>6}  {}  “{}”", piece.at, piece.reason, one_line(&piece.text)));
        }
    }
    for incident in &article.incidents {
        line("");
        print_incident(incident, article, "");
    }
    for claim in &article.claims {
        line("");
        print_claim(claim, "");
    }
}

fn print_incident(incident: &Incident, article: &Article, indent: &str) {
    let main = if incident.main { ", the article's main one" } else { "" };
    line(&format!("{indent}incident {} ({}{main})", incident.incident_id, incident.event_type));
    where_and_when(indent, incident.place.as_ref(), incident.when);
    let names: Vec<&str> = incident.perpetrators.iter().map(|actor| actor.name.as_str()).collect();
    if !names.is_empty() {
        field(indent, "by", &names.join(", "));
    }
    if let Some(event) = &incident.event_id {
        field(indent, "event", event);
    }
    let length = (incident.end - incident.start.min(incident.end)) as usize;
    let sentence: String = article.text.chars().skip(incident.start as usize).take(length).collect();
    field(indent, "told in", &format!("“{}”", one_line(&sentence)));
}

fn print_claim(claim: &Claim, indent: &str) {
    let bound = |bound: Option<u64>| bound.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let figure = match (claim.low, claim.high) {
        (Some(low), Some(high)) if low == high => low.to_string(),
        (low, high) => format!("{}–{}", bound(low), bound(high)),
    };
    line(&format!("{indent}claim {}: {figure} {} {}", claim.claim_id, claim.victims, claim.outcome));
    field(
        indent,
        "as",
        &format!("{}, {}, {}, {}", claim.qualifier, claim.scope, claim.modality, claim.event_type),
    );
    where_and_when(indent, claim.place.as_ref(), claim.when);
    if let Some(actor) = &claim.perpetrator {
        field(indent, "by", &actor.name);
    }
    match &claim.source {
        Some(source) => field(indent, "source", &format!("{} ({})", source.name, source.kind)),
        None => field(indent, "source", "the article itself"),
    }
    if let Some(whole) = &claim.part_of {
        field(indent, "part of", whole);
    }
    if let Some(event) = &claim.event_id {
        field(indent, "event", event);
    }
    field(indent, "quote", &format!("“{}” [{}:{}]", one_line(&claim.quote), claim.start, claim.end));
}

fn where_and_when(indent: &str, place: Option<&Place>, when: Option<When>) {
    if let Some(when) = when {
        let span = if when.start == when.end {
            when.start.to_string()
        } else {
            format!("{} to {}", when.start, when.end)
        };
        field(indent, "when", &format!("{span} (precision {})", when.precision));
    }
    if let Some(place) = place {
        let mut parts = vec![place.name.clone()];
        parts.extend(place.adm_1.clone());
        parts.extend(place.country.clone());
        if let (Some(latitude), Some(longitude)) = (place.latitude, place.longitude) {
            parts.push(format!("{latitude:.4} {longitude:.4}"));
        }
        if !place.candidates.is_empty() && place.geonames_id.is_none() {
            parts.push(format!("one of {} places of that name", place.candidates.len()));
        }
        field(indent, "where", &parts.join(", "));
    }
}

fn print_event(event: &Event) {
    let text = |key: &str| cell(&event.row, key);
    line(&format!("event {} ({})", text("event_id"), text("event_type")));
    for (name, value) in &event.row {
        if !matches!(name.as_str(), "event_id" | "event_type" | "article_ids" | "claim_ids")
            && !value.is_null()
        {
            field("", name, &cell(&event.row, name));
        }
    }
    if !event.links.is_empty() {
        line("\nwhy its reports were joined:");
        for link in &event.links {
            let parts: Vec<String> = link
                .iter()
                .filter(|(name, value)| *name != "event_id" && !value.is_null())
                .map(|(name, _)| format!("{name} {}", cell(link, name)))
                .collect();
            line(&format!("  {}", parts.join("; ")));
        }
    }
    let id = text("event_id");
    for article in &event.articles {
        line(&format!("\n{}", head(article)));
        for incident in article.incidents.iter().filter(|incident| incident.event_id.as_ref() == Some(&id)) {
            print_incident(incident, article, "  ");
        }
        for claim in article.claims.iter().filter(|claim| claim.event_id.as_ref() == Some(&id)) {
            print_claim(claim, "  ");
        }
    }
}

fn head(article: &Article) -> String {
    let mut parts = vec![article.article_id.clone()];
    parts.extend(article.publisher.clone());
    parts.extend(article.published.clone());
    parts.extend(article.title.clone());
    parts.push(article.path.clone());
    plain(&parts.join(", "))
}

fn field(indent: &str, name: &str, value: &str) {
    line(&format!("{indent}  {name:<12} {}", plain(value)));
}

fn cell(row: &Map<String, Value>, key: &str) -> String {
    match row.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => plain(text),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), plain))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
