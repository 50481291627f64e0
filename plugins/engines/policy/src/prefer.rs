//! The order of preference in a class, and how the requested product stands in it.
//!
//! An emergency is never a block: the product is given, and the payer is told after.

use paratope_sdk::criteria::{Rule, combine, combine_at_least};
use paratope_sdk::facts::Known;
use paratope_sdk::number;
use paratope_sdk::payer::{Error, ExposureResult, PreferRequest, Preference as Stand, Preferred, TierProduct};
use paratope_sdk::words::{Ask, Citation, FactValue, Finding, FindingStatus, Need, Statement};

use crate::document::Result as Outcome;
use crate::policy::{Continuing, Policies, Preference, Step, Transition, applies};
use crate::request::{Case, Treated};
use crate::terms::{holding, statements};

impl Policies {
    /// Tells the order of preference in a class.
    ///
    /// # Errors
    /// `no-policy` where nothing here covers the class; `bad-request` where the request cannot be read.
    pub fn prefer(&self, request: &PreferRequest) -> Result<Preferred, Error> {
        let (case, history) = Case::prefer(request)?;
        let policy = self.about_class(&request.class, &request.coverage.line_of_business, case.day)?;
        let requested = request.requested.as_deref();
        let Some(preference) = &policy.preference else {
            let ask = open("preferred-product", "the text that was read does not say which product comes first");
            return Ok(Preferred {
                policy: policy.record.clone(),
                operator: self.operator,
                tiers: Vec::new(),
                requested: requested.map(|_| {
                    if request.emergency { Stand::EmergencyBypass } else { Stand::Unknown }
                }),
                reason: ask.reason.clone(),
                findings: Vec::new(),
                duties: if request.emergency { vec![own_duty()] } else { Vec::new() },
                needs: Vec::new(),
                asks: vec![ask],
                citations: policy.record.citations.clone(),
            });
        };

        let mut standing = preference.stand(&case, requested, request.presentation.as_deref(), &history);
        let mut duties = std::mem::take(&mut standing.duties);
        duties.extend(statements(&preference.duties, &case, &mut standing.asks, "duty"));
        let about_order = policy.open.iter().filter(|open| open.kind == "preferred-product");
        standing.asks.extend(about_order.filter_map(|open| open.judge(policy, &case)).map(|(_, ask)| ask));
        if request.emergency {
            duties.push(preference.notify.clone());
            if matches!(standing.preference, Stand::StepRequired | Stand::Unknown) {
                standing.preference = Stand::EmergencyBypass;
                standing.reason = format!("needed now: give it and tell the payer after ({})", standing.reason);
                standing.needs.clear();
            }
        }
        Ok(Preferred {
            policy: policy.record.clone(),
            operator: self.operator,
            tiers: preference.tiers.clone(),
            requested: requested.map(|_| standing.preference),
            reason: standing.reason,
            findings: standing.findings,
            duties,
            needs: standing.needs,
            asks: standing.asks,
            citations: preference.citations.clone(),
        })
    }
}

/// How a product stands, and why.
struct Standing {
    preference: Stand,
    reason: String,
    findings: Vec<Finding>,
    duties: Vec<Statement>,
    needs: Vec<Need>,
    asks: Vec<Ask>,
}

impl Standing {
    /// What would decide it.
    fn decisive(&self) -> Vec<Need> {
        let whole = self.findings.iter().filter(|finding| finding.within.is_none());
        let mut needs: Vec<Need> = Vec::new();
        for need in whole.flat_map(|finding| &finding.needs).chain(self.asks.iter().flat_map(|ask| &ask.needs)) {
            if !needs.contains(need) {
                needs.push(need.clone());
            }
        }
        needs
    }
}

/// Where a product is on the tiers.
enum Place {
    Rank(u32),
    /// The tier depends on the presentation, which is not told.
    Open,
    Unlisted,
}

