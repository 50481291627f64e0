//! Everything an edition says that does not depend on a patient.

use paratope_sdk::number::Day;
use paratope_sdk::product::{ProductMonograph, RemsProgram};
use paratope_sdk::words::{Ask, Edition, Statement};

use crate::label::Label;

/// The monograph of the edition in force on `as_of`.
pub(crate) fn monograph(label: &Label, edition: &Edition, editions: Vec<Edition>, as_of: Day) -> ProductMonograph {
    let mut statements: Vec<Statement> = Vec::new();
    for statement in label.tasks.iter().map(|task| &task.shown).chain(&label.statements) {
        if !statements.contains(statement) {
            statements.push(statement.clone());
        }
    }
    let undated = label.codes.iter().filter(|code| !code.is_dated());
    let open = undated.map(|code| Ask {
        topic: "billing".to_owned(),
        reason: format!("{}: {}; the dates it is payable on were not found", code.shown.code, code.shown.text),
        needs: Vec::new(),
    });
    ProductMonograph {
        product: label.product.clone(),
        brand: label.brand.clone(),
        generic_name: label.generic_name.clone(),
        manufacturer: label.manufacturer.clone(),
        targets: label.targets.clone(),
        class: label.class.clone(),
        route: label.route.clone(),
        edition: edition.clone(),
        editions,
        indications: label.indications.iter().map(|row| row.shown.clone()).collect(),
        presentations: label.presentations.iter().map(|row| row.shown.clone()).collect(),
        regimens: label.regimens.iter().map(|row| row.shown.clone()).collect(),
        codes: label.codes.iter().map(|code| code.shown.clone()).collect(),
        rems: label.rems.iter().map(|rems| RemsProgram { status: rems.status(as_of), ..rems.shown.clone() }).collect(),
        boxed_warnings: label.boxed_warnings.clone(),
        statements,
        rates: label.rates.clone(),
        gaps: label.gaps.iter().map(|gap| gap.ask.clone()).chain(open).collect(),
    }
}
