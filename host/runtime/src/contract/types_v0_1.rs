//! The words of `paratope:types` 0.1, to and from the domain's.

use paratope_domain as domain;
use paratope_domain::{Day, Decimal, Period};

use super::convert::{FromWit, Malformed, ToWit, enums_from, enums_to, records_from, records_to};

/// What the generator makes of `wit/types`. The other contracts' generated code uses these same types.
pub(super) mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/types",
        inline: "package paratope:runtime; world words { import paratope:types/types@0.1.0; }",
        world: "paratope:runtime/words",
    });
}

use generated::paratope::types::types as wit;

impl FromWit<String> for Day {
    fn from_wit(word: String) -> Result<Self, Malformed> {
        word.parse().map_err(|_| Malformed::new("not a day written as YYYY-MM-DD"))
    }
}

impl ToWit<String> for Day {
    fn to_wit(&self, size: &mut usize) -> String {
        self.to_string().to_wit(size)
    }
}

impl FromWit<wit::Decimal> for Decimal {
    fn from_wit(word: wit::Decimal) -> Result<Self, Malformed> {
        Self::new(word.units, word.scale)
            .map_err(|_| Malformed::new(format!("a decimal of scale {}, more than 12", word.scale)))
    }
}

impl ToWit<wit::Decimal> for Decimal {
    fn to_wit(&self, size: &mut usize) -> wit::Decimal {
        *size += size_of::<wit::Decimal>();
        wit::Decimal { units: self.units(), scale: self.scale() }
    }
}

impl FromWit<wit::Period> for Period {
    fn from_wit(word: wit::Period) -> Result<Self, Malformed> {
        let period = Self {
            first: FromWit::from_wit(word.first).map_err(|wrong: Malformed| wrong.at("first"))?,
            last: FromWit::from_wit(word.last).map_err(|wrong: Malformed| wrong.at("last"))?,
        };
        period.check().map_err(|_| Malformed::new("the last day comes before the first"))?;
        Ok(period)
    }
}

impl ToWit<wit::FactValue> for domain::FactValue {
    fn to_wit(&self, size: &mut usize) -> wit::FactValue {
        match self {
            Self::Flag(flag) => wit::FactValue::Flag(flag.to_wit(size)),
            Self::Count(count) => wit::FactValue::Count(count.to_wit(size)),
            Self::Quantity(quantity) => wit::FactValue::Quantity(quantity.to_wit(size)),
            Self::Code(code) => wit::FactValue::Code(code.to_wit(size)),
            Self::Codes(codes) => wit::FactValue::Codes(codes.to_wit(size)),
            Self::Day(day) => wit::FactValue::Day(day.to_wit(size)),
            Self::Text(text) => wit::FactValue::Text(text.to_wit(size)),
        }
    }
}

records_to! {
    domain::Quantity => wit::Quantity { value, unit }
    domain::Fact => wit::Fact { code, value, observed_on, source }
    domain::VialUse => wit::VialUse { presentation, ndc, count, content }
}

enums_to! {
    domain::PhaseKind => wit::PhaseKind { Pretreatment, StepUp, FirstFull, Maintenance }
}

records_from! {
    wit::Quantity => domain::Quantity { value, unit }
    wit::Citation => domain::Citation { document, edition, section, url, basis, confidence }
    wit::Need => domain::Need { fact, reason }
    wit::Finding => domain::Finding { id, within, kind, status, statement, reason, needs, evidence, citations }
    wit::Statement => domain::Statement { code, text, citations }
    wit::Ask => domain::Ask { topic, reason, needs }
    wit::Edition => domain::Edition { id, document, effective }
    wit::VialUse => domain::VialUse { presentation, ndc, count, content }
}

enums_from! {
    wit::Confidence => domain::Confidence { Sourced, Inferred, Derived, Recalled, Unknown }
    wit::Basis => domain::Basis { Label, Guideline, Literature, Policy, Regulation, CodeTable, Arithmetic }
    wit::FindingStatus => domain::FindingStatus { Met, Unmet, Unknown, NotApplicable }
    wit::PhaseKind => domain::PhaseKind { Pretreatment, StepUp, FirstFull, Maintenance }
}
