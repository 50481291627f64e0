//! How a dose is billed: drug lines with their modifiers, the code for giving it, and the edits the claim must pass.
//!
//! Units come with the request and are checked, never looked up. What is not known becomes a question, not a line.

use paratope_sdk::facts::Known;
use paratope_sdk::payer::{Bill, BillLine, BillingRequest, Channel, Error};
use paratope_sdk::words::{Ask, Basis, Citation, Confidence, FactValue, Finding, FindingStatus, Need};

use crate::policy::{Administration, Billing, Code, Modifier, Policies, Policy};
use crate::request::Case;
use crate::terms::{holding, statements};

impl Policies {
    /// Tells how a dose is billed.
    ///
    /// # Errors
    /// `no-policy` where nothing here covers it; `bad-request` where it cannot be read.
    pub fn billing(&self, request: &BillingRequest) -> Result<Bill, Error> {
        let mut case = Case::billing(request)?;
        let policy = self.about(&request.product, &request.coverage.line_of_business, case.day)?;
        let silent = Billing::default();
        let rules = policy.billing.as_ref().unwrap_or(&silent);
        // A code taken from the table is what the rules read, too.
        if request.code.is_none()
            && let Some(row) = rules.code_of(request, &case)
        {
            case.asked = std::mem::take(&mut case.asked).code("request.code", &row.code);
        }
        let mut desk =
            Desk { request, case: &case, policy, rules, lines: Vec::new(), edits: Vec::new(), asks: Vec::new() };
        let channels = self.channels(policy, &case, &mut desk.asks);
        desk.channel(&channels);
        let code = desk.code();
        desk.drug(code.as_deref());
        desk.administration();
        desk.edits();
        let payment_basis = statements(&desk.rules.payment, &case, &mut desk.asks, "payment");
        Ok(Bill { policy: policy.record.clone(), lines: desk.lines, edits: desk.edits, payment_basis, asks: desk.asks })
    }
}

/// One bill being made.
struct Desk<'a> {
    request: &'a BillingRequest,
    case: &'a Case<'a>,
    policy: &'a Policy,
    rules: &'a Billing,
    lines: Vec<BillLine>,
    edits: Vec<Finding>,
    asks: Vec<Ask>,
}

