//! A first look at a config, for plugins in languages where it is easier to trust one's input than to check it.

use annals_plugin::ConfigError;
use serde_json::Value;

/// Checks keys and plain types of a config against what the schema says of the top level.
pub(crate) fn check(config: &Value, schema: &Value) -> Result<(), ConfigError> {
    let Value::Object(config) = config else {
        return Err(crate::refused("the config is a table"));
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (key, value) in config {
        let Some(property) = properties.and_then(|properties| properties.get(key)) else {
            if closed {
                let known: Vec<_> =
                    properties.into_iter().flatten().map(|(key, _)| format!("`{key}`")).collect();
                let known = if known.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("it has {}", known.join(", "))
                };
                return Err(ConfigError::at(key, format!("unknown key `{key}` of this stage; {known}")));
            }
            continue;
        };
        let types: Vec<&str> = match property.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        if !types.iter().any(|name| is(value, name)) {
            return Err(ConfigError::at(key, format!("{value} is not of type {}", types.join(" or "))));
        }
    }
    let required =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match required.into_iter().find(|key| !config.contains_key(*key)) {
        Some(key) => Err(ConfigError::at("", format!("the key `{key}` is missing"))),
        None => Ok(()),
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_types_are_held_to_the_schema() {
        let schema = json!({"properties": {"n": {"type": "integer"}, "s": {"type": ["string", "null"]}, "x": {}},
            "additionalProperties": false, "required": ["n"]});
        let refusal = |config: Value| check(&config, &schema).map_err(|e| (e.key, e.message)).unwrap_err();
        assert_eq!(check(&json!({"n": 1, "s": null, "x": [1]}), &schema), Ok(()));
        assert_eq!(refusal(json!({"n": 1.5})), ("n".into(), "1.5 is not of type integer".into()));
        assert_eq!(refusal(json!({"n": 1, "s": 2})), ("s".into(), "2 is not of type string or null".into()));
        assert_eq!(refusal(json!({"s": ""})), (String::new(), "the key `n` is missing".into()));
        let (key, message) = refusal(json!({"m": 1}));
        assert_eq!(
            (key.as_str(), message.as_str()),
            ("m", "unknown key `m` of this stage; it has `n`, `s`, `x`")
        );
        assert_eq!(check(&json!({"any": 1}), &Value::Null), Ok(()));
    }
}