impl Preference {
    /// The preference as one criterion of an assessment, with where it sends the request.
    pub(crate) fn as_criterion(&self, case: &Case<'_>, product: &str) -> (Vec<Finding>, Option<Statement>) {
        let standing = self.stand(case, Some(product), None, &[]);
        let status = match standing.preference {
            Stand::Preferred | Stand::Exception | Stand::EmergencyBypass => FindingStatus::Met,
            Stand::StepRequired => FindingStatus::Unmet,
            Stand::NoPreference => FindingStatus::NotApplicable,
            Stand::Unknown => FindingStatus::Unknown,
        };
        let id = "preferred-product";
        let whole = Finding {
            id: id.to_owned(),
            within: None,
            kind: id.to_owned(),
            status,
            statement: self.text.clone(),
            reason: standing.reason,
            needs: standing.needs,
            evidence: vec!["request.product".to_owned()],
            citations: self.citations.clone(),
        };
        let parts = standing.findings.into_iter().map(|mut part| {
            part.within.get_or_insert_with(|| id.to_owned());
            part
        });
        let redirect = (status == FindingStatus::Unmet).then(|| Statement {
            code: "product".to_owned(),
            text: format!("{} comes first", self.first_choice()),
            citations: self.citations.clone(),
        });
        (std::iter::once(whole).chain(parts).collect(), redirect)
    }

