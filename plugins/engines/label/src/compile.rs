//! From a document to a checked label.
//!
//! Everything that can be wrong with a document is found here and said with line, column and what would be accepted;
//! answering never fails for a reason the author could have been told.

use std::ops::Range as Span;

use paratope_sdk::criteria;
use paratope_sdk::document::{Cite, Dated, Diagnostic, Document, Examined, Number, Severity, Spanned};
use paratope_sdk::number::Exact;
use paratope_sdk::product;
use paratope_sdk::words::{Ask, Basis, Citation, Confidence, Need, Period, Statement};

use crate::document::{self, Applies, LabelDocument};
use crate::label::{self, Cycles, Gap, Label, Phase, Regimen};

mod care;
mod regimen;
mod restart;

/// More kinds of vial for one dose make the least-waste search long, and no product has them.
const MOST_VIALS: usize = 4;

/// One edition, checked, with what is worth a look; or what must be put right.
pub(crate) fn compile(document: &Document) -> Result<(Dated<Label>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut examined = Examined::new(document);
    let Some(read) = examined.parse::<LabelDocument>() else { return Err(examined.diagnostics) };
    let edition = read.edition.get_ref().0;
    let name = edition.to_string();
    if file_stem(&document.path) != name {
        examined.error(
            read.edition.span(),
            format!("the file is not named after its edition {name}"),
            Some(format!("accepted: label/{name}.toml")),
        );
    }
    if read.ends.is_some_and(|ends| ends.0 < edition) {
        examined.error(read.edition.span(), "the edition ends before it begins", None);
    }
    let label = Compiler { read: &read, edition: name.clone(), examined: &mut examined, rules: 0 }.label();
    if examined.failed() {
        return Err(examined.diagnostics);
    }
    let dated = Dated::new(&name, &read.title, edition, read.ends.map(|ends| ends.0), label);
    Ok((dated, examined.diagnostics))
}

/// What stops a set of documents that are each right.
pub(crate) fn problem(path: &str, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic { path: path.to_owned(), line: 1, column: 1, severity: Severity::Error, message, help }
}

fn file_stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}

/// A document being checked.
pub(crate) struct Compiler<'a, 'd> {
    read: &'a LabelDocument,
    edition: String,
    examined: &'a mut Examined<'d>,
    rules: u32,
}

/// The doses of one row: regimen and phase, by index.
struct Doses {
    pairs: Vec<(usize, usize)>,
    cycles: Option<Cycles>,
}

impl Compiler<'_, '_> {
    fn label(mut self) -> Label {
        let read = self.read;
        self.slug(&read.product, "product");
        self.cite(&read.identity.cite);
        let mut regimens = self.regimens();
        if regimens.is_empty() {
            self.error(read.product.span(), "the label has no regimen", Some("add [[regimen]]".to_owned()));
        }
        let presentations = self.presentations(&mut regimens);
        let gaps = self.gaps(&mut regimens);
        self.restarts(&mut regimens, &gaps);
        let rems = self.rems();
        let medications = self.medications(&mut regimens);
        let monitoring = self.monitoring(&mut regimens);
        let infusions = self.infusions(&mut regimens);
        let tasks = self.tasks(&mut regimens);
        let (requirements, taken) = self.requirements(&mut regimens);
        let indications = self.indications(&regimens, &taken);
        let toxicities = self.toxicities(&mut regimens);
        self.silent_grades(&regimens, &toxicities, &gaps);
        let kinds = self.kinds();
        let codes = self.codes();
        let boxed_warnings = self.lines(&read.boxed_warning, None);
        let statements = self.lines(&read.statement, None);
        let rates = self.rates();
        let identity = &read.identity;
        Label {
            product: read.product.get_ref().clone(),
            brand: identity.brand.clone(),
            generic_name: identity.generic_name.clone(),
            manufacturer: identity.manufacturer.clone(),
            targets: identity.targets.clone(),
            class: identity.class.clone(),
            route: identity.route.clone(),
            indications,
            presentations,
            regimens,
            medications,
            monitoring,
            infusions,
            tasks,
            requirements,
            toxicities,
            kinds,
            rems,
            codes,
            boxed_warnings,
            statements,
            rates,
            gaps,
            rules: self.rules,
        }
    }

