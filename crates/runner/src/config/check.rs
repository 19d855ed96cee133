//! Finds keys that a JSON Schema does not know.

use serde_json::Value;

use super::document::join;

pub(super) struct UnknownKey {
    pub(super) path: String,
    pub(super) key: String,
    pub(super) nearest: Option<String>,
    pub(super) known: Vec<String>,
}

/// The first key of `value`, in file order of its path, that `schema` has no property for. `also` are known keys of the
/// outermost table.
pub(super) fn unknown_key(value: &Value, schema: &Value, path: &str, also: &[&str]) -> Option<UnknownKey> {
    check(value, schema, schema, path, also)
}

fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    if let Some(target) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
        return root.pointer(target).map_or(schema, |found| resolve(found, root));
    }
    // An optional table is `anyOf` the table and null.
    if let Some(options) = schema["anyOf"].as_array()
        && let Some(option) = options.iter().find(|option| option["type"] != "null")
        && options.len() == 2
    {
        return resolve(option, root);
    }
    schema
}

fn check(value: &Value, schema: &Value, root: &Value, path: &str, also: &[&str]) -> Option<UnknownKey> {
    let schema = resolve(schema, root);
    match value {
        Value::Object(table) => {
            let closed = schema["additionalProperties"] == Value::Bool(false);
            let properties = schema["properties"].as_object();
            if properties.is_none() && !closed {
                return None;
            }
            for (key, value) in table {
                let path = join(path, key);
                match properties.and_then(|known| known.get(key)) {
                    Some(schema) => {
                        if let Some(unknown) = check(value, schema, root, &path, &[]) {
                            return Some(unknown);
                        }
                    }
                    None if closed => {
                        let mut known: Vec<String> =
                            properties.into_iter().flat_map(|p| p.keys().cloned()).collect();
                        known.extend(also.iter().map(|&key| key.to_owned()));
                        let nearest = nearest(key, &known);
                        return Some(UnknownKey { path, key: key.clone(), nearest, known });
                    }
                    None => {}
                }
            }
            None
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| check(item, &schema["items"], root, &format!("{path}[{index}]"), &[])),
        _ => None,
    }
}

/// The known word that is most like `word`, if any is like enough to be meant.
pub(crate) fn nearest(word: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate.clone())
}
