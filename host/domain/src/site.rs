//! Sites: where doses are given, and what each place can do.
//!
//! What a site has not told is `None`: clearance then asks, it does not assume.

use serde::{Deserialize, Serialize};

use crate::{Day, Period};

/// A place that gives doses, as its people describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Site {
    /// Short name used in requests, such as `riverbend`.
    pub id: String,
    /// The name people use.
    pub name: String,
    /// National provider identifier of the facility.
    pub npi: Option<String>,
    /// Settings in which the site gives doses: `office`, `infusion-center`, `hospital-outpatient`, `observation`,
    /// `inpatient`, `home`.
    pub settings: Vec<String>,
    /// It gives step-up and first full doses.
    pub step_up: Option<bool>,
    /// It gives maintenance doses.
    pub maintenance: Option<bool>,
    /// Longest time a patient can be watched without a bed, in hours.
    pub observation_hours: Option<u32>,
    /// Patients can stay overnight.
    pub overnight: Option<bool>,
    /// The hospital that admits its patients.
    pub hospital: Option<Hospital>,
    /// Someone who knows the drugs answers day and night.
    pub contact_24h: Option<bool>,
    /// Products its staff are trained for.
    #[serde(default)]
    pub trained: Vec<Training>,
    /// REMS certifications it holds.
    #[serde(default)]
    pub rems: Vec<RemsCertification>,
    /// Rescue drug in the building.
    #[serde(default)]
    pub rescue_stock: Vec<RescueStock>,
}

/// The hospital that would admit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hospital {
    /// Its name.
    pub name: String,
    /// Minutes from the site by road.
    pub minutes: Option<u32>,
    /// A transfer agreement is signed.
    pub transfer_agreement: Option<bool>,
    /// Both read one record.
    pub shared_record: Option<bool>,
}

/// Staff trained for a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Training {
    /// The product.
    pub product: String,
    /// The days the training is valid.
    #[serde(default)]
    pub valid: Period,
}

/// A certification in a REMS programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemsCertification {
    /// The programme, as the product's monograph names it.
    pub program: String,
    /// The days it is valid.
    #[serde(default)]
    pub valid: Period,
}

/// A rescue drug in stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RescueStock {
    /// Such as `tyenne`.
    pub product: String,
    /// Full adult doses on the shelf, as the pharmacy counts them.
    pub doses: u32,
    /// Lot.
    pub lot: Option<String>,
    /// The day the stock was counted.
    pub counted_on: Day,
    /// The day its lot was checked against recalls.
    pub recall_checked_on: Option<Day>,
}

impl Site {
    /// Whether it holds a certification of `program` that is valid on `day`.
    pub fn certified(&self, program: &str, day: Day) -> bool {
        self.rems.iter().any(|held| held.program == program && held.valid.contains(day))
    }

    /// Finds what cannot be: an empty id, a period that ends before it begins.
    ///
    /// # Errors
    /// Where in the profile, and what.
    pub fn check(&self) -> Result<(), (String, String)> {
        let slug =
            !self.id.is_empty() && self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !slug {
            return Err(("/id".to_owned(), "an id is lower-case letters, digits and hyphens".to_owned()));
        }
        for (at, setting) in self.settings.iter().enumerate() {
            if !SETTINGS.contains(&setting.as_str()) {
                return Err((format!("/settings/{at}"), format!("not a setting; accepted: {}", SETTINGS.join(", "))));
            }
        }
        let periods = self.trained.iter().enumerate().map(|(at, held)| (format!("/trained/{at}/valid"), &held.valid));
        let certified = self.rems.iter().enumerate().map(|(at, held)| (format!("/rems/{at}/valid"), &held.valid));
        for (pointer, period) in periods.chain(certified) {
            period.check().map_err(|why| (pointer, why.to_string()))?;
        }
        Ok(())
    }
}

/// The settings a dose may be given in.
pub const SETTINGS: &[&str] = &["office", "infusion-center", "hospital-outpatient", "observation", "inpatient", "home"];