    fn indications(
        &mut self,
        regimens: &[Regimen],
        taken: &std::collections::BTreeSet<String>,
    ) -> Vec<label::Indication> {
        let read = self.read;
        self.unique(read.indication.iter().map(|row| &row.id), "indication");
        let mut used = vec![false; regimens.len()];
        let mut indications = Vec::new();
        for row in &read.indication {
            let mut of = Vec::new();
            for name in &row.regimens {
                if let Some(at) = self.regimen(name, regimens) {
                    of.push(at);
                    if let Some(used) = used.get_mut(at) {
                        *used = true;
                    }
                }
            }
            if of.is_empty() {
                self.error(row.id.span(), format!("`{}` names no regimen", row.id.get_ref()), None);
            }
            let citations = self.cite(&row.cite);
            let mut seen = taken.clone();
            let criteria =
                criteria::compile_beside(&row.criterion, &read.sources, &self.edition, &mut seen, self.examined);
            self.count(1 + row.criterion.len());
            indications.push(label::Indication {
                shown: product::Indication {
                    id: row.id.get_ref().clone(),
                    text: row.text.clone(),
                    regimens: row.regimens.iter().map(|name| name.get_ref().clone()).collect(),
                    approval: row.approval.clone(),
                    approved: row.approved.map(|day| day.0.to_string()),
                    diagnosis_codes: row.diagnosis_codes.clone(),
                    citations,
                },
                regimens: of,
                criteria,
            });
        }
        if indications.is_empty() {
            self.error(read.product.span(), "the label has no indication", Some("add [[indication]]".to_owned()));
        }
        for (row, used) in read.regimen.iter().zip(used) {
            if !used {
                let message = format!("no indication uses the regimen `{}`", row.id.get_ref());
                self.warn(row.id.span(), message, Some("name it in an indication's `regimens`".to_owned()));
            }
        }
        indications
    }

    fn presentations(&mut self, regimens: &mut [Regimen]) -> Vec<label::Presentation> {
        let read = self.read;
        self.unique(read.presentation.iter().map(|row| &row.id), "presentation");
        let mut presentations = Vec::new();
        for (at, row) in read.presentation.iter().enumerate() {
            self.count(1);
            let unit = row.unit.get_ref();
            if !["mg", "ug"].contains(&unit.as_str()) {
                self.error(row.unit.span(), format!("`{unit}` is not a unit of content"), accepted(&["mg", "ug"]));
            }
            self.plausible(row.id.span(), [Some(row.content), row.per_ml]);
            if let Some(ndc) = &row.ndc {
                let text = ndc.get_ref();
                if text.len() != 11 || !text.bytes().all(|b| b.is_ascii_digit()) {
                    let help = Some("11 digits, 5-4-2 without hyphens".to_owned());
                    self.error(ndc.span(), format!("`{text}` is not an 11-digit NDC"), help);
                }
            }
            let applies = Applies { phases: row.phases.clone(), ..Applies::default() };
            let doses = self.doses(&applies, regimens);
            let mut crowded = false;
            for phase in phases_of(regimens, &doses.pairs).filter(|phase| phase.drug == row.drug) {
                phase.presentations.push(at);
                crowded |= phase.presentations.len() > MOST_VIALS;
            }
            if crowded {
                let help = Some("say which phases each is meant for".to_owned());
                self.error(row.id.span(), format!("more than {MOST_VIALS} presentations for one phase"), help);
            }
            presentations.push(label::Presentation {
                shown: product::Presentation {
                    id: row.id.get_ref().clone(),
                    strength: row.strength.clone(),
                    content: paratope_sdk::number::quantity(row.content.0, unit),
                    concentration: row
                        .per_ml
                        .map(|per_ml| paratope_sdk::number::quantity(per_ml.0, &format!("{unit}/mL"))),
                    container: match row.container {
                        document::Container::SingleDose => product::Container::SingleDose,
                        document::Container::MultiDose => product::Container::MultiDose,
                    },
                    ndc: row.ndc.as_ref().map(|ndc| ndc.get_ref().clone()),
                    drug: row.drug.clone(),
                    phases: row.phases.iter().flatten().map(|phase| phase.get_ref().clone()).collect(),
                    citations: self.cite(&row.cite),
                },
                content: row.content.0,
            });
        }
        presentations
    }

