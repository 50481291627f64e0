//! Facts: what is known about a case, and the vocabulary it is told in.
//!
//! Reading a fact has three ends: it is known, it is not known (and the answer says what is missing), or the request
//! is wrong. [`Facts::check`] settles the third once, at the start of a call.

use crate::number::{self, Day, Exact};
use crate::words::{Fact, FactValue, Need};

/// Which case of `fact-value` a fact uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// A whole number.
    Count,
    /// A measured amount.
    Quantity,
    /// One code.
    Code,
    /// A complete list of codes.
    Codes,
    /// A calendar day.
    Day,
    /// Words; no rule reads them.
    Text,
}

/// One entry of `wit/facts.toml`.
#[derive(Debug)]
pub struct Definition {
    /// The fact's name.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// Its unit, for quantities.
    pub unit: Option<&'static str>,
    /// Days for which it speaks after it was observed.
    pub fresh: Option<u32>,
    /// Codes that are accepted; empty for any.
    pub values: &'static [&'static str],
}

/// Typed accessors: `Some` when the fact is there, whatever its age.
pub mod known {
    use super::{Definition, Kind, read};
    use crate::number::{Day, Exact as Decimal};
    use crate::words::Fact;

    include!(concat!(env!("OUT_DIR"), "/facts.rs"));
}

pub use known::VOCABULARY;

/// The vocabulary's entry for `code`.
#[must_use]
pub fn definition(code: &str) -> Option<&'static Definition> {
    VOCABULARY.binary_search_by(|entry| entry.code.cmp(code)).ok().and_then(|at| VOCABULARY.get(at))
}

/// The code of the vocabulary that looks most like `code`, to help with a misspelling.
#[must_use]
pub fn nearest(code: &str) -> &'static str {
    VOCABULARY.iter().min_by_key(|entry| distance(entry.code, code)).map_or("age", |entry| entry.code)
}

/// Levenshtein distance.
#[must_use]
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        if let Some(first) = row.first_mut() {
            *first = previous;
        }
        for (cell, r) in row.iter_mut().skip(1).zip(&right) {
            let changed = diagonal + usize::from(l != *r);
            diagonal = *cell;
            previous = changed.min(previous + 1).min(*cell + 1);
            *cell = previous;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The value of a fact on a day, or what is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Known<'a> {
    /// It is known.
    Value(&'a FactValue),
    /// It is not: what is needed, and why.
    Missing(Need),
}

/// The value of a code that says that nobody has looked yet: told, and still unknown.
const NOT_ASSESSED: &str = "not-assessed";

/// The facts of one request, checked against the vocabulary.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    facts: &'a [Fact],
    as_of: Day,
}

impl<'a> Facts<'a> {
    /// Checks every fact: its code, its type, its unit, its values, its day.
    ///
    /// # Errors
    /// Where in the list the trouble is, what it is, and what would be accepted.
    pub fn check(facts: &'a [Fact], as_of: Day) -> Result<Self, String> {
        for (at, fact) in facts.iter().enumerate() {
            check_fact(fact).map_err(|why| format!("facts[{at}] `{}`: {why}", fact.code))?;
        }
        Ok(Self { facts, as_of })
    }

    /// The facts as they came.
    #[must_use]
    pub fn all(&self) -> &'a [Fact] {
        self.facts
    }

    /// The day they are read for.
    #[must_use]
    pub fn as_of(&self) -> Day {
        self.as_of
    }

    /// The value of `code` on the as-of day: the latest observed, if it still speaks. `fresh` shortens what the
    /// vocabulary allows.
    #[must_use]
    pub fn get(&self, code: &str, fresh: Option<u32>) -> Known<'a> {
        let missing = |reason: String| Known::Missing(Need { fact: code.to_owned(), reason });
        let limit = match (definition(code).and_then(|entry| entry.fresh), fresh) {
            (Some(general), Some(own)) => Some(general.min(own)),
            (general, own) => general.or(own),
        };
        let observed = |fact: &Fact| fact.observed_on.as_deref().and_then(|text| number::day(text).ok());
        let mut of_code = self.facts.iter().filter(|fact| fact.code == code).peekable();
        if of_code.peek().is_none() {
            return missing("not known".to_owned());
        }
        let Some(latest) =
            of_code.filter(|fact| observed(fact).is_none_or(|on| on <= self.as_of)).max_by_key(|fact| observed(fact))
        else {
            return missing(format!("known only for a day after {}", self.as_of));
        };
        let rival = self
            .facts
            .iter()
            .find(|fact| fact.code == code && fact.observed_on == latest.observed_on && fact.value != latest.value);
        if rival.is_some() {
            return missing("told twice, with different values".to_owned());
        }
        match (limit, observed(latest)) {
            (Some(limit), None) => {
                missing(format!("the day it was observed is missing, and it may be at most {limit} days old"))
            }
            (Some(limit), Some(on)) if number::days_between(on, self.as_of) > i64::from(limit) => {
                missing(format!("observed on {on}, more than {limit} days before {}", self.as_of))
            }
            _ if matches!(&latest.value, FactValue::Code(code) if code == NOT_ASSESSED) => {
                missing("not assessed yet".to_owned())
            }
            _ => Known::Value(&latest.value),
        }
    }
}

