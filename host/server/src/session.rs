//! A session: the plugin calls of one determination, each recorded as it is made.
//!
//! A live session calls the installed plugins. A session of record answers from what was recorded, so that a
//! determination can be told again by the very code that told it the first time.

use std::collections::BTreeMap;
use std::sync::Arc;

use paratope_domain::clearance;
use paratope_domain::payer::{AssessRequest, Assessment, Bill, BillingRequest, PayerProfile, PreferRequest, Preferred};
use paratope_domain::product::{DoseRequirements, NextDoseRequest, NextStep, ProductMonograph, RequirementsRequest};
use paratope_domain::{Day, PayerError, ProductError};
use paratope_runtime::{CallError, Kind, Payer, Plugin, Product, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::clock::Stopwatch;
use crate::function::{Answer, AsOf, Function, Request, raw};
use crate::host::Installed;
use crate::services::clear::Oracle;
use crate::store::Call;

/// Why a question got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Too many ask the plugin at once.
    #[error("plugin `{name}` has more to do than it can: {places} are served at once")]
    Busy {
        /// The plugin.
        name: String,
        /// How many are served at once.
        places: u32,
    },
    /// Nothing of this name is installed.
    #[error("no plugin is called `{name}`; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// It should be there and is not.
    #[error("plugin `{name}` answers nobody now, so ask a person: {why}")]
    Withheld {
        /// The plugin.
        name: String,
        /// Why.
        why: String,
    },
    /// The site did not approve it.
    #[error(
        "site `{site}` did not approve `{name}` {version} ({digest}): an administrator of the site can, with \
         `paratope site approve {site} --digest {digest} --reason ...`"
    )]
    NotApproved {
        /// The site.
        site: String,
        /// The plugin.
        name: String,
        /// Its version.
        version: String,
        /// The digest of its bytes.
        digest: String,
    },
    /// The plugin is of the other kind.
    #[error("`{name}` is a {kind} plugin, which has no function `{function}`; it has {}", Function::names(*kind))]
    WrongKind {
        /// The plugin.
        name: String,
        /// What it is.
        kind: Kind,
        /// What was asked.
        function: Function,
    },
    /// The plugin did not come to an answer.
    #[error("plugin `{name}`: {error}")]
    Failed {
        /// The plugin.
        name: String,
        /// Why.
        error: CallError,
    },
    /// The record holds no such call at this place.
    #[error("`{name}` `{function}` was not asked this when it was recorded")]
    NotRecorded {
        /// The plugin.
        name: String,
        /// What is asked now.
        function: Function,
    },
    /// The plugin did not come to an answer before.
    #[error("plugin `{name}`: {reason}")]
    FailedThen {
        /// The plugin.
        name: String,
        /// Why.
        reason: String,
    },
}

/// The plugin calls of one determination.
pub struct Session {
    answers: Answers,
    calls: Vec<Call>,
    /// Plugins that used up their fuel: they are not called again.
    exhausted: Vec<String>,
    /// The first failure that another try might not have: it must not be recorded as what the rules say.
    passing: Option<AskError>,
}

enum Answers {
    /// Plugins answer, each the same bytes for the whole session.
    Plugins(BTreeMap<String, Arc<Installed>>),
    /// The record answers.
    Record(std::vec::IntoIter<Call>),
}

impl Session {
    /// A session with these plugins.
    pub(crate) fn live(plugins: impl IntoIterator<Item = Arc<Installed>>) -> Self {
        let plugins = plugins.into_iter().map(|one| (one.activation.name.clone(), one)).collect();
        Self::new(Answers::Plugins(plugins))
    }

    /// A session that gives the recorded answers to the recorded questions, in their order.
    pub fn of_record(calls: Vec<Call>) -> Self {
        Self::new(Answers::Record(calls.into_iter()))
    }

    fn new(answers: Answers) -> Self {
        Self { answers, calls: Vec::new(), exhausted: Vec::new(), passing: None }
    }

    /// Asks any function.
    pub fn call(&mut self, plugin: &str, request: &Request) -> Result<Answer, AskError> {
        let function = request.function();
        let question = question(plugin, request)?;
        let answer =
            self.ask(plugin, function, question, |called| request.call(called), |recorded| Ok(recorded.clone()))?;
        Ok(answer)
    }

