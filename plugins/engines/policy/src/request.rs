//! The request, read once: everything that cannot be is refused here, with the place it stands.

use paratope_sdk::criteria::Asked;
use paratope_sdk::facts::Facts;
use paratope_sdk::number::{self, Day, Exact};
use paratope_sdk::payer::{
    AssessRequest, BillingRequest, Coverage, Error, Exposure, PreferRequest, RequestLine, Stage,
};
use paratope_sdk::words::{Fact, PhaseKind};

use crate::compile::{CHANNELS, SETTINGS, is_code};

/// A request that makes sense.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub facts: Facts<'a>,
    pub asked: Asked,
    pub day: Day,
}

/// The doses of a request, and those before it.
#[derive(Debug)]
pub(crate) struct Doses<'a> {
    pub lines: Vec<Line<'a>>,
    /// Doses given before; `None` where they are not known.
    pub before: Option<Vec<Line<'a>>>,
}

/// One dose.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub of: &'a RequestLine,
    pub day: Day,
    /// The amount in milligrams, when it is told in a unit of mass.
    pub milligrams: Option<Exact>,
    /// Milligrams that the opened vials hold, when all of them are told.
    pub opened: Option<Exact>,
}

/// One former treatment.
#[derive(Debug)]
pub(crate) struct Treated<'a> {
    pub of: &'a Exposure,
    pub last: Option<Day>,
}

impl<'a> Case<'a> {
    pub fn assess(request: &'a AssessRequest) -> Result<(Self, Doses<'a>), Error> {
        let AssessRequest {
            coverage,
            service_day,
            product,
            indication,
            regimen,
            stage,
            diagnosis,
            lines,
            given,
            facts,
        } = request;
        let case = Self::new(coverage, service_day, facts)?;
        named("product", product)?;
        let lines = read_lines("lines", lines)?;
        if let Some(early) = lines.iter().position(|line| line.day < case.day) {
            return Err(bad(format!("lines[{early}].day: it is before the service day, {}", case.day)));
        }
        let before = match (given, stage) {
            (Some(given), _) => Some(read_lines("given", given)?),
            (None, Stage::Initial) => Some(Vec::new()),
            (None, Stage::Renewal) => None,
        };
        let first = lines.first().map_or(case.day, |line| line.day);
        if let Some(late) = before.iter().flatten().position(|dose| dose.day > first) {
            return Err(bad(format!("given[{late}].day: it is after the first dose of the request")));
        }
        let distinct = |words: Vec<&'a str>| -> std::collections::BTreeSet<&'a str> { words.into_iter().collect() };
        let mut asked = case
            .asked
            .code("request.product", product)
            .maybe("request.indication", indication.as_deref().and_then(filled))
            .maybe("request.use-for", indication.as_deref().and_then(filled))
            .maybe("request.regimen", regimen.as_deref().and_then(filled))
            .code("request.stage", self::stage(*stage));
        asked = with_diagnosis(asked, diagnosis)?;
        if !lines.is_empty() {
            asked = asked.codes("request.phases", distinct(lines.iter().map(|line| line.of.phase.as_str()).collect()));
            // What one dose does not tell is not known of all of them.
            if let Some(kinds) = lines.iter().map(|line| Some(kind(line.of.kind?))).collect() {
                asked = asked.codes("request.phase-kinds", distinct(kinds));
            }
            if let Some(settings) = lines.iter().map(|line| line.of.setting.as_deref()).collect() {
                asked = asked.codes("request.settings", distinct(settings));
            }
        }
        Ok((Self { asked, ..case }, Doses { lines, before }))
    }

