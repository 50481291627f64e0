//! The order of preference in a class, and how the requested product stands in it.
//!
//! An emergency is never a block: the product is given, and the payer is told after.

use paratope_sdk::criteria::{Rule, combine};
use paratope_sdk::payer::{Error, PreferRequest, Preference as Stand, Preferred, TierProduct};
use paratope_sdk::words::{Ask, Finding, FindingStatus, Need, Statement};

use crate::policy::{Policies, Preference};
use crate::request::{Case, Treated};
use crate::terms::{holding, statements};

mod exceptions;

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
                requested: requested.map(|_| if request.emergency { Stand::EmergencyBypass } else { Stand::Unknown }),
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
    pub(crate) fn as_criterion(
        &self,
        case: &Case<'_>,
        product: &str,
        presentation: Option<&str>,
    ) -> (Vec<Finding>, Option<Statement>) {
        let standing = self.stand(case, Some(product), presentation, &[]);
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
        if standing.preference == Stand::Unknown && standing.needs.is_empty() {
            standing.needs.push(Need { fact: "ask-payer".to_owned(), reason: standing.reason.clone() });
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
