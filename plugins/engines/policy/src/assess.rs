//! Judges a request against the policy in force on its service day.

use paratope_sdk::criteria::Rule;
use paratope_sdk::facts::Facts;
use paratope_sdk::payer::{
    self, AssessRequest, Assessment, Error, ExpectedOutcome, MissingEffect, RequestLine, Stage, Terms,
};
use paratope_sdk::words::{Ask, Finding, FindingStatus, Need, Statement};

use crate::document::OpenEffect;
use crate::policy::{OpenPoint, Policies, Policy, applies};
use crate::request::Case;

impl Policies {
    /// Judges `request`. The answer binds nobody.
    ///
    /// # Errors
    /// `no-policy` where nothing here covers it; `bad-request` where it cannot be read.
    pub fn assess(&self, request: &AssessRequest) -> Result<Assessment, Error> {
        self.assess_with(request, |_| {})
    }

    /// Judges `request` after `rule` has seen the draft: a code plugin adds here what a document cannot say.
    ///
    /// # Errors
    /// As [`Policies::assess`].
    pub fn assess_with(&self, request: &AssessRequest, rule: impl FnOnce(&mut Draft<'_>)) -> Result<Assessment, Error> {
        let (case, doses) = Case::assess(request)?;
        let line_of_business = &request.coverage.line_of_business;
        let policy = self.about(&request.product, line_of_business, case.day)?;
        let applicability = judge(&policy.applicability, &case);
        let applies = standing(&applicability);
        let (terms, mut asks) = self.terms(policy, line_of_business, &case, &doses);
        let answer = |outcome, findings, terms, redirects, needs, asks| Assessment {
            policy: policy.record.clone(),
            operator: self.operator,
            outcome,
            findings,
            terms,
            redirects,
            needs,
            asks,
        };
        if applies == FindingStatus::Unmet {
            let contact: Vec<Statement> = policy.contact.iter().cloned().collect();
            return Ok(answer(ExpectedOutcome::ContactPayer, applicability, bare(terms), contact, Vec::new(), asks));
        }

        let mut findings = applicability;
        findings.extend(policy.evidence.iter().flat_map(|evidence| evidence.judge(&case.facts)));
        findings.extend(judge(&policy.criteria, &case));
        findings.extend(match request.stage {
            Stage::Initial => judge(&policy.initial, &case),
            Stage::Renewal => judge(&policy.renewal, &case),
        });
        let mut redirects = Vec::new();
        if let Some(preference) = &policy.preference {
            let (preferred, redirect) = preference.as_criterion(&case, &request.product, presentation(&request.lines));
            findings.extend(preferred);
            redirects.extend(redirect);
        }
        for open in policy.open.iter().filter(|open| open.stage.is_none_or(|stage| stage == request.stage)) {
            if let Some((finding, ask)) = open.judge(policy, &case) {
                findings.extend(finding);
                asks.push(ask);
            }
        }

        let mut draft = Draft { request, policy: &policy.record, facts: case.facts, findings, terms, asks };
        rule(&mut draft);
        let Draft { findings, terms, asks, .. } = draft;
        let weighed = Weighed::new(policy, &findings, &terms);
        redirects.extend(weighed.redirects.iter().cloned());
        let outcome = if applies == FindingStatus::Unknown {
            ExpectedOutcome::Undetermined
        } else {
            weighed.outcome(policy.required)
        };
        let needs = if outcome == ExpectedOutcome::Undetermined { weighed.needs } else { Vec::new() };
        Ok(answer(outcome, findings, terms, redirects, needs, asks))
    }
}

/// An assessment before its findings are put together. A rule may add findings and questions, and change limits.
#[derive(Debug)]
pub struct Draft<'a> {
    /// What was asked.
    pub request: &'a AssessRequest,
    /// The policy that governs.
    pub policy: &'a payer::Policy,
    /// What is known, checked.
    pub facts: Facts<'a>,
    /// Findings so far. Those within none decide the outcome.
    pub findings: Vec<Finding>,
    /// Limits, documents and the rest. Limits and documents decide the outcome too.
    pub terms: Terms,
    /// What a person must be asked.
    pub asks: Vec<Ask>,
}

/// Findings, limits and documents put together.
struct Weighed {
    unmet: bool,
    /// Every unmet finding sends the request elsewhere.
    elsewhere: bool,
    unknown: bool,
    redirects: Vec<Statement>,
    needs: Vec<Need>,
}

