//! How much is given, which vials are opened, and how the dose is billed.

use paratope_sdk::facts::{Facts, Known};
use paratope_sdk::number::{self, Day, Exact};
use paratope_sdk::product::{Amount as Told, Container, DoseBilling};
use paratope_sdk::words::{Ask, Citation, FactValue, Need, VialUse};

use crate::document::GapEffect;
use crate::label::{Amount, AmountRule, Band, Label, Phase};

/// An amount, and how it was found.
pub(crate) struct Measured<'a> {
    pub(crate) told: Told,
    pub(crate) basis: String,
    /// The number, with its unit, when it is known.
    pub(crate) value: Option<(Exact, &'a str)>,
    pub(crate) citations: &'a [Citation],
    pub(crate) ask: Option<Ask>,
}

/// How much of a phase is given, from the facts of `facts`' day.
pub(crate) fn measure<'a>(label: &Label, phase: &'a Phase, facts: &Facts<'_>) -> Measured<'a> {
    let gap = label.gap(phase, GapEffect::Amount);
    let found = find(phase, facts);
    match (gap, found) {
        (None, found) => found,
        (Some(gap), found) => {
            let arithmetic = exact_words(phase, facts).map(|words| format!("; {words}, not to be given without one"));
            let reason = format!("{}{}", gap.ask.reason, arithmetic.unwrap_or_default());
            let mut needs = gap.ask.needs.clone();
            if needs.is_empty() {
                needs.push(Need { fact: "pharmacist".to_owned(), reason: reason.clone() });
            }
            let ask = Ask { topic: gap.ask.topic.clone(), reason, needs: needs.clone() };
            Measured { told: Told::Unknown(needs), ask: Some(ask), value: None, ..found }
        }
    }
}

fn find<'a>(phase: &'a Phase, facts: &Facts<'_>) -> Measured<'a> {
    let amount = match phase.amounts.as_slice() {
        [only] if only.weight.is_none() => only,
        several => match kilograms(facts) {
            Err(need) => return missing(need, "by body weight"),
            Ok(kg) => match several.iter().find(|amount| amount.weight.is_some_and(|range| range.contains(kg))) {
                Some(amount) => amount,
                None => return outside(several.first(), kg, "no dose is given for this weight".to_owned()),
            },
        },
    };
    match &amount.rule {
        AmountRule::Fixed(fixed) => known(amount, *fixed, "fixed dose".to_owned(), &[]),
        AmountRule::PerKg(per_kg) => match kilograms(facts) {
            Err(need) => missing(need, "by body weight"),
            Ok(kg) => known(amount, *per_kg * kg, times(*per_kg, kg, "kg", &amount.unit), &[]),
        },
        AmountRule::PerM2(per_m2) => match quantity(facts, "body-surface-area") {
            Err(need) => missing(need, "by body surface"),
            Ok(m2) => known(amount, *per_m2 * m2, times(*per_m2, m2, "m2", &amount.unit), &[]),
        },
        AmountRule::Banded { per_kg, bands, citations, unverified } => match kilograms(facts) {
            Err(need) => missing(need, "by weight band"),
            Ok(kg) => match bands.iter().find(|band| band.range.contains(kg)) {
                Some(band) => {
                    let exact = per_kg.map(|per_kg| {
                        let product = (per_kg * kg).normalize();
                        format!("; {} would be {product} {}", times(per_kg, kg, "kg", &amount.unit), amount.unit)
                    });
                    let trust = if *unverified { " (unverified table)" } else { "" };
                    let basis = format!("weight band {}{trust}{}", band.range.words(), exact.unwrap_or_default());
                    known(amount, band.give, basis, citations)
                }
                None => Measured { citations, ..outside(Some(amount), kg, off_table(bands, kg)) },
            },
        },
    }
}

fn known<'a>(amount: &'a Amount, value: Exact, basis: String, citations: &'a [Citation]) -> Measured<'a> {
    let (value, basis) = match amount.at_most {
        Some(most) if value > most => (most, format!("{basis}, at most {most} {}", amount.unit)),
        _ => (value, basis),
    };
    let value = value.normalize();
    Measured {
        told: Told::Exact(number::quantity(value, &amount.unit)),
        basis,
        value: Some((value, amount.unit.as_str())),
        citations,
        ask: None,
    }
}

