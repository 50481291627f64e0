//! Cases: a request and the answer it must give, beside the documents. They run against the built component.

use std::fmt::Write as _;

use paratope_domain::Decimal;
use paratope_runtime::{Diagnostic, Plugin, Severity};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::manifest::{of_toml, place};
use crate::function::{Answer, Function, Request};
use crate::input;

/// A case, read.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file it was read from.
    pub path: String,
    /// What it shows.
    pub description: String,
    request: Asked,
    expected: Expected,
}

#[derive(Debug, Clone)]
enum Asked {
    /// A request the plugin is called with.
    Plugin(Request),
    /// A request that no plugin sees: the host refuses it, as a case may expect.
    Refused(Function, String),
}

#[derive(Debug, Clone)]
enum Expected {
    /// The answer has at least this.
    Answer(Value),
    /// There is no answer: the error's variant, and what its message contains.
    Error(String, String),
}

/// As a case is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    description: String,
    function: String,
    request: Value,
    expect: Option<Value>,
    expect_error: Option<Map<String, Value>>,
}

/// Where an answer is not what a case expects.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Where in the answer.
    pub path: String,
    /// What the case expects there.
    pub expected: String,
    /// What the answer has there.
    pub found: String,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// What must be put right, with line and column.
    pub fn parse(path: &str, text: &str) -> Result<Self, Diagnostic> {
        if let Err(error) = toml::de::DeTable::parse(text) {
            return Err(of_toml(path, text, &error));
        }
        let at = |place: Option<(u32, u32)>, message: String, help: Option<String>| {
            let (line, column) = place.unwrap_or((1, 1));
            Diagnostic { path: path.to_owned(), line, column, severity: Severity::Error, message, help }
        };
        let written: Written = input::from_toml(text).map_err(|bad| at(bad.place, said(&bad), None))?;
        let line_of = |key: &str| text.find(key).map(|byte| place(text, byte));
        let function: Function = written.function.parse().map_err(|error: crate::function::UnknownFunction| {
            at(line_of("function"), format!("`{}` is no function", written.function), Some(error.to_string()))
        })?;
        let expected = match (written.expect, written.expect_error) {
            (Some(answer), None) => Expected::Answer(answer),
            (None, Some(error)) => one_error(error).map_err(|message| {
                let help = "one of bad-request, outside-label, no-policy, other, with a text".to_owned();
                at(line_of("expect-error"), message, Some(help))
            })?,
            _ => {
                let message = "a case expects an answer or an error".to_owned();
                return Err(at(None, message, Some("one of [expect] and [expect-error]".to_owned())));
            }
        };
        let request = match (function.read(written.request), &expected) {
            (Ok(request), _) => Asked::Plugin(request),
            (Err(bad), Expected::Error(variant, _)) if variant == "bad-request" => Asked::Refused(function, said(&bad)),
            (Err(bad), _) => return Err(at(line_within_request(text, &bad.pointer), said(&bad), None)),
        };
        Ok(Self { path: path.to_owned(), description: written.description, request, expected })
    }

    /// What the plugin is asked. `None` where the host refuses in its place.
    pub fn request(&self) -> Option<&Request> {
        match &self.request {
            Asked::Plugin(request) => Some(request),
            Asked::Refused(..) => None,
        }
    }

    /// Runs the case.
    ///
    /// # Errors
    /// The first difference.
    pub fn run(&self, plugin: &Plugin) -> Result<(), Difference> {
        let difference =
            |path: &str, expected: String, found: String| Err(Difference { path: path.to_owned(), expected, found });
        let (function, called) = match &self.request {
            Asked::Plugin(request) => (request.function(), request.call(plugin)),
            Asked::Refused(function, reason) => (*function, Some(Answer::refused(reason))),
        };
        let answer = match called {
            None => {
                let found = format!("a {} plugin, which has {}", plugin.kind(), Function::names(plugin.kind()));
                return difference("", format!("a plugin with `{function}`"), found);
            }
            Some(Err(error)) => return difference("", "an answer".to_owned(), error.to_string()),
            Some(Ok(answer)) => answer,
        };
        let found: Value = serde_json::from_str(answer.text()).unwrap_or_default();
        match (&self.expected, answer) {
            (Expected::Answer(expected), Answer::Ok(_)) => {
                differences(expected, &found, String::new()).into_iter().next().map_or(Ok(()), Err)
            }
            (Expected::Answer(_), _) => difference("", "an answer".to_owned(), format!("the error {}", short(&found))),
            (Expected::Error(variant, _), Answer::Ok(_)) => {
                difference("", format!("the error `{variant}`"), "an answer".to_owned())
            }
            (Expected::Error(variant, text), _) => {
                let message = found.get(variant).and_then(Value::as_str);
                match message {
                    Some(message) if message.contains(text) => Ok(()),
                    Some(message) => difference(variant, format!("a message with `{text}`"), format!("`{message}`")),
                    None => difference("", format!("the error `{variant}`"), format!("the error {}", short(&found))),
                }
            }
        }
    }
}

fn said(bad: &input::BadInput) -> String {
    if bad.pointer.is_empty() { bad.reason.clone() } else { format!("`{}`: {}", bad.pointer, bad.reason) }
}

fn line_within_request(text: &str, pointer: &str) -> Option<(u32, u32)> {
    input::place_of(text, &format!("/request{pointer}"))
}

