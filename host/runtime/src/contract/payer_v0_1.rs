//! Payer plugins of track 0.1: how they are called, and their words to and from the domain's.

use paratope_domain::{Day, PayerError, payer};

use super::convert::{FromWit, Malformed, enums_from, enums_to, records_from, records_to};
use super::function::Function;
use crate::{CallError, LoadError, Reply, guest::Guest};

/// What the generator makes of `wit/payer`.
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/payer"],
        world: "paratope:payer/payer-plugin@0.1.0",
        with: { "paratope:types/types@0.1.0": crate::contract::types_v0_1::generated::paratope::types::types },
    });
}

use generated::exports::paratope::payer::payer as wit;

type Answer<A> = Result<Reply<A, PayerError>, CallError>;

/// A payer plugin, its functions found and their types checked.
pub(super) struct Plugin {
    guest: Guest,
    profile: Function<String, wit::PayerProfile, wit::Error>,
    assess: Function<wit::AssessRequest, wit::Assessment, wit::Error>,
    prefer: Function<wit::PreferRequest, wit::Preferred, wit::Error>,
    billing: Function<wit::BillingRequest, wit::Bill, wit::Error>,
}

impl Plugin {
    /// Starts it for a trial and finds its functions.
    pub(super) fn bind(guest: Guest) -> Result<Self, LoadError> {
        let mut trial = guest.trial()?;
        let profile = Function::find(&mut trial, "profile")?;
        let assess = Function::find(&mut trial, "assess")?;
        let prefer = Function::find(&mut trial, "prefer")?;
        let billing = Function::find(&mut trial, "billing")?;
        drop(trial);
        Ok(Self { guest, profile, assess, prefer, billing })
    }
}

impl crate::Payer for Plugin {
    fn profile(&self, as_of: Day) -> Answer<payer::PayerProfile> {
        self.profile.call(&self.guest, &as_of)
    }

    fn assess(&self, request: &payer::AssessRequest) -> Answer<payer::Assessment> {
        self.assess.call(&self.guest, request)
    }

    fn prefer(&self, request: &payer::PreferRequest) -> Answer<payer::Preferred> {
        self.prefer.call(&self.guest, request)
    }

    fn billing(&self, request: &payer::BillingRequest) -> Answer<payer::Bill> {
        self.billing.call(&self.guest, request)
    }
}

impl FromWit<wit::Error> for PayerError {
    fn from_wit(word: wit::Error) -> Result<Self, Malformed> {
        Ok(match word {
            wit::Error::NoPolicy(text) => Self::NoPolicy(text),
            wit::Error::BadRequest(text) => Self::BadRequest(text),
            wit::Error::Other(text) => Self::Other(text),
        })
    }
}

impl FromWit<wit::Span> for payer::Span {
    fn from_wit(word: wit::Span) -> Result<Self, Malformed> {
        Ok(match word {
            wit::Span::Days(count) => Self::Days(count),
            wit::Span::Months(count) => Self::Months(count),
            wit::Span::Cycles(count) => Self::Cycles(count),
            wit::Span::Doses(count) => Self::Doses(count),
            wit::Span::PlanYear => Self::PlanYear,
            wit::Span::Until(day) => Self::Until(Day::from_wit(day)?),
        })
    }
}

impl FromWit<wit::Window> for payer::Window {
    fn from_wit(word: wit::Window) -> Result<Self, Malformed> {
        Ok(match word {
            wit::Window::PerDose => Self::PerDose,
            wit::Window::CycleDay((cycle, day)) => Self::CycleDay(cycle, day),
            wit::Window::RollingDays(days) => Self::RollingDays(days),
            wit::Window::RollingMonths(months) => Self::RollingMonths(months),
            wit::Window::PerAuthorization => Self::PerAuthorization,
            wit::Window::Lifetime => Self::Lifetime,
        })
    }
}

records_to! {
    payer::Coverage => wit::Coverage { line_of_business, group, state, delegate, funding }
    payer::RequestLine => wit::RequestLine {
        phase, kind, day, cycle, cycle_day, amount, code, units, discarded_units, vials, setting, hours,
    }
    payer::AssessRequest => wit::AssessRequest {
        coverage, service_day, product, indication, regimen, stage, diagnosis, lines, given, facts,
    }
    payer::Exposure => wit::Exposure { product, result, last_day, proof }
    payer::PreferRequest => wit::PreferRequest {
        coverage, service_day, stage, class, requested, presentation, use_for, emergency, history, facts,
    }
    payer::BillingRequest => wit::BillingRequest {
        coverage, service_day, product, setting, diagnosis, code, amount, units, discarded_units, vials,
        container_single_dose, ndc, channel, facts,
    }
}

enums_to! {
    payer::Stage => wit::Stage { Initial, Renewal }
    payer::ExposureResult => wit::ExposureResult { Ongoing, Completed, Ineffective, Intolerant, Contraindicated }
}

records_from! {
    wit::Policy => payer::Policy { id, title, subject_kind, subject, lines_of_business, edition, citations }
    wit::PayerProfile => payer::PayerProfile { payer, name, operator, lines_of_business, policies, gaps }
    wit::Limit => payer::Limit {
        finding, measure, counts, amount, window, phases, first_cycle, last_cycle, includes_waste, requested,
    }
    wit::Duration => payer::Duration { stage, span, anchor, renewable, citations }
    wit::LinkedDrug => payer::LinkedDrug { drug, text, doses, per_dose, citations }
    wit::Document => payer::Document { id, text, missing, status }
    wit::Clock => payer::Clock { id, text, act, subject, anchor, priority, hours, calendar_days, citations }
    wit::Channel => payer::Channel { id, rule, citations }
    wit::Terms => payer::Terms { limits, durations, documents, channels, submission, clocks, linked }
    wit::Assessment => payer::Assessment { policy, operator, outcome, findings, terms, redirects, needs, asks }
    wit::TierProduct => payer::TierProduct { product, brand, code, presentations }
    wit::Tier => payer::Tier { rank, products }
    wit::Preferred => payer::Preferred {
        policy, operator, tiers, requested, reason, findings, duties, needs, asks, citations,
    }
    wit::BillLine => payer::BillLine {
        code, units, modifiers, ndc, ndc_unit, revenue_code, narrative, text, citations,
    }
    wit::Bill => payer::Bill { policy, lines, edits, payment_basis, asks }
}

enums_from! {
    wit::Operator => payer::Operator { Payer, PolicyLibrary }
    wit::SubjectKind => payer::SubjectKind { Product, Class }
    wit::Stage => payer::Stage { Initial, Renewal }
    wit::ExpectedOutcome => payer::ExpectedOutcome {
        Meets, DoesNotMeet, Undetermined, NotRequired, ContactPayer, Redirect,
    }
    wit::Measure => payer::Measure { HcpcsUnits, Vials, Milligrams, MilligramsPerKilogram, Doses, Cycles, Hours }
    wit::MissingEffect => payer::MissingEffect { Pend, Deny, Unknown }
    wit::Preference => payer::Preference {
        Preferred, Exception, StepRequired, EmergencyBypass, NoPreference, Unknown,
    }
}
