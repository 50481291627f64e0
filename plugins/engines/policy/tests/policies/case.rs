//! Case files: a request and a part of the answer it must give, in TOML that mirrors the contract.

use paratope_sdk::payer::*;
use paratope_sdk::words::*;
use toml::{Table, Value};

/// Whatever answers as a payer plugin.
pub trait Answers {
    fn profile(&self, as_of: &str) -> Result<PayerProfile, Error>;
    fn assess(&self, request: &AssessRequest) -> Result<Assessment, Error>;
    fn prefer(&self, request: &PreferRequest) -> Result<Preferred, Error>;
    fn billing(&self, request: &BillingRequest) -> Result<Bill, Error>;
}

/// Runs one case; the difference, when there is one.
pub fn run(policies: &impl Answers, case: &Table) -> Result<(), String> {
    let request = case.get("request").and_then(Value::as_table).ok_or("no [request]")?;
    let answer = match text(case, "function")?.as_str() {
        "profile" => policies.profile(&text(request, "as-of")?).map(tell::profile),
        "assess" => policies.assess(&read::assess(request)?).map(tell::assessment),
        "prefer" => policies.prefer(&read::prefer(request)?).map(tell::preferred),
        "billing" => policies.billing(&read::billing(request)?).map(tell::bill),
        other => return Err(format!("no function `{other}`")),
    };
    match (answer, case.get("expect"), case.get("expect-error").and_then(Value::as_table)) {
        (Ok(answer), Some(wanted), None) => holds(wanted, &Value::Table(answer), "answer"),
        (Err(error), None, Some(wanted)) => {
            let (kind, message) = match &error {
                Error::NoPolicy(message) => ("no-policy", message),
                Error::BadRequest(message) => ("bad-request", message),
                Error::Other(message) => ("other", message),
            };
            match wanted.get(kind).and_then(Value::as_str) {
                Some(part) if message.contains(part) => Ok(()),
                _ => Err(format!("another error: {error:?}")),
            }
        }
        (answer, ..) => Err(format!("neither the answer nor the error that was expected: {answer:#?}")),
    }
}

/// Tables hold when each key does; a list holds when each wanted element is matched by one of the answer, in order.
fn holds(wanted: &Value, answer: &Value, at: &str) -> Result<(), String> {
    match (wanted, answer) {
        (Value::Table(wanted), Value::Table(answer)) => wanted.iter().try_for_each(|(key, value)| {
            let found = answer.get(key).ok_or_else(|| format!("{at}.{key} is absent: {answer:#?}"))?;
            holds(value, found, &format!("{at}.{key}"))
        }),
        (Value::Array(wanted), Value::Array(answer)) => {
            // An empty list asks for an empty list.
            if wanted.is_empty() && !answer.is_empty() {
                return Err(format!("{at} is not empty: {answer:#?}"));
            }
            let mut rest = answer.iter();
            wanted.iter().try_for_each(|wanted| {
                if rest.any(|found| holds(wanted, found, at).is_ok()) {
                    Ok(())
                } else {
                    Err(format!("{at} lacks, in order, {wanted}\nin {answer:#?}"))
                }
            })
        }
        _ if wanted == answer => Ok(()),
        _ => Err(format!("{at}: {answer} instead of {wanted}")),
    }
}

fn text(table: &Table, key: &str) -> Result<String, String> {
    maybe(table, key).ok_or_else(|| format!("no `{key}`"))
}

fn maybe(table: &Table, key: &str) -> Option<String> {
    table.get(key).and_then(Value::as_str).map(str::to_owned)
}

pub mod read {
    use super::*;

    pub fn assess(table: &Table) -> Result<AssessRequest, String> {
        known(
            table,
            &["coverage", "service-day", "product", "indication", "regimen", "stage", "diagnosis", "lines", "facts"],
        )?;
        Ok(AssessRequest {
            coverage: coverage(table)?,
            service_day: text(table, "service-day")?,
            product: text(table, "product")?,
            indication: text(table, "indication")?,
            regimen: text(table, "regimen")?,
            stage: match text(table, "stage")?.as_str() {
                "initial" => Stage::Initial,
                "renewal" => Stage::Renewal,
                other => return Err(format!("stage `{other}`")),
            },
            diagnosis: words(table, "diagnosis"),
            lines: tables(table, "lines").into_iter().map(line).collect::<Result<_, _>>()?,
            facts: facts(table)?,
        })
    }

