//! What the plugins answered, and what became of those that did not.

use serde::{Deserialize, Serialize};

use crate::payer::{Assessment, Bill, PayerError, Preferred};
use crate::product::{DoseRequirements, NextStep, PlannedDose, ProductError, ProductMonograph};

/// An answer, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T, E> {
    /// The plugin answered.
    Given(T),
    /// The plugin says why it cannot.
    Refused(E),
    /// The plugin failed: it trapped, ran out of time or lied. In words, without patient data.
    Failed(String),
    /// It was not asked, because.
    NotAsked(String),
}

impl<T, E: std::fmt::Display> Answer<T, E> {
    /// The answer, or in a sentence why there is none.
    ///
    /// # Errors
    /// The sentence.
    pub fn get(&self) -> Result<&T, String> {
        match self {
            Self::Given(answer) => Ok(answer),
            Self::Refused(error) => Err(error.to_string()),
            Self::Failed(why) => Err(format!("the plugin failed and gave no answer: {why}")),
            Self::NotAsked(why) => Err(why.clone()),
        }
    }
}

/// What the product plugin said of one ordered dose, and the payer of its bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseAnswer {
    /// What the label says comes next on that day, after everything given and ordered before it.
    pub next: Answer<NextStep, ProductError>,
    /// How it is billed.
    pub bill: Answer<Bill, PayerError>,
}

impl DoseAnswer {
    /// The dose as the label plans it.
    #[must_use]
    pub fn planned(&self) -> Option<&PlannedDose> {
        self.next.get().ok()?.dose.as_ref()
    }
}

/// Everything the plugins answered to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// What the label says on the first day.
    pub monograph: Answer<ProductMonograph, ProductError>,
    /// One for each ordered dose, in order.
    pub doses: Vec<DoseAnswer>,
    /// What must be true before the first dose.
    pub requirements: Answer<DoseRequirements, ProductError>,
    /// What the payer's rules say.
    pub assessment: Answer<Assessment, PayerError>,
    /// Which rescue drug the payer prefers.
    pub preferred: Answer<Preferred, PayerError>,
}
