//! Every product with every payer that has a rule for it, at the three demo sites.
//!
//! A start is ordered as the label plans it, for a synthetic patient of whom much is known, and for one of whom nothing is.
//! What comes out is kept in `snapshots/`, a file for each product: read the difference before you accept it with
//! `PARATOPE_BLESS=1 cargo test -p paratope-tests --test cases`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use paratope_domain::clearance::{Answer, Clearance, State, Verdict};
use paratope_domain::payer::{
    AssessRequest, Assessment, Bill, BillingRequest, ExpectedOutcome, PreferRequest, Preferred,
};
use paratope_domain::product::{
    Amount, DoseRequirements, NextDoseRequest, NextStep, PlanRequest, ProductMonograph, RequirementsRequest,
    TreatmentPlan,
};
use paratope_domain::request::ClearanceRequest;
use paratope_domain::{Day, FindingStatus, PayerError, ProductError, Site};
use paratope_runtime::{CallError, Payer, Product, Reply};
use paratope_server::services::clear::{Input, Oracle, gather};
use serde_json::{Value, json};

use crate::BUNDLED;

/// The day every order is judged, and the day of the first dose.
const AS_OF: &str = "2026-11-25";
const FIRST: &str = "2026-11-30";

/// The demo sites, with the setting each would use.
const SITES: [(&str, &str); 3] =
    [("northgate", "inpatient"), ("riverbend", "hospital-outpatient"), ("hillcrest", "office")];

/// Whom each product is for: its disease, a code of it, and what else its label asks about.
fn disease(product: &str) -> (&'static str, &'static str, &'static [&'static str]) {
    match product {
        "teclistamab" | "talquetamab" | "elranatamab" | "linvoseltamab" => {
            ("multiple-myeloma", "C90.02", &["relapsed", "refractory"])
        }
        "epcoritamab" | "glofitamab" => ("dlbcl", "C83.30", &["relapsed", "refractory"]),
        "mosunetuzumab" | "mosunetuzumab-sc" => ("follicular-lymphoma", "C82.10", &["relapsed", "refractory"]),
        "tarlatamab" => ("es-sclc", "C34.11", &["relapsed", "progressed", "metastatic"]),
        "amivantamab" | "amivantamab-sc" => ("nsclc", "C34.11", &["progressed", "locally-advanced", "metastatic"]),
        "zenocutuzumab" => ("pancreatic-adenocarcinoma", "C25.0", &["progressed", "unresectable", "metastatic"]),
        "blinatumomab" => ("b-all", "C91.02", &["relapsed", "refractory"]),
        "tebentafusp" => ("uveal-melanoma", "C69.31", &["unresectable", "metastatic"]),
        other => panic!("whom {other} is for is not told here"),
    }
}

/// Whoever answers: one product and one payer. A call that fails ends the test.
struct Pair {
    product: &'static dyn Product,
    payer: &'static dyn Payer,
}

fn given<A, E>(called: Result<Reply<A, E>, CallError>) -> Answer<A, E> {
    match called.unwrap_or_else(|error| panic!("a plugin failed: {error}")).answer {
        Ok(answer) => Answer::Given(answer),
        Err(refused) => Answer::Refused(refused),
    }
}

impl Oracle for Pair {
    fn monograph(&mut self, _: &str, as_of: Day) -> Answer<ProductMonograph, ProductError> {
        given(self.product.monograph(as_of))
    }

    fn next_dose(&mut self, _: &str, request: &NextDoseRequest) -> Answer<NextStep, ProductError> {
        given(self.product.next_dose(request))
    }

    fn requirements(&mut self, _: &str, request: &RequirementsRequest) -> Answer<DoseRequirements, ProductError> {
        given(self.product.requirements(request))
    }

    fn assess(&mut self, _: &str, request: &AssessRequest) -> Answer<Assessment, PayerError> {
        given(self.payer.assess(request))
    }

    fn prefer(&mut self, _: &str, request: &PreferRequest) -> Answer<Preferred, PayerError> {
        given(self.payer.prefer(request))
    }

    fn billing(&mut self, _: &str, request: &BillingRequest) -> Answer<Bill, PayerError> {
        given(self.payer.billing(request))
    }
}