    fn line(table: &Table) -> Result<RequestLine, String> {
        known(
            table,
            &[
                "phase",
                "kind",
                "day",
                "cycle",
                "cycle-day",
                "amount",
                "code",
                "units",
                "discarded-units",
                "vials",
                "setting",
            ],
        )?;
        Ok(RequestLine {
            phase: text(table, "phase")?,
            kind: match text(table, "kind")?.as_str() {
                "pretreatment" => PhaseKind::Pretreatment,
                "step-up" => PhaseKind::StepUp,
                "first-full" => PhaseKind::FirstFull,
                "maintenance" => PhaseKind::Maintenance,
                other => return Err(format!("kind `{other}`")),
            },
            day: text(table, "day")?,
            cycle: number(table, "cycle"),
            cycle_day: number(table, "cycle-day").ok_or("no cycle-day")?,
            amount: table.get("amount").and_then(Value::as_table).map(quantity).transpose()?,
            code: maybe(table, "code"),
            units: number(table, "units"),
            discarded_units: number(table, "discarded-units"),
            vials: tables(table, "vials")
                .into_iter()
                .map(|vial| {
                    Ok::<_, String>(VialUse {
                        presentation: text(vial, "presentation")?,
                        ndc: maybe(vial, "ndc"),
                        count: number(vial, "count").ok_or("no count")?,
                    })
                })
                .collect::<Result<_, _>>()?,
            setting: text(table, "setting")?,
        })
    }

    pub fn prefer(table: &Table) -> Result<PreferRequest, String> {
        known(
            table,
            &[
                "coverage",
                "service-day",
                "class",
                "requested",
                "presentation",
                "use-for",
                "emergency",
                "history",
                "facts",
            ],
        )?;
        Ok(PreferRequest {
            coverage: coverage(table)?,
            service_day: text(table, "service-day")?,
            class: text(table, "class")?,
            requested: maybe(table, "requested"),
            presentation: maybe(table, "presentation"),
            use_for: text(table, "use-for")?,
            emergency: flag(table, "emergency")?,
            history: tables(table, "history")
                .into_iter()
                .map(|table| {
                    Ok::<_, String>(Exposure {
                        product: text(table, "product")?,
                        result: match text(table, "result")?.as_str() {
                            "ongoing" => ExposureResult::Ongoing,
                            "completed" => ExposureResult::Completed,
                            "ineffective" => ExposureResult::Ineffective,
                            "intolerant" => ExposureResult::Intolerant,
                            "contraindicated" => ExposureResult::Contraindicated,
                            other => return Err(format!("result `{other}`")),
                        },
                        last_day: maybe(table, "last-day"),
                        proof: maybe(table, "proof"),
                    })
                })
                .collect::<Result<_, _>>()?,
            facts: facts(table)?,
        })
    }

    pub fn billing(table: &Table) -> Result<BillingRequest, String> {
        known(
            table,
            &[
                "coverage",
                "service-day",
                "product",
                "setting",
                "diagnosis",
                "code",
                "units",
                "discarded-units",
                "container-single-dose",
                "ndc",
                "channel",
                "facts",
            ],
        )?;
        Ok(BillingRequest {
            coverage: coverage(table)?,
            service_day: text(table, "service-day")?,
            product: text(table, "product")?,
            setting: text(table, "setting")?,
            diagnosis: words(table, "diagnosis"),
            code: maybe(table, "code"),
            units: number(table, "units"),
            discarded_units: number(table, "discarded-units"),
            container_single_dose: flag(table, "container-single-dose")?,
            ndc: maybe(table, "ndc"),
            channel: text(table, "channel")?,
            facts: facts(table)?,
        })
    }

    fn coverage(table: &Table) -> Result<Coverage, String> {
        let table = table.get("coverage").and_then(Value::as_table).ok_or("no coverage")?;
        known(table, &["line-of-business", "group", "state", "delegate", "funding"])?;
        Ok(Coverage {
            line_of_business: text(table, "line-of-business")?,
            group: maybe(table, "group"),
            state: maybe(table, "state"),
            delegate: maybe(table, "delegate"),
            funding: maybe(table, "funding"),
        })
    }

    fn facts(table: &Table) -> Result<Vec<Fact>, String> {
        tables(table, "facts")
            .into_iter()
            .map(|table| {
                known(table, &["code", "value", "observed-on", "source"])?;
                let value = table.get("value").and_then(Value::as_table).ok_or("no value")?;
                let (case, value) = value.iter().next().ok_or("an empty value")?;
                let value = match (case.as_str(), value) {
                    ("flag", Value::Boolean(flag)) => FactValue::Flag(*flag),
                    ("count", Value::Integer(count)) => FactValue::Count(u32::try_from(*count).unwrap()),
                    ("quantity", Value::Table(table)) => FactValue::Quantity(quantity(table)?),
                    ("code", Value::String(code)) => FactValue::Code(code.clone()),
                    ("day", Value::String(day)) => FactValue::Day(day.clone()),
                    ("text", Value::String(text)) => FactValue::Text(text.clone()),
                    ("codes", Value::Array(codes)) => {
                        FactValue::Codes(codes.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                    }
                    _ => return Err(format!("a fact value `{case}` of {value}")),
                };
                Ok(Fact {
                    code: text(table, "code")?,
                    value,
                    observed_on: maybe(table, "observed-on"),
                    source: maybe(table, "source"),
                })
            })
            .collect()
    }

    fn quantity(table: &Table) -> Result<Quantity, String> {
        let value = text(table, "value")?;
        let (whole, part) = value.split_once('.').unwrap_or((&value, ""));
        let units = format!("{whole}{part}").parse().map_err(|_| format!("`{value}` is not a decimal"))?;
        let scale = u8::try_from(part.len()).map_err(|_| "too many digits")?;
        Ok(Quantity { value: Decimal { units, scale }, unit: text(table, "unit")? })
    }

    fn known(table: &Table, keys: &[&str]) -> Result<(), String> {
        match table.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => Err(format!("no such key: `{key}`")),
            None => Ok(()),
        }
    }

