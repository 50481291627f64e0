//! One case: a request, and the part of the answer that must be given.

use toml::{Table, Value};

mod ask;
mod tell;

pub use ask::Request;
pub use tell::value;

/// The answer, as text, and what is wrong with it.
///
/// `answer` is given the function's name and the request; its answers and errors come by way of [`value`].
pub fn judge(case: &Table, answer: impl Fn(&str, &Request<'_>) -> Result<Value, Value>) -> (String, Vec<String>) {
    let answer = answer(case["function"].as_str().unwrap(), &Request(&case["request"]));
    let mut problems = Vec::new();
    let text = match (&answer, case.get("expect"), case.get("expect-error")) {
        (Ok(answer), Some(expected), None) => {
            compare(expected, answer, "", &mut problems);
            toml::to_string(answer).unwrap()
        }
        (Err(error), None, Some(expected)) => {
            for (kind, part) in expected.as_table().unwrap() {
                let told = error.get(kind).and_then(Value::as_str).unwrap_or_default();
                if !told.contains(part.as_str().unwrap()) || told.is_empty() {
                    problems.push(format!("expected {kind} with {part}"));
                }
            }
            error.to_string()
        }
        (Ok(answer), ..) => {
            problems.push("an answer, where an error was expected".to_owned());
            toml::to_string(answer).unwrap()
        }
        (Err(error), ..) => {
            problems.push("an error, where an answer was expected".to_owned());
            error.to_string()
        }
    };
    (text, problems)
}

/// Tables match by their keys; a list matches when each expected element matches some element, in order.
fn compare(expected: &Value, actual: &Value, at: &str, problems: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Table(wanted), Value::Table(had)) => {
            for (key, value) in wanted {
                let at = format!("{at}.{key}");
                match had.get(key) {
                    Some(had) => compare(value, had, &at, problems),
                    None => problems.push(format!("{at}: nothing, expected {value}")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(had)) => {
            let mut left = had.iter();
            for (number, value) in wanted.iter().enumerate() {
                let found = left.any(|had| {
                    let mut ignored = Vec::new();
                    compare(value, had, "", &mut ignored);
                    ignored.is_empty()
                });
                if !found {
                    problems.push(format!("{at}[{number}]: no element in order matches {value}"));
                }
            }
            if wanted.is_empty() && !had.is_empty() {
                problems.push(format!("{at}: {} elements, expected none", had.len()));
            }
        }
        (wanted, had) if wanted == had => {}
        (wanted, had) => problems.push(format!("{at}: {had}, expected {wanted}")),
    }
}