fn one_error(error: Map<String, Value>) -> Result<Expected, String> {
    const VARIANTS: [&str; 4] = ["bad-request", "outside-label", "no-policy", "other"];
    let mut entries = error.into_iter();
    let (Some((variant, text)), None) = (entries.next(), entries.next()) else {
        return Err("an expected error has one variant".to_owned());
    };
    match text {
        Value::String(text) if VARIANTS.contains(&variant.as_str()) => Ok(Expected::Error(variant, text)),
        _ => Err(format!("`{variant}` is no error of a contract, or has no text")),
    }
}

/// Everything `expected` asks for that `found` does not have.
///
/// Tables may have more than is expected. A list has the expected elements in their order, and others between them;
/// an empty list has none.
fn differences(expected: &Value, found: &Value, path: String) -> Vec<Difference> {
    let here = |expected: String, found: String| vec![Difference { path: path.clone(), expected, found }];
    match (expected, found) {
        (Value::Object(wanted), Value::Object(had)) => wanted
            .iter()
            .flat_map(|(key, value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match had.get(key) {
                    Some(found) => differences(value, found, path),
                    None => vec![Difference { path, expected: short(value), found: "nothing".to_owned() }],
                }
            })
            .collect(),
        (Value::Array(wanted), Value::Array(had)) if wanted.is_empty() && !had.is_empty() => here(
            "an empty list".to_owned(),
            format!("{} elements, first {}", had.len(), had.first().map_or_else(String::new, short)),
        ),
        (Value::Array(wanted), Value::Array(had)) => in_order(wanted, had, &path),
        _ if same(expected, found) => Vec::new(),
        _ => here(short(expected), short(found)),
    }
}

/// Finds each wanted element after the one before it. The first that is not there is told by the element most like it.
fn in_order(wanted: &[Value], had: &[Value], path: &str) -> Vec<Difference> {
    let mut from = 0;
    for (at, value) in wanted.iter().enumerate() {
        let candidates = || had.iter().enumerate().skip(from);
        let matching = candidates().find(|(_, found)| differences(value, found, String::new()).is_empty());
        if let Some((place, _)) = matching {
            from = place + 1;
            continue;
        }
        let nearest = candidates()
            .map(|(place, found)| differences(value, found, format!("{path}[{place}]")))
            .min_by_key(Vec::len);
        return match nearest {
            Some(nearest) if value.is_object() => nearest,
            _ => {
                let found = if from >= had.len() {
                    format!("no element after {}", had.len())
                } else {
                    format!("none such in {}", short(&Value::Array(had.to_vec())))
                };
                vec![Difference { path: format!("{path}[{at}]"), expected: short(value), found }]
            }
        };
    }
    Vec::new()
}

/// Answers write decimals as text; a case may write them as numbers.
fn same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(number), Value::String(text)) => {
            let wanted = number.to_string().parse::<Decimal>();
            wanted.is_ok() && wanted == text.parse::<Decimal>()
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => expected == found,
    }
}

fn short(value: &Value) -> String {
    const SHOWN: usize = 300;
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let mut cut: String = text.chars().take(SHOWN).collect();
    let _ = write!(cut, "... ({} bytes)", text.len());
    cut
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(expected: &Value, found: &Value) -> Option<Difference> {
        differences(expected, found, String::new()).into_iter().next()
    }

    #[test]
    fn tables_may_have_more_than_is_expected() {
        let found = json!({ "a": 1, "b": { "c": "x", "d": "0.16" } });
        assert_eq!(first(&json!({}), &found), None);
        assert_eq!(first(&json!({ "b": { "c": "x" } }), &found), None);
        assert_eq!(first(&json!({ "b": { "d": 0.16 } }), &found), None);
        let difference = first(&json!({ "b": { "c": "y" } }), &found).unwrap();
        assert_eq!(
            (difference.path.as_str(), difference.expected.as_str(), difference.found.as_str()),
            ("b.c", "\"y\"", "\"x\"")
        );
        assert_eq!(first(&json!({ "e": 1 }), &found).unwrap().found, "nothing");
    }

    #[test]
    fn lists_match_in_order() {
        let found = json!([{ "n": 1, "p": "a" }, { "n": 2, "p": "b" }, { "n": 3, "p": "a" }]);
        assert_eq!(first(&json!([{ "p": "a" }, { "p": "a" }]), &found), None);
        assert_eq!(first(&json!([{ "n": 2 }]), &found), None);
        assert!(first(&json!([{ "n": 2 }, { "n": 1 }]), &found).is_some());
        let difference = first(&json!([{ "n": 2, "p": "z" }]), &found).unwrap();
        assert_eq!((difference.path.as_str(), difference.found.as_str()), ("[1].p", "\"b\""));
        assert!(first(&json!([{}, {}, {}, {}]), &found).unwrap().found.contains("no element"));
    }

    #[test]
    fn an_empty_list_matches_only_an_empty_list() {
        assert_eq!(first(&json!({ "a": [] }), &json!({ "a": [] })), None);
        assert!(first(&json!({ "a": [] }), &json!({ "a": [1] })).is_some());
    }

    #[test]
    fn a_case_that_cannot_be_read_is_told_by_line() {
        let text = "description = \"d\"\nfunction = \"profile\"\n[request]\nas-of = \"2026-02-30\"\n[expect]\n";
        let found = Case::parse("cases/a.toml", text).unwrap_err();
        assert_eq!((found.line, found.column), (4, 1));
        assert!(found.message.contains("/as-of"), "{found:?}");
        let found = Case::parse("cases/a.toml", &text.replace("profile", "profil")).unwrap_err();
        assert_eq!(found.line, 2);
        let found =
            Case::parse("cases/a.toml", &text.replace("02-30", "02-28").replace("expect", "expected")).unwrap_err();
        assert_eq!(found.line, 5);
    }
}