    pub fn prefer(request: &'a PreferRequest) -> Result<(Self, Vec<Treated<'a>>), Error> {
        let case = Self::new(&request.coverage, &request.service_day, &request.facts)?;
        named("class", &request.class)?;
        let mut history = Vec::with_capacity(request.history.len());
        for (at, exposure) in request.history.iter().enumerate() {
            named(&format!("history[{at}].product"), &exposure.product)?;
            let last = exposure.last_day.as_deref().map(number::day).transpose();
            let last = last.map_err(|why| bad(format!("history[{at}].last-day: {why}")))?;
            if last.is_some_and(|last| last > case.day) {
                return Err(bad(format!("history[{at}].last-day: it is after the service day, {}", case.day)));
            }
            history.push(Treated { of: exposure, last });
        }
        let asked = case
            .asked
            .maybe("request.product", request.requested.as_deref())
            .maybe("request.stage", request.stage.map(stage))
            .maybe("request.presentation", request.presentation.as_deref())
            .maybe("request.use-for", filled(&request.use_for))
            .maybe("request.indication", filled(&request.use_for))
            .flag("request.emergency", request.emergency);
        Ok((Self { asked, ..case }, history))
    }

    pub fn billing(request: &'a BillingRequest) -> Result<Self, Error> {
        let case = Self::new(&request.coverage, &request.service_day, &request.facts)?;
        named("product", &request.product)?;
        one_of("setting", &request.setting, SETTINGS)?;
        if let Some(channel) = &request.channel {
            one_of("channel", channel, CHANNELS)?;
        }
        code("code", request.code.as_deref())?;
        if request.units == Some(0) {
            return Err(bad("units: 0; a dose is billed as one unit or more"));
        }
        let asked = case
            .asked
            .code("request.product", &request.product)
            .maybe("request.channel", request.channel.as_deref())
            .codes("request.settings", [request.setting.as_str()])
            .maybe("request.code", request.code.as_deref())
            .maybe("request.ndc", request.ndc.as_deref());
        Ok(Self { asked: with_diagnosis(asked, &request.diagnosis)?, ..case })
    }

    fn new(coverage: &Coverage, service_day: &str, facts: &'a [Fact]) -> Result<Self, Error> {
        let day = number::day(service_day).map_err(|why| bad(format!("service-day: {why}")))?;
        named("coverage.line-of-business", &coverage.line_of_business)?;
        let two_letters = |state: &str| state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase());
        if coverage.state.as_deref().is_some_and(|state| !two_letters(state)) {
            return Err(bad("coverage.state: write two capital letters, such as `AL`"));
        }
        if let Some(funding) = &coverage.funding {
            one_of("coverage.funding", funding, &["fully-insured", "self-insured"])?;
        }
        let facts = Facts::check(facts, day).map_err(bad)?;
        let asked = Asked::new()
            .code("request.line-of-business", &coverage.line_of_business)
            .maybe("request.group", lower(coverage.group.as_deref()).as_deref())
            .maybe("request.state", coverage.state.as_deref())
            .maybe("request.delegate", lower(coverage.delegate.as_deref()).as_deref())
            .maybe("request.funding", coverage.funding.as_deref())
            .day("request.service-day", day);
        Ok(Self { facts, asked, day })
    }
}

/// Reads doses: each has a day that exists, the oldest first.
fn read_lines<'a>(place: &str, lines: &'a [RequestLine]) -> Result<Vec<Line<'a>>, Error> {
    let mut read: Vec<Line<'_>> = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let here = |what: &str, why: String| bad(format!("{place}[{at}].{what}: {why}"));
        let day = number::day(&line.day).map_err(|why| here("day", why))?;
        if let Some(before) = read.last().map(|before| before.day).filter(|before| day < *before) {
            return Err(here("day", format!("{day} comes after a dose on {before}; write the oldest first")));
        }
        named(&format!("{place}[{at}].phase"), &line.phase)?;
        if let Some(setting) = &line.setting {
            one_of(&format!("{place}[{at}].setting"), setting, SETTINGS)?;
        }
        code(&format!("{place}[{at}].code"), line.code.as_deref())?;
        if line.cycle_day == Some(0) {
            return Err(here("cycle-day", "0; the days of a cycle are counted from 1".to_owned()));
        }
        if line.cycle == Some(0) {
            return Err(here("cycle", "0; cycles are counted from 1".to_owned()));
        }
        let milligrams = match &line.amount {
            None => None,
            Some(amount) => {
                let value = number::exact(amount.value).map_err(|why| here("amount", why))?;
                if value.is_sign_negative() || value.is_zero() {
                    return Err(here("amount", format!("{value} {}; a dose is more than nothing", amount.unit)));
                }
                milligrams(value, &amount.unit)
            }
        };
        for (nth, vial) in line.vials.iter().enumerate() {
            if vial.ndc.as_deref().is_some_and(|ndc| ndc.len() != 11 || !ndc.bytes().all(|b| b.is_ascii_digit())) {
                return Err(here(&format!("vials[{nth}].ndc"), "write eleven digits without hyphens".to_owned()));
            }
        }
        read.push(Line { of: line, day, milligrams, opened: opened(line).map_err(|why| here("vials", why))? });
    }
    Ok(read)
}