    fn stand(
        &self,
        case: &Case<'_>,
        requested: Option<&str>,
        presentation: Option<&str>,
        history: &[Treated<'_>],
    ) -> Standing {
        let applying: Vec<Finding> = judge(&self.applies, case);
        let in_scope = if applying.is_empty() { FindingStatus::Met } else { whole(&applying, "all") };
        let mut standing = Standing {
            preference: Stand::Unknown,
            reason: String::new(),
            findings: applying,
            duties: Vec::new(),
            needs: Vec::new(),
            asks: Vec::new(),
        };
        if in_scope == FindingStatus::Unmet {
            standing.preference = Stand::NoPreference;
            standing.reason = "the order of preference does not apply here".to_owned();
            return standing;
        }

        let exceptions = self.exceptions(case, requested, presentation, history);
        for (transition, finding) in self.transitions.iter().zip(self.carried(case)) {
            if finding.status == FindingStatus::Met {
                standing.duties.push(transition.duty(case));
            }
        }
        let status = if exceptions.is_empty() { FindingStatus::Unmet } else { whole(&exceptions, "any") };
        standing.findings.extend(exceptions);
        standing.findings.extend(self.carried(case));
        let Some(product) = requested else {
            standing.reason = format!("{} comes first", self.first_choice());
            return standing;
        };

        let place = self.place(product, presentation);
        if matches!(place, Place::Rank(1)) {
            standing.preference = Stand::Preferred;
            standing.reason = format!("{} is preferred", self.brand(product));
            return standing;
        }
        let carried = self.transitions.iter().zip(self.carried(case));
        let carried = carried.filter(|(transition, _)| transition.carries.iter().any(|id| id == product));
        let carried: Vec<FindingStatus> = carried.map(|(_, finding)| finding.status).collect();
        let allowed = if carried.is_empty() { status } else { combine("any", &[&[status][..], &carried].concat()) };
        if allowed == FindingStatus::Met {
            standing.preference = Stand::Exception;
            standing.reason = format!("{} is not preferred, and an exception allows it", self.brand(product));
            return standing;
        }
        let opened = holding(&self.open, case, &mut standing.asks, "preferred-product", |ask| ask.reason.clone());
        let undecided = !standing.asks.is_empty() || !opened.is_empty();
        standing.asks.extend(opened);
        match place {
            Place::Open => {
                standing.reason = format!("the tier of {} depends on its presentation", self.brand(product));
                standing.needs = vec![Need {
                    fact: "request.presentation".to_owned(),
                    reason: "the policy prefers by presentation".to_owned(),
                }];
            }
            Place::Unlisted if self.tiers.is_empty() => {
                standing.reason = "the text that was read does not name the preferred products".to_owned();
                standing.needs = standing.decisive();
                standing.asks.push(open("preferred-product", &standing.reason));
            }
            Place::Unlisted => {
                standing.reason = format!("the policy does not name {}", self.brand(product));
                standing.asks.push(open("preferred-product", &standing.reason));
            }
            Place::Rank(_) if undecided => {
                standing.reason = format!("the policy leaves {} open here", self.brand(product));
                standing.needs = standing.decisive();
            }
            Place::Rank(_) if allowed == FindingStatus::Unknown || in_scope == FindingStatus::Unknown => {
                standing.reason = format!(
                    "{} is not preferred, and whether an exception allows it is not known",
                    self.brand(product)
                );
                standing.needs = standing.decisive();
            }
            Place::Rank(_) => {
                standing.preference = Stand::StepRequired;
                standing.reason = format!("{} comes before {}", self.first_choice(), self.brand(product));
            }
        }
        standing
    }

    /// Exceptions, steps and continued treatment, judged.
    fn exceptions(
        &self,
        case: &Case<'_>,
        requested: Option<&str>,
        presentation: Option<&str>,
        history: &[Treated<'_>],
    ) -> Vec<Finding> {
        let mut findings = judge(&self.exceptions, case);
        let for_presentation = |on_tier: &&TierProduct| {
            let told = |presentation| on_tier.presentations.iter().any(|known| known == presentation);
            on_tier.presentations.is_empty() || presentation.is_none_or(told)
        };
        let preferred: Vec<&TierProduct> =
            self.tiers.first().into_iter().flat_map(|tier| &tier.products).filter(for_presentation).collect();
        for step in &self.steps {
            findings.extend(step.judge(case, &preferred, history));
        }
        if let (Some(continuing), Some(requested)) = (&self.continuing, requested) {
            findings.push(continuing.judge(case, requested, history));
        }
        findings
    }

    fn carried(&self, case: &Case<'_>) -> Vec<Finding> {
        self.transitions.iter().map(|transition| transition.judge(case)).collect()
    }

    fn place(&self, product: &str, presentation: Option<&str>) -> Place {
        let mut open = false;
        for tier in &self.tiers {
            for on_tier in tier.products.iter().filter(|on_tier| on_tier.product == product) {
                match presentation {
                    _ if on_tier.presentations.is_empty() => return Place::Rank(tier.rank),
                    Some(presentation) if on_tier.presentations.iter().any(|known| known == presentation) => {
                        return Place::Rank(tier.rank);
                    }
                    Some(_) => {}
                    None => open = true,
                }
            }
        }
        if open { Place::Open } else { Place::Unlisted }
    }

    fn brand(&self, product: &str) -> String {
        let on_tiers = self.tiers.iter().flat_map(|tier| &tier.products);
        let found = on_tiers.filter(|on_tier| on_tier.product == product).map(|on_tier| on_tier.brand.clone()).next();
        found.unwrap_or_else(|| product.to_owned())
    }

    fn first_choice(&self) -> String {
        match self.tiers.first() {
            Some(tier) => tier.products.iter().map(|on_tier| on_tier.brand.as_str()).collect::<Vec<_>>().join(", "),
            None => "a preferred product, which the text that was read does not name,".to_owned(),
        }
    }
}

impl Step {
    /// Whether enough of the preferred products have failed: the rule first, then one part for each product.
    fn judge(&self, case: &Case<'_>, preferred: &[&TierProduct], history: &[Treated<'_>]) -> Vec<Finding> {
        let mut whole = finding(&self.id, &self.text, &self.citations);
        whole.evidence = vec!["request.history".to_owned()];
        match applies(self.when.as_ref(), &case.facts, &case.asked) {
            (FindingStatus::Unmet, _) => {
                whole.status = FindingStatus::NotApplicable;
                whole.reason = "the step does not apply".to_owned();
                return vec![whole];
            }
            (FindingStatus::Unknown, needs) => {
                whole.reason = "whether the step applies is not known".to_owned();
                whole.needs = needs;
                return vec![whole];
            }
            _ => {}
        }
        if preferred.is_empty() {
            whole.reason = "the preferred products are not known".to_owned();
            whole.needs = vec![Need { fact: "ask-payer".to_owned(), reason: "which products are preferred".to_owned() }];
            return vec![whole];
        }
        let parts: Vec<Finding> = preferred.iter().map(|product| self.failed(case, product, history)).collect();
        let statuses: Vec<FindingStatus> = parts.iter().map(|part| part.status).collect();
        whole.status = combine_at_least(self.count.unwrap_or(preferred.len()), &statuses);
        let failed = statuses.iter().filter(|status| **status == FindingStatus::Met).count();
        whole.reason = format!("{failed} of {} preferred products failed", preferred.len());
        if self.count_not_stated && whole.status == FindingStatus::Unmet && failed > 0 {
            whole.status = FindingStatus::Unknown;
            whole.reason.push_str("; how many must fail is not said");
            whole.needs = vec![Need { fact: "ask-payer".to_owned(), reason: whole.reason.clone() }];
        } else if whole.status == FindingStatus::Unknown {
            whole.needs = parts.iter().flat_map(|part| part.needs.clone()).collect();
        }
        std::iter::once(whole).chain(parts).collect()
    }

    fn failed(&self, case: &Case<'_>, product: &TierProduct, history: &[Treated<'_>]) -> Finding {
        let id = format!("{}-{}", self.id, product.product);
        let mut part = finding(&id, &format!("{} has failed", product.brand), &self.citations);
        part.within = Some(self.id.clone());
        let mut open: Vec<Need> = Vec::new();
        for treated in history.iter().filter(|treated| treated.of.product == product.product) {
            let result = match treated.of.result {
                ExposureResult::Ineffective => Outcome::Ineffective,
                ExposureResult::Intolerant => Outcome::Intolerant,
                ExposureResult::Contraindicated => Outcome::Contraindicated,
                ExposureResult::Ongoing | ExposureResult::Completed => continue,
            };
            if !self.accepts.contains(&result) {
                continue;
            }
            match (self.lookback_days, treated.last) {
                (Some(days), Some(last)) if number::days_between(last, case.day) > i64::from(days) => {}
                (Some(_), None) => open.push(Need {
                    fact: "request.history".to_owned(),
                    reason: format!("the last day of {} is missing", product.brand),
                }),
                _ => {
                    part.status = FindingStatus::Met;
                    part.reason = format!("the history says so: {}", outcome(result));
                    return part;
                }
            }
        }
        for (fact, results) in [
            ("preferred-failed", &[Outcome::Ineffective][..]),
            ("preferred-not-tolerated", &[Outcome::Intolerant, Outcome::Contraindicated][..]),
        ] {
            if !results.iter().any(|result| self.accepts.contains(result)) {
                continue;
            }
            part.evidence.push(fact.to_owned());
            match case.facts.get(fact, None) {
                Known::Value(FactValue::Codes(codes)) if codes.contains(&product.product) => {
                    part.status = FindingStatus::Met;
                    part.reason = format!("{fact} names it");
                    return part;
                }
                Known::Value(_) => {}
                Known::Missing(need) => open.push(need),
            }
        }
        if open.is_empty() {
            part.status = FindingStatus::Unmet;
            part.reason = "nothing shows that it failed".to_owned();
        } else {
            part.reason = "whether it failed is not known".to_owned();
            part.needs = open;
        }
        part
    }
}

