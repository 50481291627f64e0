//! Documents: text that people write, and diagnostics that point at line and column.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::DeserializeOwned;
pub use toml::Spanned;

pub use crate::configure::{Diagnostic, Document, Severity};
use crate::number::{self, Day, Exact};
use crate::words::{Basis, Citation, Confidence, Edition, Period};

/// A document under examination: collects what is wrong with it.
#[derive(Debug)]
pub struct Examined<'a> {
    path: &'a str,
    text: &'a str,
    /// What was found so far.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Examined<'a> {
    /// Nothing is wrong yet.
    #[must_use]
    pub fn new(document: &'a Document) -> Self {
        Self { path: &document.path, text: &document.text, diagnostics: Vec::new() }
    }

    /// Reads the document as `T`; what cannot be read becomes a diagnostic.
    pub fn parse<T: DeserializeOwned>(&mut self) -> Option<T> {
        match toml::from_str(self.text) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = error.message().replace('\n', " ");
                let (message, help) = match message.split_once(", expected ") {
                    Some((what, accepted)) => {
                        (what.to_owned(), Some(format!("accepted: {}", accepted.trim_start_matches("one of "))))
                    }
                    None => (message, None),
                };
                self.report(Severity::Error, error.span().unwrap_or(0..0), message, help);
                None
            }
        }
    }

    /// Something must be put right at `span`.
    pub fn error(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.report(Severity::Error, span, message.into(), help.into());
    }

    /// Something deserves a look at `span`.
    pub fn warn(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.report(Severity::Warning, span, message.into(), help.into());
    }

    /// Whether anything must be put right.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }

    fn report(&mut self, severity: Severity, span: Range<usize>, message: String, help: Option<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.diagnostics.push(Diagnostic {
            path: self.path.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            severity,
            message,
            help,
        });
    }
}

/// How well a row is known, as documents write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The source's text was read.
    Sourced,
    /// Follows from a sourced row; the row itself was not seen.
    Inferred,
    /// Arithmetic on sourced facts.
    Derived,
    /// Background knowledge, not read.
    Recalled,
    /// Not found, or contradictory.
    Unknown,
}

impl From<Trust> for Confidence {
    fn from(trust: Trust) -> Self {
        match trust {
            Trust::Sourced => Self::Sourced,
            Trust::Inferred => Self::Inferred,
            Trust::Derived => Self::Derived,
            Trust::Recalled => Self::Recalled,
            Trust::Unknown => Self::Unknown,
        }
    }
}

/// What kind of text a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Prescribing information, or a copy or summary of it.
    Label,
    /// A clinical guideline.
    Guideline,
    /// A published study or review.
    Literature,
    /// A payer's published policy.
    Policy,
    /// Law, regulation or programme manual.
    Regulation,
    /// A published code list.
    CodeTable,
    /// Arithmetic on cited rules.
    Arithmetic,
}

impl From<Kind> for Basis {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Label => Self::Label,
            Kind::Guideline => Self::Guideline,
            Kind::Literature => Self::Literature,
            Kind::Policy => Self::Policy,
            Kind::Regulation => Self::Regulation,
            Kind::CodeTable => Self::CodeTable,
            Kind::Arithmetic => Self::Arithmetic,
        }
    }
}

/// Where a rule was read.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// Title, as the source gives it.
    pub title: String,
    /// Where to read it.
    pub url: Option<String>,
    /// Section, table or page.
    #[serde(default)]
    pub section: String,
    /// What kind of text it is.
    pub basis: Kind,
    /// The day it was read.
    pub read: Option<String>,
}

/// The sources of a document, by key.
pub type Sources = BTreeMap<String, Source>;

/// The source and the trust of one row. Every row of a document carries one.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cite {
    /// Keys of `[sources]`.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub source: Spanned<Vec<String>>,
    /// How well the row is known.
    pub confidence: Trust,
    /// A finer place than the source's own section.
    pub section: Option<String>,
}

impl Cite {
    /// The citations of the row; a key that is not a source becomes a diagnostic.
    pub fn resolve(&self, sources: &Sources, edition: &str, examined: &mut Examined<'_>) -> Vec<Citation> {
        let span = self.source.span();
        if self.source.get_ref().is_empty() && self.confidence == Trust::Sourced {
            examined.error(
                span.clone(),
                "a sourced row names no source",
                Some("name a key of [sources], or say `recalled`".to_owned()),
            );
        }
        self.source
            .get_ref()
            .iter()
            .filter_map(|key| {
                let Some(source) = sources.get(key) else {
                    let known = sources.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    examined.error(
                        span.clone(),
                        format!("`{key}` is not a source of this document"),
                        Some(format!("accepted: {known}")),
                    );
                    return None;
                };
                Some(Citation {
                    document: source.title.clone(),
                    edition: edition.to_owned(),
                    section: self.section.clone().unwrap_or_else(|| source.section.clone()),
                    url: source.url.clone(),
                    basis: source.basis.into(),
                    confidence: self.confidence.into(),
                })
            })
            .collect()
    }
}

/// A number as documents write it: `4`, `1.5` or `"0.16"`. It is read exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub Exact);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number such as 4, 1.5 or \"0.16\"")
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value.into()))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value.into()))
            }

            // The shortest text of a float is what was written.
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Number, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Number, E> {
                value.parse().map(Number).map_err(|_| E::custom(format!("`{value}` is not a number")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["number", "string"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$" })
    }
}

/// A day as documents write it: `"2026-03-05"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub Day);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        number::day(&text).map(Date).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

/// The dates of service an edition governs: from its own first day to the day before the next edition.
#[derive(Debug, Clone)]
pub struct Dated<T> {
    /// The edition as answers name it.
    pub edition: Edition,
    /// First day it governs.
    pub first: Day,
    /// Last day it governs, when there is one.
    pub last: Option<Day>,
    /// What it says.
    pub content: T,
}

impl<T> Dated<T> {
    /// An edition that governs from `first` to `last`.
    #[must_use]
    pub fn new(id: &str, document: &str, first: Day, last: Option<Day>, content: T) -> Self {
        let effective = Period { first: Some(first.to_string()), last: last.map(|day| day.to_string()) };
        Self { edition: Edition { id: id.to_owned(), document: document.to_owned(), effective }, first, last, content }
    }

    /// Whether it governs services on `on`.
    #[must_use]
    pub fn governs(&self, on: Day) -> bool {
        self.first <= on && self.last.is_none_or(|last| on <= last)
    }
}

/// Ends each edition the day before the next one begins, unless it ends sooner by itself. Two editions that begin
/// on one day are an error of the second.
///
/// # Errors
/// The day on which two editions begin.
pub fn succeed<T>(editions: &mut [Dated<T>]) -> Result<(), Day> {
    editions.sort_by_key(|edition| edition.first);
    let firsts: Vec<Day> = editions.iter().map(|edition| edition.first).collect();
    for (edition, next) in editions.iter_mut().zip(firsts.iter().skip(1)) {
        if edition.first == *next {
            return Err(*next);
        }
        let eve = number::plus(*next, -1);
        let last = edition.last.map_or(eve, |own| own.min(eve));
        edition.last = Some(last);
        edition.edition.effective.last = Some(last.to_string());
    }
    Ok(())
}
