//! All editions of one product's label, and the five questions of the contract.

use paratope_sdk::configure::Summary;
use paratope_sdk::document::{Dated, Diagnostic, Document, succeed};
use paratope_sdk::number::{self, Day};
use paratope_sdk::product::{
    DoseRequirements, Error, ManageRequest, Management, NextDoseRequest, NextStep, PlanRequest, ProductMonograph,
    RequirementsRequest, TreatmentPlan,
};
use paratope_sdk::words::Edition;

use crate::compile::{compile, problem};
use crate::label::Label;
use crate::{manage, monograph, next_dose, plan, requirements};

/// All editions of one product's label, checked.
#[derive(Debug, Clone)]
pub struct Labels {
    editions: Vec<Dated<Label>>,
    warnings: Vec<Diagnostic>,
}

impl Labels {
    /// Checks `documents` and keeps the labels among them: `label/<first day>.toml`, one for each edition.
    ///
    /// # Errors
    /// Everything that must be put right, with line and column.
    pub fn compile(documents: &[Document]) -> Result<Self, Vec<Diagnostic>> {
        let mut editions = Vec::new();
        let mut warnings = Vec::new();
        let mut errors = Vec::new();
        for document in documents.iter().filter(|document| is_label(&document.path)) {
            match compile(document) {
                Ok((edition, found)) => {
                    editions.push(edition);
                    warnings.extend(found);
                }
                Err(found) => errors.extend(found),
            }
        }
        if editions.is_empty() && errors.is_empty() {
            let help = Some("add label/<first day>.toml, such as label/2026-03-05.toml".to_owned());
            errors.push(problem("label", "there is no label document".to_owned(), help));
        }
        let product = editions.first().map(|edition| edition.content.product.clone()).unwrap_or_default();
        for edition in editions.iter().filter(|edition| edition.content.product != product) {
            let path = format!("label/{}.toml", edition.edition.id);
            let message = format!("the product is `{}`, elsewhere `{product}`", edition.content.product);
            errors.push(problem(&path, message, Some("one plugin has one product".to_owned())));
        }
        if let Err(day) = succeed(&mut editions) {
            let path = format!("label/{day}.toml");
            errors.push(problem(&path, format!("two editions begin on {day}"), None));
        }
        if errors.is_empty() { Ok(Self { editions, warnings }) } else { Err(errors) }
    }

    /// What was compiled.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            subject: self.editions.first().map(|edition| edition.content.product.clone()).unwrap_or_default(),
            editions: self.editions.iter().map(|edition| edition.edition.id.clone()).collect(),
            rules: self.editions.iter().map(|edition| edition.content.rules).sum(),
            warnings: self.warnings.clone(),
        }
    }

    /// Everything the edition in force on `as_of` says that does not depend on a patient.
    ///
    /// # Errors
    /// When `as_of` is not a day, or no edition governs it.
    pub fn monograph(&self, as_of: &str) -> Result<ProductMonograph, Error> {
        let as_of = read_day(as_of, "as-of")?;
        let edition = self.on(as_of)?;
        let editions: Vec<Edition> = self.editions.iter().map(|edition| edition.edition.clone()).collect();
        Ok(monograph::monograph(&edition.content, &edition.edition, editions, as_of))
    }

    /// Plans a course dose by dose.
    ///
    /// # Errors
    /// When the request cannot be read, or the label does not cover it.
    pub fn plan(&self, request: &PlanRequest) -> Result<TreatmentPlan, Error> {
        let start = read_day(&request.start, "start")?;
        let edition = self.on(start)?;
        plan::plan(&edition.content, &edition.edition, start, request)
    }

    /// Tells the next dose from what was given.
    ///
    /// # Errors
    /// When the request cannot be read, or the label does not cover it.
    pub fn next_dose(&self, request: &NextDoseRequest) -> Result<NextStep, Error> {
        let as_of = read_day(&request.as_of, "as-of")?;
        let edition = self.on(as_of)?;
        next_dose::next_dose(&edition.content, &edition.edition, as_of, request)
    }

    /// Tells what to do about a toxicity.
    ///
    /// # Errors
    /// When the request cannot be read, or the label does not cover it.
    pub fn manage(&self, request: &ManageRequest) -> Result<Management, Error> {
        let as_of = read_day(&request.as_of, "as-of")?;
        let edition = self.on(as_of)?;
        manage::manage(&edition.content, &edition.edition, as_of, request)
    }

    /// Judges what must be true before a dose.
    ///
    /// # Errors
    /// When the request cannot be read, or the label does not cover it.
    pub fn requirements(&self, request: &RequirementsRequest) -> Result<DoseRequirements, Error> {
        let as_of = read_day(&request.as_of, "as-of")?;
        let edition = self.on(as_of)?;
        requirements::requirements(&edition.content, &edition.edition, as_of, request)
    }

    /// The edition that governs services on `day`.
    fn on(&self, day: Day) -> Result<&Dated<Label>, Error> {
        self.editions.iter().find(|edition| edition.governs(day)).ok_or_else(|| {
            let first = self.editions.first().map(|edition| edition.first.to_string()).unwrap_or_default();
            Error::OutsideLabel(format!("no edition of the label governs {day}; the first begins on {first}"))
        })
    }
}

fn is_label(path: &str) -> bool {
    path.starts_with("label/") && path.ends_with(".toml")
}

fn read_day(text: &str, what: &str) -> Result<Day, Error> {
    number::day(text).map_err(|why| Error::BadRequest(format!("{what}: {why}")))
}