fn missing<'a>(need: Need, basis: &str) -> Measured<'a> {
    let ask = Ask {
        topic: "amount".to_owned(),
        reason: format!("the dose is {basis}, and {} is {}", need.fact, need.reason),
        needs: vec![need.clone()],
    };
    Measured { told: Told::Unknown(vec![need]), basis: basis.to_owned(), value: None, citations: &[], ask: Some(ask) }
}

/// Never extrapolated: a person decides.
fn outside<'a>(amount: Option<&Amount>, kg: Exact, why: String) -> Measured<'a> {
    let exact = match amount.map(|amount| (&amount.rule, &amount.unit)) {
        Some((AmountRule::Banded { per_kg: Some(per_kg), .. } | AmountRule::PerKg(per_kg), unit)) => {
            let per_kg = *per_kg;
            format!("; {} is {} {unit} by arithmetic only", times(per_kg, kg, "kg", unit), (per_kg * kg).normalize())
        }
        _ => String::new(),
    };
    let reason = format!("{why}{exact}: ask a pharmacist");
    let need = Need { fact: "pharmacist".to_owned(), reason: reason.clone() };
    let ask = Ask { topic: "amount".to_owned(), reason, needs: vec![need.clone()] };
    Measured {
        told: Told::Unknown(vec![need]),
        basis: "by weight band".to_owned(),
        value: None,
        citations: &[],
        ask: Some(ask),
    }
}

fn off_table(bands: &[Band], kg: Exact) -> String {
    let low = bands.first().and_then(|band| band.range.from);
    let high = bands.last().and_then(|band| band.range.to);
    match (low, high) {
        (Some(low), _) if kg < low => format!("{kg} kg is below the weight bands, which begin at {low} kg"),
        (_, Some(high)) if kg > high => format!("{kg} kg is above the weight bands, which end at {high} kg"),
        _ => format!("{kg} kg lies between two weight bands"),
    }
}

fn times(per: Exact, by: Exact, of: &str, unit: &str) -> String {
    format!("{per} {unit}/{of} x {by} {of}")
}

/// The arithmetic of an amount that has no table.
fn exact_words(phase: &Phase, facts: &Facts<'_>) -> Option<String> {
    let kg = kilograms(facts).ok()?;
    phase.amounts.iter().find_map(|amount| match &amount.rule {
        AmountRule::PerKg(per_kg) | AmountRule::Banded { per_kg: Some(per_kg), .. } => {
            let unit = &amount.unit;
            Some(format!("{} is {} {unit}", times(*per_kg, kg, "kg", unit), (*per_kg * kg).normalize()))
        }
        _ => None,
    })
}

fn kilograms(facts: &Facts<'_>) -> Result<Exact, Need> {
    quantity(facts, "body-weight")
}

fn quantity(facts: &Facts<'_>, code: &str) -> Result<Exact, Need> {
    match facts.get(code, None) {
        Known::Missing(need) => Err(need),
        Known::Value(FactValue::Quantity(value)) => number::exact(value.value)
            .map(|number| number.normalize())
            .map_err(|reason| Need { fact: code.to_owned(), reason }),
        Known::Value(_) => Err(Need { fact: code.to_owned(), reason: "not an amount".to_owned() }),
    }
}

/// What one dose takes from the shelf and puts on the claim.
pub(crate) struct Billed {
    pub(crate) vials: Vec<VialUse>,
    pub(crate) billing: Option<DoseBilling>,
    pub(crate) ask: Option<Ask>,
}

/// The vials and the billing of an amount given on a day.
pub(crate) fn bill(label: &Label, phase: &Phase, value: Option<(Exact, &str)>, on: Day) -> Billed {
    let open = |ask: Option<Ask>, vials| Billed { vials, billing: None, ask };
    let Some((amount, unit)) = value else { return open(None, Vec::new()) };
    if unit.contains('/') {
        let reason = format!("the dose is a rate in {unit}: vials and units follow from what each bag holds");
        return open(Some(ask("billing", reason)), Vec::new());
    }
    let Some(set) = least_waste(label, phase, amount, unit) else {
        let reason = format!("no presentation is known for `{}`", phase.id());
        return open(Some(ask("vials", reason)), Vec::new());
    };
    let code = label.codes.iter().find(|code| {
        code.is_drug() && code.shown.drug == phase.drug && code.shown.setting.is_none() && code.is_payable(on)
    });
    let Some((code, per_unit)) = code.and_then(|code| Some((code, converted(code, unit)?))) else {
        return open(Some(no_code(label, phase)), set.vials);
    };
    let administered = (amount / per_unit).ceil();
    let whole = (set.total / per_unit).floor();
    let discarded = if set.discards { (whole - administered).max(Exact::ZERO) } else { Exact::ZERO };
    let count = |number: Exact| u32::try_from(number.normalize().mantissa()).unwrap_or(u32::MAX);
    let shown = code.shown.unit.clone();
    let billing = shown.map(|unit| DoseBilling {
        code: code.shown.code.clone(),
        unit,
        units: count(administered.trunc()),
        discarded_units: count(discarded.trunc()),
        citations: code.shown.citations.clone(),
    });
    Billed { vials: set.vials, billing, ask: None }
}