impl Desk<'_> {
    /// Judges how the drug is bought against the payer's channels.
    fn channel(&mut self, channels: &[Channel]) {
        let own = self.request.channel.as_deref().unwrap_or("a way that is not told");
        for channel in channels {
            let status = match channel.rule.as_str() {
                "required" | "forbidden" if self.request.channel.is_none() => FindingStatus::Unknown,
                "required" if channel.id == own => FindingStatus::Met,
                // A pharmacy supplies it; under which benefit is not told.
                "required" if channel.id == "pharmacy-benefit" && matches!(own, "white-bag" | "clear-bag") => {
                    FindingStatus::Unknown
                }
                "forbidden" if channel.id != own => FindingStatus::Met,
                "required" | "forbidden" => FindingStatus::Unmet,
                _ => continue,
            };
            let statement = format!("{} is {}", channel.id, channel.rule);
            let id = format!("channel-{}-{}", channel.id, channel.rule);
            self.edit(&id, "benefit-channel", status, &statement, format!("it is bought by {own}"), &channel.citations);
        }
    }

    /// The code to bill, judged against the payer's table.
    fn code(&mut self) -> Option<String> {
        let of_product = || self.rules.codes.iter().filter(|row| row.product == self.request.product);
        let here = |row: &&Code| within(&row.settings, &self.request.setting);
        let Some(code) = &self.request.code else {
            return match self.rules.code_of(self.request, self.case) {
                Some(row) => {
                    self.asks.extend(row.question());
                    Some(row.code.clone())
                }
                None => {
                    self.ask(
                        "code",
                        "the request tells no code, and the policy has none for it on that day",
                        Vec::new(),
                    );
                    None
                }
            };
        };
        let named = of_product().find(|row| row.code == *code && here(row));
        let (status, reason, citations) = match named {
            Some(row) => {
                self.asks.extend(row.question());
                let (status, reason) = row.status(self.case);
                (status, reason, row.citations.clone())
            }
            None => match of_product().next() {
                None => {
                    if !self.rules.codes.is_empty() {
                        self.ask("code", "the policy's table has no code for the product", Vec::new());
                    }
                    return Some(code.clone());
                }
                Some(first) => {
                    let known: Vec<&str> = of_product().filter(here).map(|row| row.code.as_str()).collect();
                    let known = if known.is_empty() { "none in this setting".to_owned() } else { known.join(", ") };
                    (FindingStatus::Unmet, format!("{code} is told; known for it: {known}"), first.citations.clone())
                }
            },
        };
        let statement = "the code is the product's own on the day and in the setting";
        self.edit("code-for-product", "billing-edit", status, statement, reason, &citations);
        Some(code.clone())
    }

    /// The drug's lines: administered units, and discarded units apart.
    fn drug(&mut self, code: Option<&str>) {
        let (rules, request) = (self.rules, self.request);
        let Some(channel) = request.channel.as_deref() else {
            let what = "how the drug is bought is not told, and whose claim carries it depends on that";
            self.ask("channel", what, vec![need("request.channel")]);
            return;
        };
        if matches!(channel, "white-bag" | "pharmacy-benefit") {
            let citations = rules.white_bag.clone().unwrap_or_else(|| own_rule("supplied drug"));
            let reason = "a pharmacy supplies and bills the drug".to_owned();
            let statement = "a drug that a pharmacy supplied is not on the provider's claim";
            self.edit("supplied-drug", "benefit-channel", FindingStatus::Met, statement, reason, &citations);
            return;
        }
        if channel == "clear-bag" {
            self.ask(
                "channel",
                "a clear-bagged drug comes from the site's own pharmacy: ask whose claim carries it",
                Vec::new(),
            );
        }
        if request.discarded_units.unwrap_or(0) > 0 && request.container_single_dose == Some(false) {
            let citations =
                rules.discarded.as_ref().map_or_else(|| own_rule("discarded units"), |row| row.citations.clone());
            let reason = "the container holds several doses: what is left is used, not discarded".to_owned();
            let statement = "only a single-dose container has discarded units";
            self.edit("discard-multi-dose", "billing-edit", FindingStatus::Unmet, statement, reason, &citations);
        }
        let Some(code) = code else { return };
        let Some(units) = request.units else {
            self.ask("units", "the request tells no units, and they are never looked up", vec![need("request.units")]);
            return;
        };
        let several = request.ndc.is_none() && request.vials.iter().any(|vial| vial.ndc.is_some());
        if rules.ndc.is_some() && several {
            let what = "vials of several NDCs were opened: the line is split by NDC, which a person does";
            self.ask("ndc", what, vec![need("request.ndc")]);
        }
        let (more, mut cited_more) = self.modifiers();
        let revenue = rules.revenue.iter().find(|row| within(&row.settings, &request.setting));
        cited_more.extend(revenue.iter().flat_map(|row| row.citations.iter().cloned()));
        let beside = rules
            .codes
            .iter()
            .find(|row| row.product == request.product && row.code == code && within(&row.settings, &request.setting));
        let line = |units: u32, own: Option<&str>, text: &str, citations: &[Citation]| BillLine {
            code: code.to_owned(),
            units,
            modifiers: own.map(str::to_owned).into_iter().chain(more.iter().cloned()).collect(),
            ndc: rules.ndc.as_ref().and(request.ndc.clone()),
            ndc_unit: rules.ndc_unit.clone().filter(|_| request.ndc.is_some()),
            revenue_code: revenue.map(|row| row.code.clone()),
            narrative: beside.and_then(|row| row.narrative.clone()),
            text: text.to_owned(),
            citations: citations.iter().chain(&cited_more).cloned().collect(),
        };
        let Some(discarded) = &rules.discarded else {
            self.ask(
                "modifiers",
                "the text that was read does not say how discarded units and none are told",
                Vec::new(),
            );
            self.lines.push(line(units, None, "administered", &self.policy.record.citations));
            return;
        };
        let cited = &discarded.citations;
        if request.container_single_dose == Some(false) || discarded.not_in.contains(&request.setting) {
            self.lines.push(line(units, None, "administered", cited));
            return;
        }
        if request.container_single_dose.is_none() {
            let what = "whether the vials are for a single dose is not told, and the modifier depends on it";
            self.ask("container", what, vec![need("request.container-single-dose")]);
            return;
        }
        match request.discarded_units {
            None => {
                let what = "whether anything was discarded is not told, and the modifier depends on it";
                self.ask("discarded-units", what, vec![need("request.discarded-units")]);
            }
            Some(0) => {
                let attested = (discarded.jz_from <= self.case.day).then_some("JZ");
                let text = if attested.is_some() { "administered, nothing discarded" } else { "administered" };
                self.lines.push(line(units, attested, text, cited));
            }
            Some(left) => {
                self.lines.push(line(units, None, "administered", cited));
                if discarded.jw_from <= self.case.day {
                    self.lines.push(line(left, Some("JW"), "discarded", cited));
                } else {
                    let what = format!("discarded units before {} are not settled here", discarded.jw_from);
                    self.ask("discarded-units", &what, Vec::new());
                }
            }
        }
    }

    /// Modifiers that every drug line carries, and where they were read.
    fn modifiers(&mut self) -> (Vec<String>, Vec<Citation>) {
        let (mut modifiers, mut citations) = (Vec::new(), Vec::new());
        for row in self.rules.modifiers.iter().filter(|row| row.runs(self.case, &self.request.setting)) {
            let name = row.modifier.as_deref().unwrap_or("a modifier");
            match row.when.status(&self.case.facts, &self.case.asked) {
                (FindingStatus::Met, _) => {
                    modifiers.extend(row.modifier.clone());
                    citations.extend(row.citations.iter().cloned());
                    if let Some(ask) = &row.ask {
                        self.ask("modifiers", ask, Vec::new());
                    }
                }
                (FindingStatus::Unknown, needs) => {
                    let what = format!("whether the drug lines carry {name} is not known");
                    self.ask("modifiers", &what, needs);
                }
                _ => {}
            }
        }
        (modifiers, citations)
    }

    /// The line for giving the dose.
    fn administration(&mut self) {
        let route = match self.case.facts.get("route", None) {
            Known::Value(FactValue::Code(route)) => route,
            Known::Value(_) => return,
            Known::Missing(missing) => {
                let what = "the code for giving the dose depends on the route";
                self.ask("administration-code", what, vec![missing]);
                return;
            }
        };
        let rules = self.rules;
        let for_product = |row: &&Administration| {
            row.route == *route && (row.products.is_empty() || row.products.contains(&self.request.product))
        };
        let Some(row) = rules.administration.iter().find(for_product) else {
            self.ask("administration-code", "the text that was read has no code for giving this dose", Vec::new());
            return;
        };
        let mut line = |code: &str, units: u32| {
            self.lines.push(BillLine {
                code: code.to_owned(),
                units,
                modifiers: Vec::new(),
                ndc: None,
                ndc_unit: None,
                revenue_code: None,
                narrative: None,
                text: row.text.clone(),
                citations: row.citations.clone(),
            });
        };
        line(&row.code, 1);
        if let Some(further) = &row.further_hour {
            match self.case.facts.get("infusion-minutes", None) {
                Known::Value(FactValue::Count(minutes)) if *minutes <= 60 => {}
                Known::Value(FactValue::Count(minutes)) if minutes % 60 == 0 => line(further, minutes / 60 - 1),
                Known::Value(_) => {
                    let what = format!("how a part of an hour counts for {further} is not said");
                    self.ask("administration-code", &what, Vec::new());
                }
                Known::Missing(missing) => {
                    let what = format!("whether {further} follows depends on how long the infusion ran");
                    self.ask("administration-code", &what, vec![missing]);
                }
            }
        }
        if let Some(ask) = &row.ask {
            self.ask("administration-code", ask, Vec::new());
        }
    }

    /// The edits of the policy, the shape of the NDC, and what only a person can settle.
    fn edits(&mut self) {
        let rules = self.rules;
        for rule in &rules.edits {
            self.edits.extend(rule.judge(&self.case.facts, &self.case.asked));
        }
        if let Some(citations) = &rules.ndc {
            let (status, reason) = ndc(self.request.ndc.as_deref());
            let statement = "the NDC has eleven digits without hyphens";
            self.edit("ndc-format", "billing-edit", status, statement, reason, citations);
        }
        let opened = holding(&rules.open, self.case, &mut self.asks, "billing", |ask| ask.reason.clone());
        self.asks.extend(opened);
        if self.policy.billing.is_none() {
            self.ask("billing", "the text that was read says nothing of billing", Vec::new());
        }
    }

    fn edit(
        &mut self,
        id: &str,
        kind: &str,
        status: FindingStatus,
        statement: &str,
        reason: String,
        citations: &[Citation],
    ) {
        let needs = match status {
            FindingStatus::Unknown => vec![Need { fact: "ask-payer".to_owned(), reason: reason.clone() }],
            _ => Vec::new(),
        };
        self.edits.push(Finding {
            id: id.to_owned(),
            within: None,
            kind: kind.to_owned(),
            status,
            statement: statement.to_owned(),
            reason,
            needs,
            evidence: vec!["request".to_owned()],
            citations: citations.to_vec(),
        });
    }

    fn ask(&mut self, topic: &str, reason: &str, needs: Vec<Need>) {
        self.asks.push(Ask { topic: topic.to_owned(), reason: reason.to_owned(), needs });
    }
}

