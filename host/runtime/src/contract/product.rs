//! What every track of product plugins shares: how they are called, and the words that did not change.

/// The plugin and the words of one track, in the module that has its generated types as `wit`. A word that changed is left out
/// here and written down by each track.
macro_rules! product_track {
    () => {
        use paratope_domain::{Day, ProductError, product};

        use super::convert::{FromWit, Malformed, enums_from, records_from, records_to};
        use super::function::Function;
        use crate::{CallError, LoadError, Reply, guest::Guest};

        type Answer<A> = Result<Reply<A, ProductError>, CallError>;

        /// A product plugin, its functions found and their types checked.
        pub(super) struct Plugin {
            guest: Guest,
            monograph: Function<String, wit::ProductMonograph, wit::Error>,
            plan: Function<wit::PlanRequest, wit::TreatmentPlan, wit::Error>,
            next_dose: Function<wit::NextDoseRequest, wit::NextStep, wit::Error>,
            manage: Function<wit::ManageRequest, wit::Management, wit::Error>,
            requirements: Function<wit::RequirementsRequest, wit::DoseRequirements, wit::Error>,
        }

        impl Plugin {
            /// Starts it for a trial and finds its functions.
            pub(super) fn bind(guest: Guest) -> Result<Self, LoadError> {
                let mut trial = guest.trial()?;
                let monograph = Function::find(&mut trial, "monograph")?;
                let plan = Function::find(&mut trial, "plan")?;
                let next_dose = Function::find(&mut trial, "next-dose")?;
                let manage = Function::find(&mut trial, "manage")?;
                let requirements = Function::find(&mut trial, "requirements")?;
                drop(trial);
                Ok(Self { guest, monograph, plan, next_dose, manage, requirements })
            }
        }

        impl crate::Product for Plugin {
            fn monograph(&self, as_of: Day) -> Answer<product::ProductMonograph> {
                self.monograph.call(&self.guest, &as_of)
            }

            fn plan(&self, request: &product::PlanRequest) -> Answer<product::TreatmentPlan> {
                self.plan.call(&self.guest, request)
            }

            fn next_dose(&self, request: &product::NextDoseRequest) -> Answer<product::NextStep> {
                self.next_dose.call(&self.guest, request)
            }

            fn manage(&self, request: &product::ManageRequest) -> Answer<product::Management> {
                self.manage.call(&self.guest, request)
            }

            fn requirements(&self, request: &product::RequirementsRequest) -> Answer<product::DoseRequirements> {
                self.requirements.call(&self.guest, request)
            }
        }

        impl FromWit<wit::Error> for ProductError {
            fn from_wit(word: wit::Error) -> Result<Self, Malformed> {
                Ok(match word {
                    wit::Error::BadRequest(text) => Self::BadRequest(text),
                    wit::Error::OutsideLabel(text) => Self::OutsideLabel(text),
                    wit::Error::Other(text) => Self::Other(text),
                })
            }
        }

        impl FromWit<wit::Amount> for product::Amount {
            fn from_wit(word: wit::Amount) -> Result<Self, Malformed> {
                Ok(match word {
                    wit::Amount::Exact(quantity) => Self::Exact(FromWit::from_wit(quantity)?),
                    wit::Amount::Unknown(needs) => Self::Unknown(FromWit::from_wit(needs)?),
                })
            }
        }

        records_to! {
            product::PlanRequest => wit::PlanRequest { indication, regimen, start, doses, facts }
            product::GivenDose => wit::GivenDose { phase, day, amount, cycle, cycle_day }
            product::NextDoseRequest => wit::NextDoseRequest { indication, regimen, as_of, history, facts }
            product::ToxicityEvent => wit::ToxicityEvent { kind, grade, occurrence, hours, phase }
            product::ManageRequest => wit::ManageRequest { indication, regimen, as_of, event, facts }
            product::RequirementsRequest => wit::RequirementsRequest { indication, regimen, phase, as_of, facts }
        }

        records_from! {
            wit::Indication => product::Indication { id, text, regimens, approval, approved, diagnosis_codes, citations }
            wit::Presentation => product::Presentation {
                id, strength, content, concentration, container, ndc, drug, phases, citations,
            }
            wit::Phase => product::Phase { id, kind, text, amount, citations }
            wit::CycleLimit => product::CycleLimit { cycles, condition }
            wit::Regimen => product::Regimen { id, text, cycle_days, cycle_limits, until, partners, phases, citations }
            wit::BillingCode => product::BillingCode { role, system, code, drug, unit, setting, payable, text, citations }
            wit::RemsProgram => product::RemsProgram { name, status, effective, parties, elements, citations }
            wit::ToxicityRate => product::ToxicityRate { toxicity, grade, percent, population, citations }
            wit::ProductMonograph => product::ProductMonograph {
                product, brand, generic_name, manufacturer, targets, class, route, edition, editions, indications,
                presentations, regimens, codes, rems, boxed_warnings, statements, rates, gaps,
            }
            wit::DoseWindow => product::DoseWindow { earliest, latest, outer_latest, outer_reason }
            wit::Monitoring => product::Monitoring { setting, hours_min, hours_max, anchor, text, citations }
            wit::DoseBilling => product::DoseBilling { code, unit, units, discarded_units, citations }
            wit::PlannedDose => product::PlannedDose {
                number, drug, phase, kind, cycle, cycle_day, day, window, amount, amount_basis, route, infusion_hours_min, infusion_hours_max,
                monitoring, medications, tasks, vials, billing, citations,
            }
            wit::TreatmentPlan => product::TreatmentPlan { edition, regimen, doses, until, options, asks }
            wit::NextStep => product::NextStep {
                edition, action, dose, due, then, days_since_last, benefit_risk, reason, asks, citations,
            }
            wit::NextDoseChange => product::NextDoseChange { code, hours_min, anchor, text, citations }
            wit::Management => product::Management {
                edition, action, reason, resume_when, treatment, next_dose, asks, citations,
            }
            wit::Requirement => product::Requirement { finding, owner }
            wit::DoseRequirements => product::DoseRequirements { edition, requirements, asks }
        }

        enums_from! {
            wit::Container => product::Container { SingleDose, MultiDose }
            wit::CodeRole => product::CodeRole { Drug, Administration }
            wit::RemsStatus => product::RemsStatus { InForce, Ended, None, Unknown }
            wit::Anchor => product::Anchor { StartOfAdministration, EndOfAdministration, Event }
            wit::NextAction => product::NextAction { Proceed, Repeat, Restart, Wait, Finished, AskPharmacist }
            wit::ManageAction => product::ManageAction {
                ContinueTreatment, Hold, ConsiderDiscontinuation, Discontinue, AskPharmacist,
            }
        }
    };
}

pub(super) use product_track;