#[test]
fn every_product_with_every_payer_that_mentions_it_at_every_site() {
    let mut changed = Vec::new();
    let mut pairs = 0;
    for product in BUNDLED.iter().filter(|one| one.plugin.product().is_some()) {
        let (name, plugin) = (&product.built.manifest.name, product.plugin.product().unwrap());
        let order = Order::of(name, plugin);
        let mut text =
            format!("{name}: {} with {}, {} doses\n", order.indication, order.regimen, order.plan.doses.len());
        for payer in BUNDLED.iter() {
            let Some(of_payer) = payer.plugin.payer() else { continue };
            let pair = || Pair { product: plugin, payer: of_payer };
            let lines = lines_of_business(of_payer, &order);
            pairs += lines.len();
            for line in lines {
                let _ = write!(text, "\n{} ({line})\n", payer.built.manifest.name);
                for (site, setting) in SITES {
                    let place = demo_site(site);
                    let known = order.request(&payer.built.manifest.name, &line, site, setting, true);
                    text.push_str(&cleared(pair(), known, &place, setting));
                    let nothing = order.request(&payer.built.manifest.name, &line, site, setting, false);
                    nothing_rests_on_nothing(pair(), nothing, &place);
                }
            }
        }
        if !accepted(name, &text) {
            changed.push(name.clone());
        }
    }
    assert!(pairs > 100, "only {pairs} pairs");
    assert!(changed.is_empty(), "the answers for {} differ from their snapshots", changed.join(", "));
}

/// A start as the label plans it.
struct Order {
    product: String,
    indication: String,
    regimen: String,
    plan: TreatmentPlan,
    ordered_name: String,
    facts: Vec<Value>,
}

impl Order {
    fn of(product: &str, plugin: &dyn Product) -> Self {
        let first: Day = FIRST.parse().unwrap();
        let monograph = plugin.monograph(first).unwrap().answer.unwrap();
        let indication = &monograph.indications[0];
        let facts = known_facts(product);
        let request = PlanRequest {
            indication: indication.id.clone(),
            regimen: indication.regimens[0].clone(),
            start: first,
            doses: 3,
            facts: facts.iter().map(|fact| serde_json::from_value(fact.clone()).unwrap()).collect(),
        };
        let plan = plugin.plan(&request).unwrap().answer.unwrap();
        let (indication, regimen) = (request.indication, request.regimen);
        Self {
            product: product.to_owned(),
            indication,
            regimen,
            plan,
            ordered_name: monograph.generic_name.clone(),
            facts,
        }
    }

    /// The whole request. Where nothing is known, only the order itself is told.
    fn request(&self, payer: &str, line: &str, site: &str, setting: &str, known: bool) -> ClearanceRequest {
        let (_, icd, _) = disease(&self.product);
        let doses: Vec<Value> = self
            .plan
            .doses
            .iter()
            .map(|dose| {
                let amount = match &dose.amount {
                    Amount::Exact(amount) if known => Some(amount),
                    _ => None,
                };
                json!({ "phase": dose.phase, "day": dose.day, "amount": amount, "setting": setting })
            })
            .collect();
        let mut request = if known { demo_case() } else { json!({ "case": "matrix" }) };
        request["as-of"] = json!(AS_OF);
        request["site"] = json!(site);
        request["order"] = json!({
            "product": self.product, "indication": self.indication, "regimen": self.regimen, "doses": doses,
        });
        request["coverage"] = json!({ "payer": payer, "plan": { "line-of-business": line }, "stage": "initial" });
        if known {
            let vials = self.plan.doses.iter().flat_map(|dose| &dose.vials);
            let ndcs: BTreeSet<_> = vials.filter_map(|vial| vial.ndc.as_ref()).collect();
            request["order"]["ordered-name"] = json!(self.ordered_name);
            request["order"]["stock-ndcs"] = json!(ndcs);
            request["order"]["diagnosis"] = json!([icd]);
            request["order"]["channel"] = json!("buy-and-bill");
            request["order"]["prescriber"] = json!("1000000046");
            request["coverage"]["active"] = json!({ "first": "2026-01-01", "last": "2026-12-31" });
            request["coverage"]["checked-on"] = json!(AS_OF);
            request["coverage"]["other-payer-first"] = json!(false);
            request["facts"] = json!(self.facts);
            request["authorizations"] = json!([self.authorization(site, setting, icd), {
                "subject": "rescue", "number": "SYN-2", "answered": "certified", "product": "tyenne",
                "dates": { "first": "2026-11-01", "last": "2027-04-30" },
            }]);
            request["sign-off"] = json!({ "by": "R. Okafor", "role": "pharmacist", "on": AS_OF });
            request["overrides"] = json!([]);
        }
        serde_json::from_value(request).unwrap()
    }

