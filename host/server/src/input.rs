//! Reading what people hand in: JSON or TOML. What cannot be read is told by place and by what is expected; what was
//! written there is not repeated, because it may be about a patient.

use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path as Trail, Segment};
use toml::de::{DeTable, DeValue};

use crate::authoring::manifest::place;

/// Something that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadInput {
    /// Where: a JSON pointer. Empty for the whole.
    pub pointer: String,
    /// Where in the text: line and column, from 1.
    pub place: Option<(u32, u32)>,
    /// What is wrong, or what is expected.
    pub reason: String,
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.pointer.is_empty() {
            write!(f, "`{}`: ", self.pointer)?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for BadInput {}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

impl Format {
    /// TOML for `*.toml`, JSON for everything else.
    pub fn of(path: &Path) -> Self {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            Self::Toml
        } else {
            Self::Json
        }
    }
}

/// Reads a text.
pub fn read<T: DeserializeOwned>(text: &[u8], format: Format) -> Result<T, BadInput> {
    match format {
        Format::Json => from_json(text),
        Format::Toml => {
            let text = std::str::from_utf8(text).map_err(|_| BadInput {
                pointer: String::new(),
                place: None,
                reason: "it is not text in UTF-8".to_owned(),
            })?;
            from_toml(text)
        }
    }
}

/// Reads JSON.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, BadInput> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| misfit(error.path(), error.inner()))?;
    reader.end().map_err(|error| misfit_without_path(&error))?;
    Ok(value)
}

/// Reads TOML. Its dates are read as the texts they look like.
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, BadInput> {
    let table = DeTable::parse(text).map_err(|error| BadInput {
        pointer: String::new(),
        place: Some(place(text, error.span().map_or(0, |span| span.start))),
        reason: harmless(error.message()),
    })?;
    let value = json_of_table(table.get_ref());
    from_value(value).map_err(|bad| BadInput {
        place: span_of(table.get_ref(), &bad.pointer).map(|start| place(text, start)),
        ..bad
    })
}

/// Reads a value already taken apart.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, BadInput> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| BadInput { place: None, ..misfit(error.path(), error.inner()) })
}

/// Line and column of the value at a pointer, in a TOML text.
pub fn place_of(text: &str, pointer: &str) -> Option<(u32, u32)> {
    let table = DeTable::parse(text).ok()?;
    span_of(table.get_ref(), pointer).map(|start| place(text, start))
}

fn misfit(path: &Trail, error: &serde_json::Error) -> BadInput {
    let mut bad = misfit_without_path(error);
    if error.is_data() {
        bad.pointer = pointer(path);
    }
    bad
}

fn misfit_without_path(error: &serde_json::Error) -> BadInput {
    let place = (error.line() > 0)
        .then(|| (u32::try_from(error.line()).unwrap_or(u32::MAX), u32::try_from(error.column()).unwrap_or(u32::MAX)));
    let text = error.to_string();
    let text = text.rfind(" at line ").and_then(|at| text.get(..at)).unwrap_or(&text);
    let reason = if error.is_data() { harmless(text) } else { text.to_owned() };
    BadInput { pointer: String::new(), place, reason }
}

fn pointer(path: &Trail) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { variant } => pointer.push_str(&format!("/{}", escaped(variant))),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// A key as pointers write it. A key that is no identifier may be content, and is not repeated.
fn escaped(key: &str) -> &str {
    if is_code(key) { key } else { "?" }
}

/// A reader's message without what was read.
fn harmless(message: &str) -> String {
    let message = message.replace('\n', " ");
    for found in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = message.strip_prefix(found)
            && let Some((what, expected)) = rest.split_once(", expected ")
        {
            const KINDS: [&str; 8] =
                ["string", "integer", "floating point", "boolean", "null", "map", "sequence", "unit value"];
            let kind = KINDS.into_iter().find(|kind| what.starts_with(kind));
            return kind
                .map_or_else(|| format!("expected {expected}"), |kind| format!("found {kind}, expected {expected}"));
        }
    }
    // Names of fields and codes may be told, and the tokens of dates and numbers; nothing else that was read.
    let mut parts = message.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut quoted = true;
    for part in parts {
        if !quoted {
            text.push_str(part);
        } else if is_code(part) || is_number_like(part) || !text.is_empty() && text.contains("expected") {
            text.push_str(&format!("`{part}`"));
        } else {
            text.push_str("the value");
        }
        quoted = !quoted;
    }
    text
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 40
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
}

fn is_number_like(text: &str) -> bool {
    text.len() <= 40
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b':' | b'.' | b'T' | b'Z'))
}

