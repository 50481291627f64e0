//! What to do about a toxicity.
//!
//! A row may fit, may not fit, or may fit if something that was not told holds. Only a row that fits answers; where
//! rows that may fit say different things, a person is asked and told what each would say.

use paratope_sdk::facts::Facts;
use paratope_sdk::number::Day;
use paratope_sdk::product::{Error, ManageAction, ManageRequest, Management, ToxicityEvent};
use paratope_sdk::words::{Ask, Edition, FindingStatus, Need, Statement};

use crate::document::{Function, GapEffect, Occurrence};
use crate::label::{Label, Regimen, Toxicity, join};

/// Tells how to manage an event.
pub(crate) fn manage(
    label: &Label,
    edition: &Edition,
    as_of: Day,
    request: &ManageRequest,
) -> Result<Management, Error> {
    let (_, _, regimen) = label.find(&request.indication, &request.regimen)?;
    let facts = Facts::check(&request.facts, as_of).map_err(Error::BadRequest)?;
    let phase = check(label, regimen, &request.event).map_err(Error::BadRequest)?;
    let found = candidates(label, regimen, phase, &request.event, &facts);
    let mut answer = answer(edition, &request.event, &found);
    let concerned = |at: usize| match phase.and_then(|phase| regimen.phases.get(phase)) {
        Some(phase) => phase.gaps.contains(&at),
        None => regimen.phases.iter().any(|phase| phase.gaps.contains(&at)),
    };
    for (_, gap) in label.gaps.iter().enumerate().filter(|(at, _)| concerned(*at)) {
        let event = &request.event;
        let concerns = (gap.functions.contains(&Function::Manage) || gap.effect == Some(GapEffect::Manage))
            && (gap.toxicity.is_empty() || gap.toxicity.contains(&event.kind))
            && (gap.grades.is_empty() || event.grade.is_none_or(|grade| gap.grades.contains(&grade)));
        if concerns {
            answer.asks.push(gap.ask.clone());
            if gap.effect == Some(GapEffect::Manage) {
                answer.action = ManageAction::AskPharmacist;
                answer.reason = format!("{}; what was seen says: {}", gap.ask.reason, answer.reason);
                answer.resume_when.clear();
                answer.next_dose.clear();
            }
        }
    }
    Ok(answer)
}

/// Checks the event; the index of its phase.
fn check(label: &Label, regimen: &Regimen, event: &ToxicityEvent) -> Result<Option<usize>, String> {
    if !label.kinds.contains(&event.kind) {
        let known = join(label.kinds.iter().map(String::as_str));
        return Err(format!("event.kind: no such kind `{}`; accepted: {known}", event.kind));
    }
    if let Some(grade) = event.grade
        && !(1..=5).contains(&grade)
    {
        return Err(format!("event.grade: {grade} is outside 1 to 5"));
    }
    if event.occurrence == Some(0) {
        return Err("event.occurrence: 0; the first event is 1".to_owned());
    }
    match &event.phase {
        None => Ok(None),
        Some(name) => match regimen.phase(name) {
            Some(at) => Ok(Some(at)),
            None => Err(format!(
                "event.phase: `{name}` is not a phase of `{}`; accepted: {}",
                regimen.id(),
                regimen.accepted_phases()
            )),
        },
    }
}

/// A row that fits, or may fit once `missing` is told.
pub(crate) struct Candidate<'a> {
    pub(crate) row: &'a Toxicity,
    pub(crate) missing: Vec<Need>,
}

impl Candidate<'_> {
    fn fits(&self) -> bool {
        self.missing.is_empty()
    }
}

/// The rows that fit an event, or may fit.
pub(crate) fn candidates<'a>(
    label: &'a Label,
    regimen: &Regimen,
    phase: Option<usize>,
    event: &ToxicityEvent,
    facts: &Facts<'_>,
) -> Vec<Candidate<'a>> {
    let of = |row: usize, at: usize| regimen.phases.get(at).is_some_and(|phase| phase.toxicities.contains(&row));
    let any = |row: usize| (0..regimen.phases.len()).any(|at| of(row, at));
    label
        .toxicities
        .iter()
        .enumerate()
        .filter(|(_, row)| row.kind == event.kind)
        .filter_map(|(at, row)| {
            let mut missing = Vec::new();
            let mut lacks = |what: &str, reason: &str| {
                missing.push(Need { fact: format!("event.{what}"), reason: reason.to_owned() });
            };
            match phase {
                Some(phase) if !of(at, phase) => return None,
                None if !any(at) => return None,
                None if row.by_phase => lacks("phase", "the phase of the last dose decides"),
                _ => {}
            }
            match (&row.grades, event.grade) {
                (Some(grades), Some(grade)) if !grades.contains(&grade) => return None,
                (Some(_), None) => lacks("grade", "the grade decides"),
                _ => {}
            }
            match (row.occurrence, event.occurrence) {
                (Some(Occurrence::First), Some(2..)) | (Some(Occurrence::Recurrent), Some(1)) => return None,
                (Some(_), None) => lacks("occurrence", "whether it is the first of its grade decides"),
                _ => {}
            }
            match (row.hours, event.hours) {
                (Some((from, to)), Some(hours)) if hours < from || to.is_some_and(|to| to < hours) => return None,
                (Some(_), None) => lacks("hours", "how long it lasted decides"),
                _ => {}
            }
            match row.when.as_ref().map(|when| when.judge(facts)) {
                Some((FindingStatus::Unknown, needs)) => missing.extend(needs),
                Some((FindingStatus::Met, _)) | None => {}
                Some(_) => return None,
            }
            Some(Candidate { row, missing })
        })
        .collect()
}