    /// What a payer would certify that took the order as it is.
    fn authorization(&self, site: &str, setting: &str, icd: &str) -> Value {
        let billed: Vec<_> = self.plan.doses.iter().filter_map(|dose| dose.billing.as_ref()).collect();
        let units: u32 = billed.iter().map(|billing| billing.units + billing.discarded_units).sum();
        let mut phases: Vec<&str> = self.plan.doses.iter().map(|dose| dose.phase.as_str()).collect();
        phases.dedup();
        json!({
            "subject": "drug", "number": "SYN-1", "answered": "certified", "product": self.product,
            "code": billed.first().map(|billing| &billing.code), "units": (units > 0).then_some(units),
            "units-include-waste": true, "phases": phases, "dates": { "first": "2026-11-01", "last": "2027-04-30" },
            "site": site, "settings": [setting], "diagnosis": [icd], "provider": "1000000046", "channel": "buy-and-bill",
        })
    }
}

/// The lines of business of a payer in which it has a rule for the order.
fn lines_of_business(payer: &dyn Payer, order: &Order) -> Vec<String> {
    let profile = payer.profile(FIRST.parse().unwrap()).unwrap().answer.unwrap();
    let asked = |line: &String| {
        let request = json!({
            "coverage": { "line-of-business": line }, "service-day": FIRST, "product": order.product,
            "indication": order.indication, "regimen": order.regimen, "stage": "initial",
        });
        payer.assess(&serde_json::from_value(request).unwrap()).unwrap().answer
    };
    profile.lines_of_business.into_iter().filter(|line| !matches!(asked(line), Err(PayerError::NoPolicy(_)))).collect()
}

/// One clearance in a line or two: the verdict, what the payer's rules expect, what fails and what is open.
fn cleared(mut pair: Pair, request: ClearanceRequest, site: &Site, setting: &str) -> String {
    let input = Input { request, site: site.clone() };
    let answers = gather(&mut pair, &input);
    let assessment = answers.assessment.get().cloned();
    let clearance = paratope_domain::clearance::clear(&input.request, site, &answers);
    rests_on_nothing_unknown(&clearance, assessment.as_ref().ok());
    let outcome = assessment.map_or_else(|why| why.to_string(), |assessment| kebab(&assessment.outcome));
    let of = |wanted: fn(&State) -> bool| {
        let ids = clearance.checkpoints.iter().filter(|one| wanted(&one.state)).map(|one| kebab(&one.id));
        ids.collect::<Vec<_>>().join(" ")
    };
    format!(
        "  {} {setting}: {}; payer {outcome}\n    failed  {}\n    unknown {}\n",
        site.id,
        kebab(&clearance.verdict),
        of(|state| *state == State::Failed),
        of(|state| *state == State::Unknown)
    )
    .lines()
    .map(|line| format!("{}\n", line.trim_end()))
    .collect()
}

/// What is cleared has no open checkpoint, and what is expected to be approved no open finding.
fn rests_on_nothing_unknown(clearance: &Clearance, assessment: Option<&Assessment>) {
    if matches!(clearance.verdict, Verdict::Cleared | Verdict::ClearedWithConditions) {
        assert!(clearance.checkpoints.iter().all(|one| !matches!(one.state, State::Unknown | State::Failed)));
    }
    let approves = |outcome| matches!(outcome, ExpectedOutcome::Meets | ExpectedOutcome::NotRequired);
    if let Some(assessment) = assessment.filter(|assessment| approves(assessment.outcome)) {
        let open = assessment.findings.iter().filter(|finding| finding.within.is_none());
        let open: Vec<_> = open.filter(|finding| finding.status == FindingStatus::Unknown).map(|one| &one.id).collect();
        assert!(open.is_empty(), "{}: {open:?} are unknown", assessment.policy.id);
    }
}