    fn gaps(&mut self, regimens: &mut [Regimen]) -> Vec<Gap> {
        let read = self.read;
        self.unique(read.gap.iter().map(|row| &row.id), "gap");
        let mut gaps = Vec::new();
        for (at, row) in read.gap.iter().enumerate() {
            self.count(1);
            let doses = self.doses(&row.applies, regimens);
            for phase in phases_of(regimens, &doses.pairs) {
                phase.gaps.push(at);
            }
            let of_event = !row.toxicity.is_empty() || !row.grades.is_empty();
            let unsettles = row.effect == Some(document::GapEffect::Manage);
            if of_event && !unsettles && !row.functions.contains(&document::Function::Manage) {
                let help = Some("add functions = [\"manage\"]".to_owned());
                self.error(row.id.span(), "toxicity and grades concern the function `manage`", help);
            }
            if unsettles && row.toxicity.is_empty() {
                let help = Some("add toxicity = [\"crs\"], or the kind that is not settled".to_owned());
                self.error(row.id.span(), "the effect `manage` names the toxicity that is not settled", help);
            }
            let needs =
                row.needs.iter().map(|need| Need { fact: need.fact.clone(), reason: need.reason.clone() }).collect();
            gaps.push(Gap {
                effect: row.effect,
                functions: row.functions.clone(),
                cycles: doses.cycles,
                toxicity: row.toxicity.clone(),
                grades: row.grades.clone(),
                ask: Ask { topic: row.topic.clone(), reason: row.reason.clone(), needs },
            });
        }
        gaps
    }

    fn rems(&mut self) -> Vec<label::Rems> {
        let read = self.read;
        self.unique(read.rems.iter().map(|row| &row.name), "REMS");
        let mut programs = Vec::new();
        for row in &read.rems {
            self.count(1);
            let dated = row.first.is_some() || row.last.is_some() || row.confirmed_until.is_some();
            if row.none && dated {
                self.error(row.name.span(), "a programme that does not exist has no dates", None);
            }
            if row.first.zip(row.last).is_some_and(|(first, last)| last < first) {
                self.error(row.name.span(), "the programme ends before it begins", None);
            }
            let citations = self.cite(&row.cite);
            let elements = self.lines(&row.elements, Some(&citations));
            let iso = |day: Option<paratope_sdk::document::Date>| day.map(|day| day.0.to_string());
            programs.push(label::Rems {
                shown: product::RemsProgram {
                    name: row.name.get_ref().clone(),
                    // Told for the as-of day.
                    status: product::RemsStatus::Unknown,
                    effective: Period { first: iso(row.first), last: iso(row.last) },
                    parties: row.parties.clone(),
                    elements,
                    citations,
                },
                none: row.none,
                first: row.first.map(|day| day.0),
                last: row.last.map(|day| day.0),
                confirmed_until: row.confirmed_until.map(|day| day.0),
            });
        }
        programs
    }

    fn codes(&mut self) -> Vec<label::Code> {
        let read = self.read;
        let mut codes: Vec<label::Code> = Vec::new();
        for row in &read.code {
            self.count(1);
            let drug = row.role == document::CodeRole::Drug;
            let unit = row.per_unit.zip(row.unit.as_deref());
            if drug && unit.is_none() && !row.dates_unknown {
                let help = Some("add per-unit and unit".to_owned());
                self.error(row.code.span(), "a drug code that is billed says what one unit holds", help);
            }
            self.plausible(row.code.span(), [row.per_unit]);
            if row.first.zip(row.last).is_some_and(|(first, last)| last < first) {
                self.error(row.code.span(), "the code ends before it begins", None);
            }
            if row.dates_unknown && (row.first.is_some() || row.last.is_some()) {
                self.error(row.code.span(), "dates are given, so they are not unknown", None);
            }
            let code = label::Code {
                shown: product::BillingCode {
                    role: if drug { product::CodeRole::Drug } else { product::CodeRole::Administration },
                    system: row.system.clone(),
                    code: row.code.get_ref().clone(),
                    drug: row.drug.clone(),
                    unit: unit.map(|(per_unit, unit)| paratope_sdk::number::quantity(per_unit.0, unit)),
                    setting: row.setting.clone(),
                    payable: (!row.dates_unknown).then(|| Period {
                        first: row.first.map(|day| day.0.to_string()),
                        last: row.last.map(|day| day.0.to_string()),
                    }),
                    text: row.text.clone(),
                    citations: self.cite(&row.cite),
                },
                per_unit: row.per_unit.map(|per_unit| per_unit.0),
                first: row.first.map(|day| day.0),
                last: row.last.map(|day| day.0),
            };
            let rival = codes.iter().find(|other| {
                other.is_drug()
                    && code.is_drug()
                    && other.shown.drug == code.shown.drug
                    && other.shown.setting == code.shown.setting
                    && other.is_dated()
                    && code.is_dated()
                    && code.first.is_none_or(|first| other.last.is_none_or(|last| first <= last))
                    && other.first.is_none_or(|first| code.last.is_none_or(|last| first <= last))
            });
            if let Some(rival) = rival {
                let message = format!("payable on the same days as `{}`", rival.shown.code);
                self.error(row.code.span(), message, Some("end one before the other begins".to_owned()));
            }
            codes.push(code);
        }
        codes
    }