/// Whether a row for these settings, or for all where none is named, is for this one.
fn within(settings: &[String], setting: &str) -> bool {
    settings.is_empty() || settings.iter().any(|own| own == setting)
}

impl Billing {
    /// The only code of the table for the product, in force on the day and in the setting.
    fn code_of(&self, request: &BillingRequest, case: &Case<'_>) -> Option<&Code> {
        let mut usable = self.codes.iter().filter(|row| {
            row.product == request.product
                && within(&row.settings, &request.setting)
                && row.status(case).0 == FindingStatus::Met
        });
        let only = usable.next()?;
        usable.next().is_none().then_some(only)
    }
}

impl Code {
    /// Whether the code is in force on the day of service.
    fn status(&self, case: &Case<'_>) -> (FindingStatus, String) {
        let code = &self.code;
        match (self.first, self.last, self.seen) {
            (Some(first), _, _) if case.day < first => (FindingStatus::Unmet, format!("{code} begins on {first}")),
            (_, Some(last), _) if last < case.day => (FindingStatus::Unmet, format!("{code} ended on {last}")),
            (None, _, Some(seen)) if case.day < seen => {
                (FindingStatus::Unknown, format!("{code} was seen in force on {seen}; when it began is not known"))
            }
            (None, _, None) => (FindingStatus::Unknown, format!("when {code} began is not known")),
            _ => (FindingStatus::Met, format!("{code} is in force")),
        }
    }