/// Of a patient of whom nothing is known, nothing is cleared and nothing is expected to be approved.
fn nothing_rests_on_nothing(mut pair: Pair, request: ClearanceRequest, site: &Site) {
    let input = Input { request, site: site.clone() };
    let answers = gather(&mut pair, &input);
    let clearance = paratope_domain::clearance::clear(&input.request, site, &answers);
    assert!(matches!(clearance.verdict, Verdict::Waiting | Verdict::Blocked), "{:?}", clearance.verdict);
    let assessment = answers.assessment.get().ok();
    rests_on_nothing_unknown(&clearance, assessment);
    if let Some(assessment) = assessment {
        assert!(
            assessment.outcome != ExpectedOutcome::Meets || assessment.findings.is_empty(),
            "{}",
            assessment.policy.id
        );
    }
}

fn accepted(product: &str, text: &str) -> bool {
    let path = snapshots().join(format!("{product}.txt"));
    if std::env::var_os("PARATOPE_BLESS").is_some() {
        fs::create_dir_all(snapshots()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let difference = kept.lines().zip(text.lines()).find(|(kept, now)| kept != now);
    if let Some((kept, now)) = difference {
        println!("{product}:\n- {kept}\n+ {now}");
    }
    kept == text
}

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/snapshots")
}

fn kebab(word: &impl serde::Serialize) -> String {
    serde_json::to_value(word).unwrap().as_str().unwrap().to_owned()
}

fn demo(path: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/server/demo").join(path);
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn demo_site(id: &str) -> Site {
    serde_json::from_value(demo(&format!("sites/{id}.json"))).unwrap()
}

fn demo_case() -> Value {
    demo("cases/01-inpatient-start.json")
}

/// What is known of the patient: what the demo's first patient tells, moved to this order's days, and what the labels and
/// policies of the other diseases ask about.
fn known_facts(product: &str) -> Vec<Value> {
    let (diagnosis, _, status) = disease(product);
    let mut facts: BTreeMap<String, Value> = demo_case()["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| (fact["code"].as_str().unwrap().to_owned(), fact["value"].clone()))
        .collect();
    let mut know = |code: &str, value: Value| facts.insert(code.to_owned(), value);
    know("diagnosis", json!({ "code": diagnosis }));
    know("disease-status", json!({ "codes": status }));
    know("complete-blood-count-day", json!({ "day": AS_OF }));
    know("liver-tests-day", json!({ "day": AS_OF }));
    know("body-surface-area", json!({ "quantity": { "value": "1.8", "unit": "m2" } }));
    know(
        "prior-classes",
        json!({ "codes": [
        "proteasome-inhibitor", "immunomodulatory-agent", "anti-cd38", "anti-cd20", "alkylating-agent", "platinum", "chemotherapy",
    ] }),
    );
    know("prior-products", json!({ "codes": [] }));
    know(
        "biomarkers",
        json!({ "codes": [
        "cd19", "cd20", "hla-a-02-01", "ph-negative", "egfr-exon-20-insertion", "nrg1-fusion", "dll3",
    ] }),
    );
    know("prior-allogeneic-hsct", json!({ "flag": false }));
    know("prior-car-t", json!({ "flag": false }));
    know("cns-disease", json!({ "code": "none" }));
    know("histology-confirmed", json!({ "flag": true }));
    know("evidence-category", json!({ "code": "2A" }));
    know("compendium-not-indicated", json!({ "flag": false }));
    know("companion-drugs", json!({ "codes": [] }));
    know("step-up-setting", json!({ "code": "not-given" }));
    know("autoimmune-disease", json!({ "codes": [] }));
    know("conditions", json!({ "codes": [] }));
    know("attestations", json!({ "codes": [] }));
    know("lvef", json!({ "quantity": { "value": "60", "unit": "%" } }));
    facts
        .into_iter()
        .map(|(code, value)| json!({ "code": code, "value": value, "observed-on": AS_OF, "source": "chart" }))
        .collect()
}