    fn rates(&mut self) -> Vec<product::ToxicityRate> {
        let read = self.read;
        self.count(read.rate.len());
        read.rate
            .iter()
            .map(|row| product::ToxicityRate {
                toxicity: row.toxicity.clone(),
                grade: row.grade.clone(),
                percent: paratope_sdk::number::quantity(row.percent.0, "%").value,
                population: row.population.clone(),
                citations: self.cite(&row.cite),
            })
            .collect()
    }

    // ---- shared by every kind of row

    /// The citations of a row. Every row has one: background knowledge is a source too.
    fn cite(&mut self, cite: &Cite) -> Vec<Citation> {
        if cite.source.get_ref().is_empty() && cite.confidence != paratope_sdk::document::Trust::Sourced {
            let help = Some("name a key of [sources], such as one for background knowledge".to_owned());
            self.error(cite.source.span(), "the row names no source", help);
        }
        cite.resolve(&self.read.sources, &self.edition, self.examined)
    }

    fn lines(&mut self, lines: &[document::Line], inherited: Option<&[Citation]>) -> Vec<Statement> {
        self.count(lines.len());
        lines
            .iter()
            .map(|line| {
                let citations = match (&line.cite, inherited) {
                    (Some(cite), _) => self.cite(cite),
                    (None, Some(inherited)) => inherited.to_vec(),
                    (None, None) => {
                        let message = format!("`{}` names no source", line.text);
                        self.error(self.read.product.span(), message, Some("add `cite` to the row".to_owned()));
                        Vec::new()
                    }
                };
                Statement { code: line.code.clone(), text: line.text.clone(), citations }
            })
            .collect()
    }

    fn condition(&mut self, condition: &document::Condition) -> label::Condition {
        let mut checks = |tests: &[criteria::Test]| {
            tests.iter().filter_map(|test| criteria::condition(test, self.examined)).collect::<Vec<_>>()
        };
        let all = checks(&condition.all);
        let any = checks(&condition.any);
        if condition.all.is_empty() && condition.any.is_empty() {
            let message = format!("the condition `{}` tests nothing", condition.text);
            self.error(self.read.product.span(), message, Some("add `all` or `any`".to_owned()));
        }
        label::Condition { text: condition.text.clone(), all, any }
    }

    /// The doses a row holds for, as indexes.
    fn doses(&mut self, applies: &Applies, regimens: &[Regimen]) -> Doses {
        let chosen: Vec<usize> = match &applies.regimens {
            Some(names) => names.iter().filter_map(|name| self.regimen(name, regimens)).collect(),
            None => (0..regimens.len()).collect(),
        };
        let of = |at: usize| regimens.get(at).map(|regimen| regimen.phases.as_slice()).unwrap_or_default();
        let mut pairs = Vec::new();
        match &applies.phases {
            None => pairs.extend(chosen.iter().flat_map(|at| (0..of(*at).len()).map(|phase| (*at, phase)))),
            Some(names) => {
                for name in names {
                    let before = pairs.len();
                    pairs.extend(chosen.iter().filter_map(|at| {
                        let phase = of(*at).iter().position(|phase| phase.id() == name.get_ref())?;
                        Some((*at, phase))
                    }));
                    if pairs.len() == before {
                        let mut known: Vec<&str> = chosen.iter().flat_map(|at| of(*at)).map(Phase::id).collect();
                        known.dedup();
                        let message = format!("no such phase: `{}`", name.get_ref());
                        self.error(name.span(), message, accepted(&known));
                    }
                }
            }
        }
        let cycles = applies.cycles.as_ref().and_then(|cycles| self.cycles(cycles.get_ref(), cycles.span()));
        Doses { pairs, cycles }
    }

