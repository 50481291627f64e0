//! Clearance: asks the product and the payer, judges every checkpoint, records all of it.
//!
//! The questions are asked in one order, by [`gather`], of whoever answers: the sandbox when the order comes in, the
//! record when it is replayed. So a replay takes the very path of the first time.

use paratope_domain::clearance::{self, Answer, Answers, Clearance, DoseAnswer};
use paratope_domain::payer::{AssessRequest, Assessment, Bill, BillingRequest, PreferRequest, Preferred};
use paratope_domain::product::{
    DoseRequirements, NextDoseRequest, NextStep, PlannedDose, ProductMonograph, RequirementsRequest,
};
use paratope_domain::request::ClearanceRequest;
use paratope_domain::{Day, PayerError, ProductError, Site};
use serde::{Deserialize, Serialize};

/// What a clearance is judged from, beside the plugins: the order, and the site as it described itself on that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Input {
    /// The order.
    pub request: ClearanceRequest,
    /// The site.
    pub site: Site,
}

/// Whoever answers the questions of a clearance.
pub trait Oracle {
    /// What the label says that does not depend on the patient.
    fn monograph(&mut self, product: &str, as_of: Day) -> Answer<ProductMonograph, ProductError>;
    /// What comes next.
    fn next_dose(&mut self, product: &str, request: &NextDoseRequest) -> Answer<NextStep, ProductError>;
    /// What must be true before a dose.
    fn requirements(&mut self, product: &str, request: &RequirementsRequest) -> Answer<DoseRequirements, ProductError>;
    /// What the payer's rules say.
    fn assess(&mut self, payer: &str, request: &AssessRequest) -> Answer<Assessment, PayerError>;
    /// Which product of a class the payer wants.
    fn prefer(&mut self, payer: &str, request: &PreferRequest) -> Answer<Preferred, PayerError>;
    /// How a dose is billed.
    fn billing(&mut self, payer: &str, request: &BillingRequest) -> Answer<Bill, PayerError>;
}

/// Asks everything a clearance needs to know.
pub fn gather(oracle: &mut impl Oracle, Input { request, site }: &Input) -> Answers {
    let product = request.order.product.as_str();
    let payer = request.coverage.payer.as_str();
    let first = request.order.doses.first().map_or(request.as_of, |dose| dose.day);
    let monograph = oracle.monograph(product, first);
    let known = monograph.get().ok();
    let mut doses = Vec::with_capacity(request.order.doses.len());
    for at in 0..request.order.doses.len() {
        let next = match clearance::next_dose_request(request, at) {
            Some(question) => oracle.next_dose(product, &question),
            None => not_asked("the order has no such dose"),
        };
        doses.push(DoseAnswer { next, bill: not_asked("how the dose is billed was not asked: the dose is not known") });
    }
    let requirements = match clearance::requirements_request(request, site, known) {
        Some(question) => oracle.requirements(product, &question),
        None => not_asked("the order has no dose"),
    };
    let planned: Vec<Option<&PlannedDose>> = doses.iter().map(DoseAnswer::planned).collect();
    let assessment = match clearance::assess_request(request, &planned, known) {
        Some(question) => oracle.assess(payer, &question),
        None => not_asked("the order has no dose"),
    };
    let preferred = match clearance::prefer_request(request) {
        Some(question) => oracle.prefer(payer, &question),
        None => not_asked("no rescue drug is ordered"),
    };
    let questions: Vec<Option<BillingRequest>> = planned
        .iter()
        .enumerate()
        .map(|(at, planned)| clearance::billing_request(request, at, (*planned)?, known))
        .collect();
    for (dose, question) in doses.iter_mut().zip(questions) {
        if let Some(question) = question {
            dose.bill = oracle.billing(payer, &question);
        }
    }
    Answers { monograph, doses, requirements, assessment, preferred }
}

fn not_asked<T, E>(why: &str) -> Answer<T, E> {
    Answer::NotAsked(why.to_owned())
}

/// Asks, and judges.
pub fn judge(oracle: &mut impl Oracle, input: &Input) -> Clearance {
    let answers = gather(oracle, input);
    clearance::clear(&input.request, &input.site, &answers)
}
