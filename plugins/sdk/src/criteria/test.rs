//! From what a document writes to a rule that can be judged.

use std::collections::BTreeSet;

use super::{Citation, Criterion, Day, Exact, Examined, KINDS, Sources, Test, facts};
use crate::facts::Kind;

/// A checked criterion.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// What it asks.
    pub text: String,
    pub(super) citations: Vec<Citation>,
    pub(super) when: Option<Check>,
    pub(super) body: Body,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Check(Check),
    All(Vec<Rule>),
    Any(Vec<Rule>),
    None(Vec<Rule>),
    AtLeast(usize, Vec<Rule>),
}

/// A checked test on one fact.
#[derive(Debug, Clone)]
pub struct Check {
    pub(super) fact: String,
    pub(super) comparison: Comparison,
    pub(super) fresh: Option<u32>,
    pub(super) ambiguous_boundary: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Comparison {
    Is(bool),
    AtLeast(Exact),
    AtMost(Exact),
    MoreThan(Exact),
    LessThan(Exact),
    OneOf(Vec<String>),
    NotOneOf(Vec<String>),
    IncludesAll(Vec<String>),
    IncludesAny(Vec<String>),
    IncludesNone(Vec<String>),
    Only(Vec<String>),
    Attests(String),
    Known,
    OnOrAfter(Day),
    OnOrBefore(Day),
    WithinDays(u32),
}

/// What the request itself says, tested as `request.…`.
pub(super) const ASKED: &[(&str, Kind)] = &[
    ("request.line-of-business", Kind::Code),
    ("request.group", Kind::Code),
    ("request.state", Kind::Code),
    ("request.delegate", Kind::Code),
    ("request.funding", Kind::Code),
    ("request.product", Kind::Code),
    ("request.indication", Kind::Code),
    ("request.regimen", Kind::Code),
    ("request.stage", Kind::Code),
    ("request.phase", Kind::Code),
    ("request.presentation", Kind::Code),
    ("request.phases", Kind::Codes),
    ("request.phase-kinds", Kind::Codes),
    ("request.settings", Kind::Codes),
    ("request.diagnosis", Kind::Codes),
    ("request.use-for", Kind::Code),
    ("request.channel", Kind::Code),
    ("request.emergency", Kind::Flag),
    ("request.service-day", Kind::Day),
    ("request.code", Kind::Code),
    ("request.ndc", Kind::Code),
];

pub(super) fn compile(
    criterion: &Criterion,
    inherited: &[Citation],
    sources: &Sources,
    edition: &str,
    seen: &mut BTreeSet<String>,
    examined: &mut Examined<'_>,
) -> Option<Rule> {
    let id = criterion.id.get_ref();
    if !seen.insert(id.clone()) {
        examined.error(
            criterion.id.span(),
            format!("the id `{id}` is used twice"),
            Some("ids are unique in a document".to_owned()),
        );
    }
    let kind = criterion.kind.get_ref();
    if !KINDS.contains(&kind.as_str()) {
        let near = KINDS.iter().min_by_key(|known| facts::distance(known, kind)).copied().unwrap_or_default();
        examined.error(
            criterion.kind.span(),
            format!("`{kind}` is not a kind of criterion; did you mean `{near}`?"),
            Some(format!("accepted: {}", KINDS.join(", "))),
        );
    }
    let citations = match &criterion.cite {
        Some(cite) => cite.resolve(sources, edition, examined),
        None => {
            if inherited.is_empty() {
                examined.error(
                    criterion.id.span(),
                    format!("`{id}` names no source"),
                    Some("add cite = { source = [\"…\"], confidence = \"sourced\" }".to_owned()),
                );
            }
            inherited.to_vec()
        }
    };
    let when = match &criterion.when {
        Some(test) => Some(check(test, examined)?),
        None => None,
    };
    let mut parts = |list: &[Criterion], examined: &mut Examined<'_>| -> Vec<Rule> {
        if list.is_empty() {
            examined.error(
                criterion.id.span(),
                format!("the group `{id}` is empty"),
                Some("a group has at least one part".to_owned()),
            );
        }
        list.iter().filter_map(|part| compile(part, &citations, sources, edition, seen, examined)).collect()
    };
    let body = match (&criterion.requires, &criterion.all, &criterion.any, &criterion.none, &criterion.at_least) {
        (Some(test), None, None, None, None) => Body::Check(check(test, examined)?),
        (None, Some(list), None, None, None) => Body::All(parts(list, examined)),
        (None, None, Some(list), None, None) => Body::Any(parts(list, examined)),
        (None, None, None, Some(list), None) => Body::None(parts(list, examined)),
        (None, None, None, None, Some(at_least)) => {
            let count = usize::try_from(*at_least.count.get_ref()).unwrap_or(usize::MAX);
            if count == 0 || count > at_least.of.len() {
                examined.error(
                    at_least.count.span(),
                    format!("{count} of {} parts", at_least.of.len()),
                    Some("from 1 to the number of parts".to_owned()),
                );
            }
            Body::AtLeast(count, parts(&at_least.of, examined))
        }
        _ => {
            examined.error(
                criterion.id.span(),
                format!("`{id}` needs exactly one of requires, all, any, none, at-least"),
                None,
            );
            return None;
        }
    };
    Some(Rule { id: id.clone(), kind: kind.clone(), text: criterion.text.clone(), citations, when, body })
}