    fn regimen(&mut self, name: &Spanned<String>, regimens: &[Regimen]) -> Option<usize> {
        let found = regimens.iter().position(|regimen| regimen.id() == name.get_ref());
        if found.is_none() {
            let known: Vec<&str> = regimens.iter().map(Regimen::id).collect();
            self.error(name.span(), format!("no such regimen: `{}`", name.get_ref()), accepted(&known));
        }
        found
    }

    /// Reads `1`, `2-3` or `10+`.
    fn cycles(&mut self, text: &str, span: Span<usize>) -> Option<Cycles> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| (1..=500).contains(number));
        let read = if let Some(first) = text.strip_suffix('+') {
            number(first).map(|first| Cycles { first, last: None })
        } else if let Some((first, last)) = text.split_once('-') {
            number(first)
                .zip(number(last))
                .filter(|(first, last)| first <= last)
                .map(|(first, last)| Cycles { first, last: Some(last) })
        } else {
            number(text).map(|only| Cycles { first: only, last: Some(only) })
        };
        if read.is_none() {
            let help = Some("accepted: `1`, `2-3` or `10+`".to_owned());
            self.error(span, format!("`{text}` does not name cycles"), help);
        }
        read
    }

    /// Amounts of a drug lie between a millionth and a million of their unit; arithmetic on them cannot overflow.
    fn plausible(&mut self, span: Span<usize>, amounts: impl IntoIterator<Item = Option<Number>>) {
        let (least, most) = (Exact::new(1, 6), Exact::from(1_000_000));
        for amount in amounts.into_iter().flatten() {
            if amount.0 < least || most < amount.0 {
                self.error(span.clone(), format!("{} is not an amount of a drug", amount.0), None);
            }
        }
    }

    fn one_of(&mut self, word: &Spanned<String>, what: &str, words: &[&str]) {
        if !words.contains(&word.get_ref().as_str()) {
            self.error(word.span(), format!("`{}` is not {what}", word.get_ref()), accepted(words));
        }
    }

    fn slug(&mut self, id: &Spanned<String>, what: &str) {
        let text = id.get_ref();
        let shape = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !shape {
            let help = Some("lower case letters, digits and hyphens, beginning with a letter".to_owned());
            self.error(id.span(), format!("`{text}` cannot name a {what}"), help);
        }
    }

    fn unique<'s>(&mut self, ids: impl Iterator<Item = &'s Spanned<String>>, what: &str) {
        let mut seen = std::collections::BTreeSet::new();
        for id in ids {
            if what != "REMS" {
                self.slug(id, what);
            }
            if !seen.insert(id.get_ref()) {
                self.error(id.span(), format!("the {what} `{}` is written twice", id.get_ref()), None);
            }
        }
    }

    fn count(&mut self, rows: usize) {
        self.rules = self.rules.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
    }

    fn error(&mut self, span: Span<usize>, message: impl Into<String>, help: Option<String>) {
        self.examined.error(span, message, help);
    }

    fn warn(&mut self, span: Span<usize>, message: impl Into<String>, help: Option<String>) {
        self.examined.warn(span, message, help);
    }
}

/// The phases behind index pairs.
fn phases_of<'r>(regimens: &'r mut [Regimen], pairs: &[(usize, usize)]) -> impl Iterator<Item = &'r mut Phase> {
    regimens.iter_mut().enumerate().flat_map(move |(at, regimen)| {
        regimen
            .phases
            .iter_mut()
            .enumerate()
            .filter(move |(phase, _)| pairs.contains(&(at, *phase)))
            .map(|(_, phase)| phase)
    })
}

fn accepted(words: &[&str]) -> Option<String> {
    Some(format!("accepted: {}", words.join(", ")))
}

/// Whether every citation of a row is a guideline.
fn is_guideline(citations: &[Citation]) -> bool {
    !citations.is_empty() && citations.iter().all(|citation| citation.basis == Basis::Guideline)
}

/// Whether a row is shown to people as unverified.
fn is_unverified(citations: &[Citation]) -> bool {
    citations.iter().any(|citation| !matches!(citation.confidence, Confidence::Sourced | Confidence::Derived))
}