impl Weighed {
    fn new(policy: &Policy, findings: &[Finding], terms: &Terms) -> Self {
        let mut weighed =
            Self { unmet: false, elsewhere: true, unknown: false, redirects: Vec::new(), needs: Vec::new() };
        for finding in findings.iter().filter(|finding| finding.within.is_none()) {
            let redirect = policy.redirects.iter().find(|(criterion, _)| *criterion == finding.id);
            match finding.status {
                FindingStatus::Unmet => {
                    weighed.unmet = true;
                    match redirect {
                        Some((_, statement)) => weighed.redirects.push(statement.clone()),
                        None if finding.kind == "preferred-product" => {}
                        None => weighed.elsewhere = false,
                    }
                }
                FindingStatus::Unknown => weighed.ask(&finding.needs),
                FindingStatus::Met | FindingStatus::NotApplicable => {}
            }
        }
        for limit in &terms.limits {
            match limit.finding.status {
                FindingStatus::Unmet => (weighed.unmet, weighed.elsewhere) = (true, false),
                FindingStatus::Unknown => weighed.ask(&limit.finding.needs),
                FindingStatus::Met | FindingStatus::NotApplicable => {}
            }
        }
        for document in &terms.documents {
            match (document.status.status, document.missing) {
                (FindingStatus::Unmet, MissingEffect::Deny) => (weighed.unmet, weighed.elsewhere) = (true, false),
                // A document that is only waited for pends the request: it does not fail it.
                (FindingStatus::Unmet, MissingEffect::Pend | MissingEffect::Unknown) => weighed.ask(&[Need {
                    fact: "documents-attached".to_owned(),
                    reason: format!("attach {}: {}", document.id, document.text),
                }]),
                (FindingStatus::Unknown, _) => weighed.ask(&document.status.needs),
                (FindingStatus::Met | FindingStatus::NotApplicable, _) => {}
            }
        }
        weighed
    }

    fn ask(&mut self, needs: &[Need]) {
        self.unknown = true;
        for need in needs {
            if !self.needs.contains(need) {
                self.needs.push(need.clone());
            }
        }
    }

    fn outcome(&self, required: bool) -> ExpectedOutcome {
        if self.unmet {
            if self.elsewhere { ExpectedOutcome::Redirect } else { ExpectedOutcome::DoesNotMeet }
        } else if self.unknown {
            ExpectedOutcome::Undetermined
        } else if required {
            ExpectedOutcome::Meets
        } else {
            ExpectedOutcome::NotRequired
        }
    }
}

impl OpenPoint {
    /// The question, and the finding it keeps open. `None` where it does not arise or is settled.
    pub(crate) fn judge(&self, policy: &Policy, case: &Case<'_>) -> Option<(Option<Finding>, Ask)> {
        let (arises, mut needs) = applies(self.when.as_ref(), &case.facts, &case.asked);
        if arises == FindingStatus::Unmet {
            return None;
        }
        if let Some(check) = &self.settled_by {
            let (settled, further) = check.status(&case.facts, &case.asked);
            if settled == FindingStatus::Met {
                return None;
            }
            needs.extend(further);
        }
        if needs.is_empty() {
            needs.push(Need { fact: "ask-payer".to_owned(), reason: self.text.clone() });
        }
        let finding = (self.effect == OpenEffect::Undetermined).then(|| Finding {
            id: self.topic.clone(),
            within: None,
            kind: self.kind.clone(),
            status: FindingStatus::Unknown,
            statement: self.text.clone(),
            reason: "the text that was read does not say".to_owned(),
            needs: needs.clone(),
            evidence: Vec::new(),
            citations: policy.record.citations.clone(),
        });
        Some((finding, Ask { needs, ..self.ask() }))
    }
}

/// The presentation of the request, when all its vials are of one.
fn presentation(lines: &[RequestLine]) -> Option<&str> {
    let mut vials = lines.iter().flat_map(|line| &line.vials).map(|vial| vial.presentation.as_str());
    let first = vials.next()?;
    vials.all(|other| other == first).then_some(first)
}

fn judge(rules: &[Rule], case: &Case<'_>) -> Vec<Finding> {
    rules.iter().flat_map(|rule| rule.judge(&case.facts, &case.asked)).collect()
}

/// How all the findings stand together. Met where there are none.
fn standing(findings: &[Finding]) -> FindingStatus {
    let whole = || findings.iter().filter(|finding| finding.within.is_none()).map(|finding| finding.status);
    if whole().any(|status| status == FindingStatus::Unmet) {
        FindingStatus::Unmet
    } else if whole().any(|status| status == FindingStatus::Unknown) {
        FindingStatus::Unknown
    } else {
        FindingStatus::Met
    }
}

/// The terms of a policy that does not apply: only how to reach the payer.
fn bare(terms: Terms) -> Terms {
    Terms {
        limits: Vec::new(),
        durations: Vec::new(),
        documents: Vec::new(),
        channels: Vec::new(),
        submission: terms.submission,
        clocks: terms.clocks,
        linked: Vec::new(),
    }
}