fn json_of_table(table: &DeTable<'_>) -> Value {
    Value::Object(table.iter().map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref()))).collect())
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => integer_of(integer.as_str(), integer.radix()),
        DeValue::Float(float) => {
            let written = float.as_str().replace('_', "");
            written.parse().ok().and_then(serde_json::Number::from_f64).map_or(Value::String(written), Value::Number)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json_of(item.get_ref())).collect()),
        DeValue::Table(table) => json_of_table(table),
    }
}

fn integer_of(digits: &str, radix: u32) -> Value {
    let digits = digits.replace('_', "");
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    i64::from_str_radix(digits, radix).map_or_else(|_| Value::String(digits.to_owned()), Value::from)
}

/// Where in the text the value at a pointer begins: as near as the text has it.
fn span_of(table: &DeTable<'_>, pointer: &str) -> Option<usize> {
    let mut parts = pointer.split('/').skip(1);
    let first = parts.next()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    let mut start = key.span().start;
    let mut value = value;
    for part in parts {
        let next = match value.get_ref() {
            DeValue::Array(items) => {
                part.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (item.span().start, item))
            }
            DeValue::Table(table) => {
                table.iter().find(|(key, _)| key.get_ref() == part).map(|(key, value)| (key.span().start, value))
            }
            _ => None,
        };
        let Some((at, inner)) = next else { break };
        start = at;
        value = inner;
    }
    Some(start)
}

#[cfg(test)]
mod tests {
    use paratope_domain::product::PlanRequest;

    use super::*;

    const GOOD: &str = r#"{"indication":"rrmm","regimen":"mono","start":"2026-11-23","doses":4,
        "facts":[{"code":"weight","value":{"quantity":{"value":"70","unit":"kg"}}}]}"#;

    fn bad(from: &str, to: &str) -> BadInput {
        assert!(GOOD.contains(from));
        from_json::<PlanRequest>(GOOD.replace(from, to).as_bytes()).unwrap_err()
    }

    #[test]
    fn a_wrong_value_is_told_by_pointer_and_never_repeated() {
        let found = bad("\"70\"", "\"Jane Doe\"");
        assert_eq!(found.pointer, "/facts/0/value/quantity/value");
        assert!(!found.to_string().contains("Jane"), "{found}");
        let found = bad("4", "\"Jane Doe\"");
        assert_eq!((found.pointer.as_str(), found.reason.as_str()), ("/doses", "found string, expected u32"));
        let found = bad("\"2026-11-23\"", "\"Jane Doe\"");
        assert!(!found.to_string().contains("Jane"), "{found}");
        let found = bad("\"quantity\"", "\"Jane Doe\"");
        assert!(!found.to_string().contains("Jane"), "{found}");
    }

    #[test]
    fn an_impossible_date_is_named() {
        let found = bad("2026-11-23", "2026-02-30");
        assert_eq!(found.pointer, "/start");
        assert!(found.reason.contains("`2026-02-30`"), "{found}");
    }

    #[test]
    fn an_unknown_field_is_named_and_what_is_accepted() {
        let found = bad("\"regimen\"", "\"regime\"");
        assert_eq!(found.pointer, "/regime");
        assert!(found.reason.contains("`regimen`"), "{found}");
    }

    #[test]
    fn broken_json_is_told_by_line_and_column() {
        let found = from_json::<PlanRequest>(b"{\n  \"doses\": ,\n}").unwrap_err();
        assert_eq!((found.place, found.reason.as_str()), (Some((2, 12)), "expected value"));
        assert!(from_json::<PlanRequest>(format!("{GOOD} x").as_bytes()).is_err());
    }

    #[test]
    fn toml_is_told_by_line_and_column_and_its_dates_are_days() {
        let good = "indication = \"rrmm\"\nregimen = \"mono\"\nstart = 2026-11-23\ndoses = 4\n\
            [[facts]]\ncode = \"weight\"\nvalue = { quantity = { value = 70.5, unit = \"kg\" } }\n";
        let request: PlanRequest = from_toml(good).unwrap();
        assert_eq!(request.start.to_string(), "2026-11-23");
        let found = from_toml::<PlanRequest>(&good.replace("70.5", "\"x y\"")).unwrap_err();
        assert_eq!((found.pointer.as_str(), found.place), ("/facts/0/value/quantity/value", Some((7, 24))));
        let found = from_toml::<PlanRequest>(&good.replace("doses", "dose")).unwrap_err();
        assert_eq!((found.pointer.as_str(), found.place), ("/dose", Some((4, 1))));
        assert_eq!(from_toml::<PlanRequest>("start = = 1").unwrap_err().place, Some((1, 9)));
    }
}