fn check_fact(fact: &Fact) -> Result<(), String> {
    let Some(entry) = definition(&fact.code) else {
        return Err(format!("no such fact; did you mean `{}`?", nearest(&fact.code)));
    };
    if let Some(on) = &fact.observed_on {
        number::day(on).map_err(|why| format!("observed-on: {why}"))?;
    }
    let known_value = |code: &String| {
        if entry.values.is_empty() || entry.values.contains(&code.as_str()) {
            Ok(())
        } else {
            Err(format!("`{code}` is not a value of it; accepted: {}", entry.values.join(", ")))
        }
    };
    match (entry.kind, &fact.value) {
        (Kind::Flag, FactValue::Flag(_)) | (Kind::Count, FactValue::Count(_)) | (Kind::Text, FactValue::Text(_)) => {
            Ok(())
        }
        (Kind::Code, FactValue::Code(code)) => known_value(code),
        (Kind::Codes, FactValue::Codes(codes)) => codes.iter().try_for_each(known_value),
        (Kind::Day, FactValue::Day(text)) => number::day(text).map(|_| ()),
        (Kind::Quantity, FactValue::Quantity(quantity)) => {
            let unit = entry.unit.unwrap_or_default();
            if quantity.unit != unit {
                return Err(format!("unit `{}`; it is told in `{unit}`", quantity.unit));
            }
            let value = number::exact(quantity.value)?;
            if value.is_sign_negative() && !value.is_zero() {
                return Err(format!("{value} {unit} is negative"));
            }
            absurd(&fact.code, value)
        }
        (kind, _) => Err(format!("it is told as a {}", format!("{kind:?}").to_lowercase())),
    }
}

/// Refuses what no person can be.
fn absurd(code: &str, value: Exact) -> Result<(), String> {
    let (low, high) = match code {
        "body-weight" => (Exact::ONE, Exact::new(500, 0)),
        "body-surface-area" => (Exact::new(1, 1), Exact::new(4, 0)),
        _ => return Ok(()),
    };
    if value < low || value > high { Err(format!("{value} is outside {low} to {high}")) } else { Ok(()) }
}

mod read {
    use super::{Day, Exact, Fact, FactValue, number};

    fn find<'a>(facts: &'a [Fact], code: &str) -> Option<&'a FactValue> {
        facts
            .iter()
            .filter(|fact| fact.code == code)
            .max_by(|a, b| a.observed_on.cmp(&b.observed_on))
            .map(|fact| &fact.value)
    }

    pub(super) fn flag(facts: &[Fact], code: &str) -> Option<bool> {
        if let FactValue::Flag(value) = find(facts, code)? { Some(*value) } else { None }
    }

    pub(super) fn count(facts: &[Fact], code: &str) -> Option<u32> {
        if let FactValue::Count(value) = find(facts, code)? { Some(*value) } else { None }
    }

    pub(super) fn quantity(facts: &[Fact], code: &str) -> Option<Exact> {
        if let FactValue::Quantity(value) = find(facts, code)? { number::exact(value.value).ok() } else { None }
    }

    pub(super) fn code<'a>(facts: &'a [Fact], code: &str) -> Option<&'a str> {
        if let FactValue::Code(value) = find(facts, code)? { Some(value) } else { None }
    }

    pub(super) fn codes<'a>(facts: &'a [Fact], code: &str) -> Option<&'a [String]> {
        if let FactValue::Codes(value) = find(facts, code)? { Some(value) } else { None }
    }

    pub(super) fn day(facts: &[Fact], code: &str) -> Option<Day> {
        if let FactValue::Day(value) = find(facts, code)? { number::day(value).ok() } else { None }
    }
}