    fn tables<'a>(table: &'a Table, key: &str) -> Vec<&'a Table> {
        table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table).collect()
    }

    fn words(table: &Table, key: &str) -> Vec<String> {
        let list = table.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn number(table: &Table, key: &str) -> Option<u32> {
        table.get(key).and_then(Value::as_integer).map(|number| u32::try_from(number).unwrap())
    }

    fn flag(table: &Table, key: &str) -> Result<bool, String> {
        table.get(key).and_then(Value::as_bool).ok_or_else(|| format!("no `{key}`"))
    }
}

mod tell {
    use super::*;

    type Row = Vec<(&'static str, Option<Value>)>;

    fn row(cells: Row) -> Table {
        cells.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }

    fn word(word: &str) -> Option<Value> {
        Some(Value::String(word.to_owned()))
    }

    /// A word of an enum: its name in kebab-case.
    fn name(debug: &impl std::fmt::Debug) -> Option<Value> {
        let debug = format!("{debug:?}");
        let debug = debug.rsplit("::").next().unwrap();
        let mut name = String::new();
        for c in debug.chars() {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(c.to_ascii_lowercase());
        }
        Some(Value::String(name))
    }

    fn whole(number: u32) -> Option<Value> {
        Some(Value::Integer(number.into()))
    }

    fn list<T>(list: Vec<T>, tell: impl Fn(T) -> Table) -> Option<Value> {
        Some(Value::Array(list.into_iter().map(|item| Value::Table(tell(item))).collect()))
    }

    fn words(list: Vec<String>) -> Option<Value> {
        Some(Value::Array(list.into_iter().map(Value::String).collect()))
    }

    fn decimal(decimal: Decimal) -> Option<Value> {
        word(&paratope_sdk::number::exact(decimal).unwrap().normalize().to_string())
    }

    fn citation(it: Citation) -> Table {
        row(vec![
            ("document", word(&it.document)),
            ("edition", word(&it.edition)),
            ("section", word(&it.section)),
            ("url", it.url.as_deref().and_then(word)),
            ("basis", name(&it.basis)),
            ("confidence", name(&it.confidence)),
        ])
    }

    fn need(it: Need) -> Table {
        row(vec![("fact", word(&it.fact)), ("reason", word(&it.reason))])
    }

    fn ask(it: Ask) -> Table {
        row(vec![("topic", word(&it.topic)), ("reason", word(&it.reason)), ("needs", list(it.needs, need))])
    }

    fn statement(it: Statement) -> Table {
        row(vec![("code", word(&it.code)), ("text", word(&it.text)), ("citations", list(it.citations, citation))])
    }

    fn finding(it: Finding) -> Table {
        row(vec![
            ("id", word(&it.id)),
            ("within", it.within.as_deref().and_then(word)),
            ("kind", word(&it.kind)),
            ("status", name(&it.status)),
            ("statement", word(&it.statement)),
            ("reason", word(&it.reason)),
            ("needs", list(it.needs, need)),
            ("evidence", words(it.evidence)),
            ("citations", list(it.citations, citation)),
        ])
    }

    fn policy(it: Policy) -> Table {
        let effective = row(vec![
            ("first", it.edition.effective.first.as_deref().and_then(word)),
            ("last", it.edition.effective.last.as_deref().and_then(word)),
        ]);
        let edition = row(vec![
            ("id", word(&it.edition.id)),
            ("document", word(&it.edition.document)),
            ("effective", Some(Value::Table(effective))),
        ]);
        row(vec![
            ("id", word(&it.id)),
            ("title", word(&it.title)),
            ("subject-kind", name(&it.subject_kind)),
            ("subject", word(&it.subject)),
            ("lines-of-business", words(it.lines_of_business)),
            ("edition", Some(Value::Table(edition))),
            ("citations", list(it.citations, citation)),
        ])
    }

    pub fn profile(it: PayerProfile) -> Table {
        row(vec![
            ("payer", word(&it.payer)),
            ("name", word(&it.name)),
            ("operator", name(&it.operator)),
            ("lines-of-business", words(it.lines_of_business)),
            ("policies", list(it.policies, policy)),
            ("gaps", list(it.gaps, ask)),
        ])
    }

    pub fn assessment(it: Assessment) -> Table {
        row(vec![
            ("policy", Some(Value::Table(policy(it.policy)))),
            ("operator", name(&it.operator)),
            ("outcome", name(&it.outcome)),
            ("findings", list(it.findings, finding)),
            ("terms", Some(Value::Table(terms(it.terms)))),
            ("redirects", list(it.redirects, statement)),
            ("needs", list(it.needs, need)),
            ("asks", list(it.asks, ask)),
        ])
    }

    fn terms(it: Terms) -> Table {
        row(vec![
            ("limits", list(it.limits, limit)),
            (
                "durations",
                list(it.durations, |it| {
                    row(vec![
                        ("stage", name(&it.stage)),
                        ("amount", whole(it.amount)),
                        ("unit", word(&it.unit)),
                        ("anchor", word(&it.anchor)),
                        ("renewable", it.renewable.map(Value::Boolean)),
                        ("citations", list(it.citations, citation)),
                    ])
                }),
            ),
            (
                "documents",
                list(it.documents, |it| {
                    row(vec![
                        ("id", word(&it.id)),
                        ("text", word(&it.text)),
                        ("missing", name(&it.missing)),
                        ("status", Some(Value::Table(finding(it.status)))),
                    ])
                }),
            ),
            (
                "channels",
                list(it.channels, |it| {
                    row(vec![
                        ("id", word(&it.id)),
                        ("rule", word(&it.rule)),
                        ("citations", list(it.citations, citation)),
                    ])
                }),
            ),
            ("submission", list(it.submission, statement)),
            (
                "clocks",
                list(it.clocks, |it| {
                    row(vec![
                        ("id", word(&it.id)),
                        ("text", word(&it.text)),
                        ("priority", word(&it.priority)),
                        ("hours", it.hours.and_then(whole)),
                        ("calendar-days", it.calendar_days.and_then(whole)),
                        ("citations", list(it.citations, citation)),
                    ])
                }),
            ),
            ("linked", list(it.linked, statement)),
        ])
    }

    fn limit(it: Limit) -> Table {
        let window = match it.window {
            Window::PerDose => word("per-dose"),
            Window::PerAuthorization => word("per-authorization"),
            Window::Lifetime => word("lifetime"),
            Window::RollingDays(days) => Some(Value::Table(row(vec![("rolling-days", whole(days))]))),
            Window::CycleDay((cycle, day)) => {
                let pair = Value::Array(vec![Value::Integer(cycle.into()), Value::Integer(day.into())]);
                Some(Value::Table(row(vec![("cycle-day", Some(pair))])))
            }
        };
        row(vec![
            ("finding", Some(Value::Table(finding(it.finding)))),
            ("measure", name(&it.measure)),
            ("counts", it.counts.as_deref().and_then(word)),
            ("amount", decimal(it.amount)),
            ("window", window),
            ("includes-waste", it.includes_waste.map(Value::Boolean)),
            ("requested", it.requested.and_then(decimal)),
        ])
    }

    pub fn preferred(it: Preferred) -> Table {
        row(vec![
            ("policy", Some(Value::Table(policy(it.policy)))),
            ("operator", name(&it.operator)),
            (
                "tiers",
                list(it.tiers, |it| {
                    row(vec![
                        ("rank", whole(it.rank)),
                        (
                            "products",
                            list(it.products, |it| {
                                row(vec![
                                    ("product", word(&it.product)),
                                    ("brand", word(&it.brand)),
                                    ("code", it.code.as_deref().and_then(word)),
                                    ("presentations", words(it.presentations)),
                                ])
                            }),
                        ),
                    ])
                }),
            ),
            ("requested", it.requested.as_ref().and_then(name)),
            ("reason", word(&it.reason)),
            ("findings", list(it.findings, finding)),
            ("duties", list(it.duties, statement)),
            ("needs", list(it.needs, need)),
            ("asks", list(it.asks, ask)),
            ("citations", list(it.citations, citation)),
        ])
    }

    pub fn bill(it: Bill) -> Table {
        row(vec![
            ("policy", Some(Value::Table(policy(it.policy)))),
            (
                "lines",
                list(it.lines, |it| {
                    row(vec![
                        ("code", word(&it.code)),
                        ("units", whole(it.units)),
                        ("modifiers", words(it.modifiers)),
                        ("text", word(&it.text)),
                        ("citations", list(it.citations, citation)),
                    ])
                }),
            ),
            ("edits", list(it.edits, finding)),
            ("payment-basis", list(it.payment_basis, statement)),
            ("asks", list(it.asks, ask)),
        ])
    }
}