    /// What a label says that does not depend on a patient.
    pub fn monograph(&mut self, product: &str, as_of: Day) -> Result<Result<ProductMonograph, ProductError>, AskError> {
        if let Answers::Plugins(plugins) = &self.answers
            && let Some(installed) = plugins.get(product)
            && let Some((answer, told)) = installed.remembered(as_of)
        {
            let call = Call {
                plugin: product.to_owned(),
                digest: installed.plugin.digest().to_owned(),
                function: Function::Monograph,
                request: question(product, &AsOf { as_of })?,
                answer: told,
            };
            self.calls.push(call);
            return Ok(Ok(answer));
        }
        let answer = self.product(product, Function::Monograph, &AsOf { as_of }, |product| product.monograph(as_of))?;
        if let (Answers::Plugins(plugins), Ok(monograph), Some(call)) = (&self.answers, &answer, self.calls.last())
            && let Some(installed) = plugins.get(product)
        {
            installed.remember(as_of, monograph, &call.answer);
        }
        Ok(answer)
    }

    /// Who a payer is.
    pub fn profile(&mut self, payer: &str, as_of: Day) -> Result<Result<PayerProfile, PayerError>, AskError> {
        self.payer(payer, Function::Profile, &AsOf { as_of }, |payer| payer.profile(as_of))
    }

    /// The failure of a call that another try might not have, if there was one.
    pub(crate) fn passing(&mut self) -> Option<AskError> {
        self.passing.take()
    }

    /// The calls made, in order.
    pub fn into_calls(self) -> Vec<Call> {
        self.calls
    }

    /// How many recorded calls were not made again.
    pub(crate) fn left_over(&self) -> usize {
        match &self.answers {
            Answers::Plugins(_) => 0,
            Answers::Record(calls) => calls.len(),
        }
    }

    fn product<Q: Serialize, T: Serialize + DeserializeOwned>(
        &mut self,
        plugin: &str,
        function: Function,
        asked: &Q,
        call: impl FnOnce(&dyn Product) -> Result<Reply<T, ProductError>, CallError>,
    ) -> Result<Result<T, ProductError>, AskError> {
        let question = question(plugin, asked)?;
        self.ask(plugin, function, question, |called| called.product().map(call).map(answered), recalled)
    }

    fn payer<Q: Serialize, T: Serialize + DeserializeOwned>(
        &mut self,
        plugin: &str,
        function: Function,
        asked: &Q,
        call: impl FnOnce(&dyn Payer) -> Result<Reply<T, PayerError>, CallError>,
    ) -> Result<Result<T, PayerError>, AskError> {
        let question = question(plugin, asked)?;
        self.ask(plugin, function, question, |called| called.payer().map(call).map(answered), recalled)
    }

    /// Asks the plugin, or the record, and records the call.
    fn ask<A: Told>(
        &mut self,
        plugin: &str,
        function: Function,
        question: Box<RawValue>,
        call: impl FnOnce(&Plugin) -> Option<Result<A, CallError>>,
        recall: impl FnOnce(&Answer) -> Result<A, AskError>,
    ) -> Result<A, AskError> {
        let plugins = match &mut self.answers {
            Answers::Plugins(plugins) => plugins,
            Answers::Record(calls) => {
                let unrecorded = || AskError::NotRecorded { name: plugin.to_owned(), function };
                let recorded = calls.next().ok_or_else(unrecorded)?;
                let same = recorded.plugin == plugin
                    && recorded.function == function
                    && recorded.request.get() == question.get();
                if !same {
                    return Err(unrecorded());
                }
                let answer = match &recorded.answer {
                    Answer::Failed(reason) | Answer::Skipped(reason) => {
                        Err(AskError::FailedThen { name: plugin.to_owned(), reason: reason.clone() })
                    }
                    given => recall(given),
                };
                self.calls.push(recorded);
                return answer;
            }
        };
        let Some(installed) = plugins.get(plugin).map(Arc::clone) else {
            let known: Vec<String> = plugins.keys().map(|known| format!("`{known}`")).collect();
            return Err(AskError::Unknown { name: plugin.to_owned(), known: known.join(", ") });
        };
        let digest = installed.plugin.digest().to_owned();
        if self.exhausted.iter().any(|exhausted| exhausted == plugin) {
            let reason = "it used up its fuel before and was not called again".to_owned();
            let answer = Answer::Skipped(reason.clone());
            self.calls.push(Call { plugin: plugin.to_owned(), digest, function, request: question, answer });
            return Err(AskError::FailedThen { name: plugin.to_owned(), reason });
        }
        let wrong_kind = || AskError::WrongKind { name: plugin.to_owned(), kind: installed.plugin.kind(), function };
        let name = function.name();
        let span = tracing::info_span!("plugin", plugin, digest, function = name, failed = tracing::field::Empty);
        let watch = Stopwatch::start();
        let outcome = span.in_scope(|| installed.call(call)).ok_or_else(wrong_kind)?;
        span.record("failed", outcome.is_err());
        let took = watch.elapsed();
        let (told, answer) = match outcome {
            Ok(answer) => (answer.told(), Ok(answer)),
            Err(error) => {
                let failure = AskError::Failed { name: plugin.to_owned(), error: error.clone() };
                (Ok(Answer::Failed(error.to_string())), Err(failure))
            }
        };
        let told = told.map_err(|error| AskError::Failed { name: plugin.to_owned(), error })?;
        let counted = match &answer {
            Err(AskError::Failed { error, .. }) => Err(error),
            _ => Ok(&told),
        };
        installed.metrics().called(&installed, function, &counted, took);
        if let Err(AskError::Failed { error, .. }) = &answer {
            match error {
                CallError::Fuel { .. } => self.exhausted.push(plugin.to_owned()),
                CallError::Deadline { .. } | CallError::Busy { .. } | CallError::Sandbox { .. } => {
                    self.exhausted.push(plugin.to_owned());
                    self.passing
                        .get_or_insert_with(|| AskError::Failed { name: plugin.to_owned(), error: error.clone() });
                }
                _ => {}
            }
        }
        tracing::debug!(plugin, digest, function = function.name(), ok = answer.is_ok(), "called");
        self.calls.push(Call { plugin: plugin.to_owned(), digest, function, request: question, answer: told });
        answer
    }
}