/// Checks one test: the fact exists, and its comparison fits its type.
pub(super) fn check(test: &Test, examined: &mut Examined<'_>) -> Option<Check> {
    let fact = test.fact.get_ref();
    let span = test.fact.span();
    let (kind, values) = if let Some((_, kind)) = ASKED.iter().find(|(name, _)| name == fact) {
        (*kind, &[][..])
    } else if let Some(entry) = facts::definition(fact) {
        (entry.kind, entry.values)
    } else {
        examined.error(
            span,
            format!("no such fact: `{fact}`"),
            Some(format!("did you mean `{}`? The vocabulary is wit/facts.toml", facts::nearest(fact))),
        );
        return None;
    };
    let mut found = comparisons(test);
    let (name, comparison) = match (found.pop(), found.pop()) {
        (Some(one), None) => one,
        _ => {
            examined.error(span, format!("the test on `{fact}` needs exactly one comparison"), Some(accepted(kind)));
            return None;
        }
    };
    let fits = match comparison {
        Comparison::Is(_) => kind == Kind::Flag,
        Comparison::AtLeast(_) | Comparison::AtMost(_) | Comparison::MoreThan(_) | Comparison::LessThan(_) => {
            matches!(kind, Kind::Count | Kind::Quantity)
        }
        Comparison::OneOf(_) | Comparison::NotOneOf(_) => kind == Kind::Code,
        Comparison::IncludesAll(_) | Comparison::IncludesAny(_) | Comparison::IncludesNone(_) | Comparison::Only(_) => {
            kind == Kind::Codes
        }
        Comparison::Attests(_) => fact == "attestations",
        Comparison::Known => true,
        Comparison::OnOrAfter(_) | Comparison::OnOrBefore(_) | Comparison::WithinDays(_) => kind == Kind::Day,
    };
    if !fits {
        examined.error(
            span,
            format!("`{name}` does not fit `{fact}`, which is told as a {}", format!("{kind:?}").to_lowercase()),
            Some(accepted(kind)),
        );
        return None;
    }
    if let Some(wrong) = codes(&comparison).iter().find(|code| !values.is_empty() && !values.contains(&code.as_str())) {
        examined.error(
            span,
            format!("`{wrong}` is not a value of `{fact}`"),
            Some(format!("accepted: {}", values.join(", "))),
        );
        return None;
    }
    Some(Check { fact: fact.clone(), comparison, fresh: test.fresh_days, ambiguous_boundary: test.ambiguous_boundary })
}

fn comparisons(test: &Test) -> Vec<(&'static str, Comparison)> {
    let number = |value: &Option<crate::document::Number>| value.map(|number| number.0);
    [
        ("is", test.is.map(Comparison::Is)),
        ("at-least", number(&test.at_least).map(Comparison::AtLeast)),
        ("at-most", number(&test.at_most).map(Comparison::AtMost)),
        ("more-than", number(&test.more_than).map(Comparison::MoreThan)),
        ("less-than", number(&test.less_than).map(Comparison::LessThan)),
        ("one-of", test.one_of.clone().map(Comparison::OneOf)),
        ("not-one-of", test.not_one_of.clone().map(Comparison::NotOneOf)),
        ("includes-all", test.includes_all.clone().map(Comparison::IncludesAll)),
        ("includes-any", test.includes_any.clone().map(Comparison::IncludesAny)),
        ("includes-none", test.includes_none.clone().map(Comparison::IncludesNone)),
        ("only", test.only.clone().map(Comparison::Only)),
        ("attests", test.attests.clone().map(Comparison::Attests)),
        ("known", test.known.filter(|known| *known).map(|_| Comparison::Known)),
        ("on-or-after", test.on_or_after.map(|day| Comparison::OnOrAfter(day.0))),
        ("on-or-before", test.on_or_before.map(|day| Comparison::OnOrBefore(day.0))),
        ("within-days", test.within_days.map(Comparison::WithinDays)),
    ]
    .into_iter()
    .filter_map(|(name, comparison)| comparison.map(|comparison| (name, comparison)))
    .collect()
}

fn accepted(kind: Kind) -> String {
    let names = match kind {
        Kind::Flag => "is",
        Kind::Count | Kind::Quantity => "at-least, at-most, more-than, less-than",
        Kind::Code => "one-of, not-one-of",
        Kind::Codes => "includes-all, includes-any, includes-none, only; attests for `attestations`",
        Kind::Day => "on-or-after, on-or-before, within-days",
        Kind::Text => "nothing: words are evidence, no rule reads them",
    };
    format!("accepted: {names}; known = true for any")
}

fn codes(comparison: &Comparison) -> &[String] {
    match comparison {
        Comparison::OneOf(codes)
        | Comparison::NotOneOf(codes)
        | Comparison::IncludesAll(codes)
        | Comparison::IncludesAny(codes)
        | Comparison::IncludesNone(codes)
        | Comparison::Only(codes) => codes,
        _ => &[],
    }
}

/// Checks a single test written outside a criterion, such as the condition of a phase.
pub fn condition(test: &Test, examined: &mut Examined<'_>) -> Option<Check> {
    check(test, examined)
}