/// What one billing unit holds, in the unit of the dose.
fn converted(code: &crate::label::Code, unit: &str) -> Option<Exact> {
    convert(code.per_unit?, &code.shown.unit.as_ref()?.unit, unit)
}

/// One question for all doses without a code, so that a plan asks once.
fn no_code(label: &Label, phase: &Phase) -> Ask {
    let of_drug = |code: &&crate::label::Code| code.is_drug() && code.shown.drug == phase.drug;
    let known = label.codes.iter().filter(of_drug).map(|code| {
        let setting = code.shown.setting.as_deref().map(|setting| format!(" ({setting} only)")).unwrap_or_default();
        let first = match code.first {
            Some(first) => format!(" from {first}"),
            None if code.is_dated() => String::new(),
            None => " on days that are not known".to_owned(),
        };
        format!("{}{setting}{first}", code.shown.code)
    });
    let known = known.collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".to_owned() } else { known };
    let drug = phase.drug.as_deref().unwrap_or(&label.product);
    ask(
        "billing",
        format!("no drug code for {drug} is known to be payable on the day of the dose; codes known: {known}"),
    )
}

fn ask(topic: &str, reason: String) -> Ask {
    Ask { topic: topic.to_owned(), reason, needs: Vec::new() }
}

/// Vials for one dose.
struct Set {
    vials: Vec<VialUse>,
    total: Exact,
    /// What is left is discarded.
    discards: bool,
}

/// The vials that leave least over, of those meant for the phase; the fewest of them.
fn least_waste(label: &Label, phase: &Phase, amount: Exact, unit: &str) -> Option<Set> {
    let shelf: Vec<(usize, Exact)> = phase
        .presentations
        .iter()
        .filter_map(|at| {
            let vial = label.presentations.get(*at)?;
            Some((*at, convert(vial.content, &vial.shown.content.unit, unit)?))
        })
        .collect();
    let mut best: Option<(Exact, u32, Vec<u32>)> = None;
    search(&shelf, amount, &mut Vec::new(), &mut best);
    let (_, _, counts) = best?;
    let mut set = Set { vials: Vec::new(), total: Exact::ZERO, discards: false };
    for ((at, content), count) in shelf.iter().zip(counts).filter(|(_, count)| *count > 0) {
        let vial = label.presentations.get(*at)?;
        set.total += *content * Exact::from(count);
        set.discards |= matches!(vial.shown.container, Container::SingleDose);
        let paratope_sdk::product::Presentation { id, ndc, content, .. } = &vial.shown;
        set.vials.push(VialUse { presentation: id.clone(), ndc: ndc.clone(), count, content: Some(content.clone()) });
    }
    Some(set)
}

fn search(shelf: &[(usize, Exact)], left: Exact, counts: &mut Vec<u32>, best: &mut Option<(Exact, u32, Vec<u32>)>) {
    let Some(((_, content), rest)) = shelf.split_first() else {
        if left <= Exact::ZERO {
            let opened = counts.iter().sum();
            if best.as_ref().is_none_or(|(waste, vials, _)| (-left, opened) < (*waste, *vials)) {
                *best = Some((-left, opened, counts.clone()));
            }
        }
        return;
    };
    let enough = u32::try_from((left.max(Exact::ZERO) / content).ceil().trunc().mantissa()).unwrap_or(0).min(200);
    // The last kind of vial has to cover what is left; more than enough is never least.
    let least = if rest.is_empty() { enough } else { 0 };
    for count in least..=enough {
        counts.push(count);
        search(rest, left - *content * Exact::from(count), counts, best);
        counts.pop();
    }
}

fn convert(value: Exact, from: &str, to: &str) -> Option<Exact> {
    match (from, to) {
        (from, to) if from == to => Some(value),
        ("mg", "ug") => Some(value * Exact::ONE_THOUSAND),
        ("ug", "mg") => Some(value / Exact::ONE_THOUSAND),
        _ => None,
    }
}