/// The questions of a clearance go to the session's plugins, or to its record.
impl Oracle for Session {
    fn monograph(&mut self, product: &str, as_of: Day) -> clearance::Answer<ProductMonograph, ProductError> {
        given(Session::monograph(self, product, as_of))
    }

    fn next_dose(&mut self, product: &str, asked: &NextDoseRequest) -> clearance::Answer<NextStep, ProductError> {
        given(self.product(product, Function::NextDose, asked, |product| product.next_dose(asked)))
    }

    fn requirements(
        &mut self,
        product: &str,
        asked: &RequirementsRequest,
    ) -> clearance::Answer<DoseRequirements, ProductError> {
        given(self.product(product, Function::Requirements, asked, |product| product.requirements(asked)))
    }

    fn assess(&mut self, payer: &str, asked: &AssessRequest) -> clearance::Answer<Assessment, PayerError> {
        given(self.payer(payer, Function::Assess, asked, |payer| payer.assess(asked)))
    }

    fn prefer(&mut self, payer: &str, asked: &PreferRequest) -> clearance::Answer<Preferred, PayerError> {
        given(self.payer(payer, Function::Prefer, asked, |payer| payer.prefer(asked)))
    }

    fn billing(&mut self, payer: &str, asked: &BillingRequest) -> clearance::Answer<Bill, PayerError> {
        given(self.payer(payer, Function::Billing, asked, |payer| payer.billing(asked)))
    }
}

fn given<T, E>(answer: Result<Result<T, E>, AskError>) -> clearance::Answer<T, E> {
    match answer {
        Ok(Ok(answer)) => clearance::Answer::Given(answer),
        Ok(Err(error)) => clearance::Answer::Refused(error),
        // The same words live and from the record.
        Err(AskError::Failed { error, .. }) => clearance::Answer::Failed(error.to_string()),
        Err(AskError::FailedThen { reason, .. }) => clearance::Answer::Failed(reason),
        Err(other) => clearance::Answer::NotAsked(other.to_string()),
    }
}

/// Something a plugin said, that can be recorded.
trait Told {
    fn told(&self) -> Result<Answer, CallError>;
}

impl Told for Answer {
    fn told(&self) -> Result<Answer, CallError> {
        Ok(self.clone())
    }
}

impl<T: Serialize, E: Serialize> Told for Result<T, E> {
    fn told(&self) -> Result<Answer, CallError> {
        Ok(match self {
            Ok(answer) => Answer::Ok(raw(answer)?),
            Err(error) => Answer::Error(raw(error)?),
        })
    }
}

fn answered<T, E>(reply: Result<Reply<T, E>, CallError>) -> Result<Result<T, E>, CallError> {
    reply.map(|reply| reply.answer)
}

/// Reads a recorded answer.
fn recalled<T: DeserializeOwned, E: DeserializeOwned>(recorded: &Answer) -> Result<Result<T, E>, AskError> {
    let unreadable = |_| AskError::FailedThen {
        name: "record".to_owned(),
        reason: "the recorded answer cannot be read by this version".to_owned(),
    };
    match recorded {
        Answer::Ok(json) => serde_json::from_str(json.get()).map(Ok).map_err(unreadable),
        Answer::Error(json) => serde_json::from_str(json.get()).map(Err).map_err(unreadable),
        Answer::Failed(reason) | Answer::Skipped(reason) => {
            Err(AskError::FailedThen { name: "record".to_owned(), reason: reason.clone() })
        }
    }
}

fn question<Q: Serialize>(plugin: &str, asked: &Q) -> Result<Box<RawValue>, AskError> {
    raw(asked).map_err(|error| AskError::Failed { name: plugin.to_owned(), error })
}