    fn question(&self) -> Option<Ask> {
        self.ask.as_ref().map(|ask| Ask { topic: "code".to_owned(), reason: ask.clone(), needs: Vec::new() })
    }
}

impl Modifier {
    fn runs(&self, case: &Case<'_>, setting: &str) -> bool {
        self.first.is_none_or(|first| first <= case.day)
            && self.last.is_none_or(|last| case.day <= last)
            && within(&self.settings, setting)
    }
}

/// Whether an NDC has the shape of a claim, and what it should be where that can be told.
fn ndc(ndc: Option<&str>) -> (FindingStatus, String) {
    let Some(ndc) = ndc else { return (FindingStatus::Unknown, "the request tells no NDC".to_owned()) };
    if ndc.len() == 11 && ndc.bytes().all(|b| b.is_ascii_digit()) {
        return (FindingStatus::Met, "eleven digits".to_owned());
    }
    let parts: Vec<&str> = ndc.split('-').collect();
    let padded = match parts.as_slice() {
        [labeler, product, package] if parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) => {
            match (labeler.len(), product.len(), package.len()) {
                (4, 4, 2) | (5, 3, 2) | (5, 4, 1) | (5, 4, 2) => {
                    Some(format!("{labeler:0>5}{product:0>4}{package:0>2}"))
                }
                _ => None,
            }
        }
        _ => None,
    };
    let reason = match padded {
        Some(padded) => format!("`{ndc}` is written {padded} on a claim"),
        None => format!("`{ndc}` is not an NDC that can be padded"),
    };
    (FindingStatus::Unmet, reason)
}

fn need(fact: &str) -> Need {
    Need { fact: fact.to_owned(), reason: "the request does not say".to_owned() }
}

/// A rule of billing that follows from what its words mean, where the policy has no row for it.
fn own_rule(section: &str) -> Vec<Citation> {
    vec![Citation {
        document: "Meaning of the words".to_owned(),
        edition: String::new(),
        section: section.to_owned(),
        url: None,
        basis: Basis::Arithmetic,
        confidence: Confidence::Derived,
    }]
}
