//! From a case's request, written in TOML, to the contract's request.

use paratope_sdk::product::{
    GivenDose, ManageRequest, NextDoseRequest, PlanRequest, RequirementsRequest, ToxicityEvent,
};
use paratope_sdk::words::{Decimal, Fact, FactValue, Quantity};
use toml::Value;

/// A request as a case writes it.
pub struct Request<'a>(pub &'a Value);

impl Request<'_> {
    /// A field that is words.
    pub fn text(&self, key: &str) -> String {
        self.maybe(key).unwrap_or_default()
    }

    /// The request of `plan`.
    pub fn plan(&self) -> PlanRequest {
        PlanRequest {
            indication: self.text("indication"),
            regimen: self.text("regimen"),
            start: self.text("start"),
            doses: self.number("doses").unwrap_or(1),
            facts: self.facts(),
        }
    }

    /// The request of `next-dose`.
    pub fn next_dose(&self) -> NextDoseRequest {
        NextDoseRequest {
            indication: self.text("indication"),
            regimen: self.text("regimen"),
            as_of: self.text("as-of"),
            history: self
                .list("history")
                .map(|dose| GivenDose {
                    phase: dose.text("phase"),
                    day: dose.text("day"),
                    amount: dose.0.get("amount").map(quantity),
                    cycle: dose.number("cycle"),
                    cycle_day: dose.number("cycle-day"),
                })
                .collect(),
            facts: self.facts(),
        }
    }

    /// The request of `manage`.
    pub fn manage(&self) -> ManageRequest {
        let event = Request(&self.0["event"]);
        ManageRequest {
            indication: self.text("indication"),
            regimen: self.text("regimen"),
            as_of: self.text("as-of"),
            event: ToxicityEvent {
                kind: event.text("kind"),
                grade: event.number("grade").map(|grade| u8::try_from(grade).unwrap()),
                occurrence: event.number("occurrence"),
                hours: event.number("hours"),
                phase: event.maybe("phase"),
            },
            facts: self.facts(),
        }
    }

    /// The request of `requirements`.
    pub fn requirements(&self) -> RequirementsRequest {
        RequirementsRequest {
            indication: self.text("indication"),
            regimen: self.text("regimen"),
            phase: self.text("phase"),
            as_of: self.text("as-of"),
            facts: self.facts(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        self.list("facts")
            .map(|fact| Fact {
                code: fact.text("code"),
                value: value(&fact.0["value"]),
                observed_on: fact.maybe("observed-on"),
                source: fact.maybe("source"),
            })
            .collect()
    }

    fn maybe(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| value.as_str().unwrap_or_else(|| panic!("{key} is not text")).to_owned())
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.0.get(key).map(|value| u32::try_from(value.as_integer().unwrap()).unwrap())
    }

    fn list(&self, key: &str) -> impl Iterator<Item = Request<'_>> {
        self.0.get(key).and_then(Value::as_array).into_iter().flatten().map(Request)
    }
}

fn value(value: &Value) -> FactValue {
    let (case, value) = value.as_table().unwrap().iter().next().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match case.as_str() {
        "flag" => FactValue::Flag(value.as_bool().unwrap()),
        "count" => FactValue::Count(u32::try_from(value.as_integer().unwrap()).unwrap()),
        "quantity" => FactValue::Quantity(quantity(value)),
        "code" => FactValue::Code(text(value)),
        "codes" => FactValue::Codes(value.as_array().unwrap().iter().map(text).collect()),
        "day" => FactValue::Day(text(value)),
        "text" => FactValue::Text(text(value)),
        other => panic!("no such case of a fact's value: {other}"),
    }
}

fn quantity(value: &Value) -> Quantity {
    Quantity { value: decimal(value["value"].as_str().unwrap()), unit: value["unit"].as_str().unwrap().to_owned() }
}

/// `1.50` as 150 times ten to the power of minus 2.
fn decimal(text: &str) -> Decimal {
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    let scale = text.split_once('.').map_or(0, |(_, after)| after.len());
    Decimal { units: digits.parse().unwrap(), scale: u8::try_from(scale).unwrap() }
}