/// The answer of the rows that fit or may fit.
fn answer(edition: &Edition, event: &ToxicityEvent, found: &[Candidate<'_>]) -> Management {
    let (guideline, label): (Vec<&Candidate<'_>>, Vec<&Candidate<'_>>) =
        found.iter().partition(|candidate| candidate.row.guideline);
    let of_label = label.iter().any(|candidate| candidate.fits());
    let open = label.iter().any(|candidate| !candidate.fits());
    // A label row governs. Where none fits and none may fit, a guideline answers; where only some may fit, all speak.
    let speaking: Vec<&Candidate<'_>> = if of_label {
        label
    } else if open {
        found.iter().collect()
    } else {
        guideline.clone()
    };
    if speaking.is_empty() {
        return nothing(edition, event);
    }
    let fitting = speaking.iter().find(|candidate| candidate.fits());
    let one_mind = speaking.windows(2).all(|pair| match pair {
        [a, b] => a.row.action == b.row.action,
        _ => true,
    });
    // A row that fits and stops treatment for good governs over rows that hold.
    let stops = speaking.iter().find(|one| one.fits() && one.row.action == ManageAction::Discontinue);
    let chosen = match fitting {
        Some(_) if let Some(stops) = stops => stops.row,
        Some(fitting) if one_mind => fitting.row,
        None if let Some(first) = speaking.first()
            && first.row.action == ManageAction::Discontinue
            && one_mind
            && covered(&speaking, event) =>
        {
            first.row
        }
        _ => return undecided(edition, &speaking),
    };
    let mut treatment = chosen.treatment.clone();
    for candidate in guideline.iter().filter(|candidate| candidate.fits() && !chosen.guideline) {
        treatment.push(Statement {
            code: "guideline".to_owned(),
            text: beside(candidate.row),
            citations: candidate.row.citations.clone(),
        });
    }
    let reason = if chosen.guideline {
        format!("no label row was seen for this; a guideline says: {}", chosen.text)
    } else {
        chosen.text.clone()
    };
    Management {
        edition: edition.clone(),
        action: chosen.action,
        reason,
        resume_when: chosen.resume.clone(),
        treatment,
        next_dose: chosen.next_dose.clone(),
        asks: Vec::new(),
        citations: chosen.citations.clone(),
    }
}

/// Whether one of the rows holds whatever the grade and the occurrence turn out to be.
fn covered(rows: &[&Candidate<'_>], event: &ToxicityEvent) -> bool {
    let grades: Vec<u8> = event.grade.map_or_else(|| (1..=4).collect(), |grade| vec![grade]);
    let occurrences: Vec<u32> = event.occurrence.map_or_else(|| vec![1, 2], |occurrence| vec![occurrence]);
    let open = |need: &Need| !matches!(need.fact.as_str(), "event.grade" | "event.occurrence");
    let settled: Vec<&Toxicity> =
        rows.iter().filter(|candidate| !candidate.missing.iter().any(open)).map(|candidate| candidate.row).collect();
    grades.iter().all(|grade| {
        occurrences.iter().all(|occurrence| {
            settled.iter().any(|row| {
                row.grades.as_ref().is_none_or(|grades| grades.contains(grade))
                    && row.occurrence.is_none_or(|own| (own == Occurrence::First) == (*occurrence == 1))
            })
        })
    })
}

/// A guideline row in words, shown beside the label's.
fn beside(row: &Toxicity) -> String {
    let resume = row.resume.iter().map(|line| line.text.as_str());
    let next = row.next_dose.iter().map(|change| change.text.as_str());
    let rest: Vec<&str> = resume.chain(next).collect();
    if rest.is_empty() { row.text.clone() } else { format!("{}; {}", row.text, rest.join("; ")) }
}

fn nothing(edition: &Edition, event: &ToxicityEvent) -> Management {
    let grade = event.grade.map(|grade| format!(" of grade {grade}")).unwrap_or_default();
    let reason = format!("no row of the label or of a guideline covers `{}`{grade} as told", event.kind);
    let ask = Ask { topic: event.kind.clone(), reason: reason.clone(), needs: Vec::new() };
    asked(edition, reason, ask)
}

fn undecided(edition: &Edition, speaking: &[&Candidate<'_>]) -> Management {
    let mut needs: Vec<Need> = Vec::new();
    for need in speaking.iter().flat_map(|candidate| &candidate.missing) {
        if !needs.contains(need) {
            needs.push(need.clone());
        }
    }
    let says: Vec<String> = speaking
        .iter()
        .map(|candidate| {
            let source = if candidate.row.guideline { " (guideline)" } else { "" };
            format!("{}{source}", candidate.row.text)
        })
        .collect();
    let stops = speaking.iter().all(|candidate| candidate.row.action != ManageAction::ContinueTreatment);
    let meanwhile = if stops { "; every one of them stops treatment for now" } else { "" };
    let reason = format!("what is told fits several rows{meanwhile}: {}", says.join(" | "));
    let topic = speaking.first().map(|candidate| candidate.row.kind.clone()).unwrap_or_default();
    let ask = Ask { topic, reason: reason.clone(), needs };
    let mut management = asked(edition, reason, ask);
    management.citations = speaking.iter().flat_map(|candidate| candidate.row.citations.clone()).collect();
    management.citations.dedup();
    management
}

fn asked(edition: &Edition, reason: String, ask: Ask) -> Management {
    Management {
        edition: edition.clone(),
        action: ManageAction::AskPharmacist,
        reason,
        resume_when: Vec::new(),
        treatment: Vec::new(),
        next_dose: Vec::new(),
        asks: vec![ask],
        citations: Vec::new(),
    }
}