impl Continuing {
    /// Whether the requested product was used so lately that it may go on. Samples never count.
    fn judge(&self, case: &Case<'_>, requested: &str, history: &[Treated<'_>]) -> Finding {
        let mut judged = finding(&self.id, &self.text, &self.citations);
        judged.evidence = vec!["request.history".to_owned()];
        let mut shown = false;
        let mut open: Vec<Need> = Vec::new();
        for treated in history.iter().filter(|treated| treated.of.product == requested) {
            let last = treated.last.or((treated.of.result == ExposureResult::Ongoing).then_some(case.day));
            let lately = last.map(|last| number::days_between(last, case.day) <= i64::from(self.lookback_days));
            match (lately, treated.of.proof.as_deref()) {
                (Some(false), _) | (_, Some("sample")) => {}
                (Some(true), Some(proof)) if self.proofs.iter().any(|known| known == proof) => shown = true,
                _ => open.push(Need {
                    fact: "request.history".to_owned(),
                    reason: "the last day or an accepted proof of the former treatment is missing".to_owned(),
                }),
            }
        }
        let told = (self.lookback_days == 365).then(|| case.facts.get("used-in-past-365-days", None));
        if told.is_some() {
            judged.evidence.push("used-in-past-365-days".to_owned());
        }
        match (shown, told) {
            (true, Some(Known::Value(FactValue::Flag(false)))) => {
                judged.reason = "the history and the fact `used-in-past-365-days` contradict each other".to_owned();
                judged.needs = vec![Need {
                    fact: "used-in-past-365-days".to_owned(),
                    reason: "told twice, with different values".to_owned(),
                }];
            }
            (true, _) | (false, Some(Known::Value(FactValue::Flag(true)))) => {
                judged.status = FindingStatus::Met;
                judged.reason = format!("used in the last {} days", self.lookback_days);
            }
            (false, Some(Known::Value(_))) if open.is_empty() => {
                judged.status = FindingStatus::Unmet;
                judged.reason = format!("not used in the last {} days", self.lookback_days);
            }
            (false, told) => {
                if let Some(Known::Missing(need)) = told {
                    open.push(need);
                }
                if open.is_empty() {
                    open.push(Need {
                        fact: "request.history".to_owned(),
                        reason: "whether the product was used lately is not told".to_owned(),
                    });
                }
                judged.reason = "whether it was used lately is not known".to_owned();
                judged.needs = open;
            }
        }
        judged
    }
}