/// Milligrams that the opened vials of a dose hold. `None` where one of them is not told.
fn opened(line: &RequestLine) -> Result<Option<Exact>, String> {
    let mut total = Exact::ZERO;
    for vial in &line.vials {
        let Some(content) = &vial.content else { return Ok(None) };
        let Some(content) = milligrams(number::exact(content.value)?, &content.unit) else { return Ok(None) };
        let held = content.checked_mul(Exact::from(vial.count)).and_then(|held| total.checked_add(held));
        total = held.ok_or("they hold more than can be counted")?;
    }
    Ok(Some(total).filter(|_| !line.vials.is_empty()))
}

fn milligrams(value: Exact, unit: &str) -> Option<Exact> {
    match unit {
        "mg" => Some(value),
        "ug" => value.checked_div(Exact::from(1000)),
        "g" => value.checked_mul(Exact::from(1000)),
        _ => None,
    }
}

fn with_diagnosis(asked: Asked, codes: &[String]) -> Result<Asked, Error> {
    for (at, code) in codes.iter().enumerate() {
        if !is_icd10(code) {
            return Err(bad(format!(
                "diagnosis[{at}]: `{code}` is not an ICD-10-CM code; write it with its point, such as `C90.00`"
            )));
        }
    }
    Ok(if codes.is_empty() { asked } else { asked.codes("request.diagnosis", codes.iter().map(String::as_str)) })
}

/// A letter, a digit, a letter or digit; then, after a point, one to four more.
fn is_icd10(code: &str) -> bool {
    let (category, rest) = code.split_once('.').map_or((code, None), |(category, rest)| (category, Some(rest)));
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let mut characters = category.chars();
    category.len() == 3
        && characters.next().is_some_and(|c| c.is_ascii_uppercase())
        && characters.next().is_some_and(|c| c.is_ascii_digit())
        && characters.all(upper)
        && rest.is_none_or(|rest| (1..=4).contains(&rest.len()) && rest.chars().all(upper))
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Initial => "initial",
        Stage::Renewal => "renewal",
    }
}

fn kind(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::Pretreatment => "pretreatment",
        PhaseKind::StepUp => "step-up",
        PhaseKind::FirstFull => "first-full",
        PhaseKind::Maintenance => "maintenance",
    }
}

/// Names of groups and delegates are told apart by their letters, not by their case.
fn lower(name: Option<&str>) -> Option<String> {
    name.and_then(filled).map(|name| name.trim().to_ascii_lowercase())
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

fn named(place: &str, text: &str) -> Result<(), Error> {
    if filled(text).is_none() { Err(bad(format!("{place}: it is empty"))) } else { Ok(()) }
}

fn one_of(place: &str, word: &str, accepted: &[&str]) -> Result<(), Error> {
    if accepted.contains(&word) {
        Ok(())
    } else {
        Err(bad(format!("{place}: `{word}`; accepted: {}", accepted.join(", "))))
    }
}

fn code(place: &str, code: Option<&str>) -> Result<(), Error> {
    match code {
        Some(code) if !is_code(code) => Err(bad(format!("{place}: `{code}` is not a HCPCS or CPT code"))),
        _ => Ok(()),
    }
}

fn bad(why: impl Into<String>) -> Error {
    Error::BadRequest(why.into())
}