impl Transition {
    /// Whether an approval that carries other products is still running.
    fn judge(&self, case: &Case<'_>) -> Finding {
        let mut judged = finding(&self.id, &self.text, &self.citations);
        judged.kind = "validity".to_owned();
        judged.evidence = vec!["active-approval-product".to_owned(), "active-approval-ends".to_owned()];
        match case.facts.get("active-approval-product", None) {
            Known::Value(FactValue::Code(product)) if *product == self.approval => {}
            Known::Value(_) => {
                judged.status = FindingStatus::Unmet;
                judged.reason = format!("the running approval is not for {}", self.approval);
                return judged;
            }
            Known::Missing(need) => {
                judged.reason = format!("{}: {}", need.fact, need.reason);
                judged.needs = vec![need];
                return judged;
            }
        }
        match self.ends(case) {
            Ok(last) if case.day <= last => {
                judged.status = FindingStatus::Met;
                judged.reason = format!("the approval runs to {last}");
            }
            Ok(last) => {
                judged.status = FindingStatus::Unmet;
                judged.reason = format!("the approval ended on {last}");
            }
            Err(need) => {
                judged.reason = format!("{}: {}", need.fact, need.reason);
                judged.needs = vec![need];
            }
        }
        judged
    }

    fn ends(&self, case: &Case<'_>) -> Result<number::Day, Need> {
        let fact = "active-approval-ends";
        let unread = |reason: String| Need { fact: fact.to_owned(), reason };
        match case.facts.get(fact, None) {
            Known::Value(FactValue::Day(day)) => number::day(day).map_err(unread),
            Known::Value(_) => Err(unread("it is not told as a day".to_owned())),
            Known::Missing(need) => Err(need),
        }
    }

    /// What a running approval means for the site.
    fn duty(&self, case: &Case<'_>) -> Statement {
        let until = self.ends(case).map(|last| format!(" It runs to {last}.")).unwrap_or_default();
        Statement {
            code: "no-new-request".to_owned(),
            text: format!("No new request for {}: {}.{until}", self.carries.join(", "), self.text.trim_end_matches('.')),
            citations: self.citations.clone(),
        }
    }
}

fn judge(rules: &[Rule], case: &Case<'_>) -> Vec<Finding> {
    rules.iter().flat_map(|rule| rule.judge(&case.facts, &case.asked)).collect()
}

/// How findings that stand by themselves combine.
fn whole(findings: &[Finding], group: &str) -> FindingStatus {
    let statuses: Vec<FindingStatus> =
        findings.iter().filter(|finding| finding.within.is_none()).map(|finding| finding.status).collect();
    match combine(group, &statuses) {
        // Nothing that applies allows nothing and forbids nothing.
        FindingStatus::NotApplicable if group == "any" => FindingStatus::Unmet,
        FindingStatus::NotApplicable => FindingStatus::Met,
        status => status,
    }
}

fn finding(id: &str, text: &str, citations: &[Citation]) -> Finding {
    Finding {
        id: id.to_owned(),
        within: None,
        kind: "preferred-product".to_owned(),
        status: FindingStatus::Unknown,
        statement: text.to_owned(),
        reason: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        citations: citations.to_vec(),
    }
}

fn outcome(result: Outcome) -> &'static str {
    match result {
        Outcome::Ineffective => "ineffective",
        Outcome::Intolerant => "not tolerated",
        Outcome::Contraindicated => "contraindicated",
    }
}

fn open(topic: &str, reason: &str) -> Ask {
    Ask { topic: topic.to_owned(), reason: reason.to_owned(), needs: Vec::new() }
}

/// The duty after an emergency where the policy has no words for it.
fn own_duty() -> Statement {
    Statement {
        code: "notify-payer".to_owned(),
        text: "Give it now and tell the payer as soon as that can be done.".to_owned(),
        citations: Vec::new(),
    }
}
