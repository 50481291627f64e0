//! From documents to [`Policies`]: every error of meaning is found here, with the place it stands.

use std::collections::{BTreeMap, BTreeSet};

use paratope_sdk::configure::Document;
use paratope_sdk::criteria::{self, Check, Criterion, Rule, Test};
use paratope_sdk::document::{Cite, Dated, Diagnostic, Examined, Sources, Spanned, succeed};
use paratope_sdk::facts;
use paratope_sdk::payer;
use paratope_sdk::words::{Ask, Citation, Confidence, Statement};

use crate::document::{DatedBy, Operator, PayerDocument, PolicyDocument, SubjectKind};
use crate::policy::{Conditional, Policies, Policy};

mod billing;
mod preference;
mod terms;

pub(crate) use billing::is_code;

/// Where a drug may be given.
pub(crate) const SETTINGS: &[&str] =
    &["office", "infusion-center", "hospital-outpatient", "observation", "inpatient", "home"];

/// How a drug may be bought.
pub(crate) const CHANNELS: &[&str] = &["buy-and-bill", "white-bag", "clear-bag", "pharmacy-benefit"];

impl Policies {
    /// Checks `documents` and makes policies of them: `payer.toml` and everything under `policy/`. Other documents
    /// are not read.
    ///
    /// # Errors
    /// What must be put right, and where.
    pub fn compile(documents: &[Document]) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_noting(documents).map(|(policies, _)| policies)
    }

    /// As [`Policies::compile`], with the warnings that did not stop it.
    ///
    /// # Errors
    /// What must be put right, and where.
    pub fn compile_noting(documents: &[Document]) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let Some(payer_document) = documents.iter().find(|document| document.path == "payer.toml") else {
            return Err(vec![misplaced("payer.toml", "there is no payer.toml: it says who the payer is")]);
        };
        let mut payer_examined = Examined::new(payer_document);
        let payer = payer_examined.parse::<PayerDocument>();
        let known_lines = payer.as_ref().map(|payer| payer.lines_of_business.get_ref().clone()).unwrap_or_default();
        let policies = payer.map(|payer| payer_wide(&payer, &mut payer_examined));

        let mut read: Vec<Read<'_>> = documents
            .iter()
            .filter(|document| document.path.starts_with("policy/"))
            .map(|document| Read::new(document, &known_lines))
            .collect();
        if read.is_empty() {
            payer_examined.error(0..0, "there is no policy", Some("add policy/<subject>/<edition>.toml".to_owned()));
        }
        let editions = in_series(&mut read);

        let mut diagnostics = payer_examined.diagnostics;
        diagnostics.extend(read.into_iter().flat_map(|read| read.examined.diagnostics));
        let (errors, warnings): (Vec<_>, Vec<_>) =
            diagnostics.into_iter().partition(|found| found.severity == paratope_sdk::document::Severity::Error);
        match policies {
            Some(mut policies) if errors.is_empty() => {
                policies.editions = editions;
                Ok((policies, warnings))
            }
            _ => Err(errors.into_iter().chain(warnings).collect()),
        }
    }

    /// How many rules there are: criteria, limits, documents and the like.
    #[must_use]
    pub fn rules(&self) -> u32 {
        let count = self.editions.iter().map(|edition| edition.content.rules()).sum::<usize>();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl Policy {
    fn rules(&self) -> usize {
        self.applicability.len()
            + self.criteria.len()
            + self.initial.len()
            + self.renewal.len()
            + usize::from(self.evidence.is_some())
            + self.limits.len()
            + self.durations.len()
            + self.documents.len()
            + self.channels.len()
            + self.preference.as_ref().map_or(0, |preference| preference.exceptions.len() + preference.tiers.len())
            + self.billing.as_ref().map_or(0, |billing| billing.edits.len() + billing.codes.len())
    }
}

pub(crate) fn misplaced(path: &str, message: &str) -> Diagnostic {
    Diagnostic {
        path: path.to_owned(),
        line: 1,
        column: 1,
        severity: paratope_sdk::document::Severity::Error,
        message: message.to_owned(),
        help: None,
    }
}

/// What holds for the payer as a whole.
fn payer_wide(document: &PayerDocument, examined: &mut Examined<'_>) -> Policies {
    let id = document.payer.get_ref();
    if !is_id(id) {
        examined.error(document.payer.span(), format!("`{id}` is not an id"), Some(ID_HELP.to_owned()));
    }
    lines(&document.lines_of_business, None, examined);
    let mut workshop = Workshop { sources: &document.sources, edition: String::new(), seen: BTreeSet::new(), examined };
    let clocks = workshop.clocks(&document.clock);
    let channels = workshop.channels(&document.channel);
    let submission = workshop.statements(&document.submission);
    Policies {
        payer: id.clone(),
        name: document.name.clone(),
        operator: match document.operator {
            Operator::Payer => payer::Operator::Payer,
            Operator::PolicyLibrary => payer::Operator::PolicyLibrary,
        },
        lines_of_business: document.lines_of_business.get_ref().clone(),
        gaps: document
            .gap
            .iter()
            .map(|gap| Ask { topic: gap.topic.clone(), reason: gap.text.clone(), needs: Vec::new() })
            .collect(),
        editions: Vec::new(),
        clocks,
        channels,
        submission,
    }
}

/// A policy document that was read, with what is wrong with it.
struct Read<'a> {
    examined: Examined<'a>,
    /// Absent when the document could not be read.
    edition: Option<(Series, Dated<Policy>, PolicyDocument)>,
}

/// What the editions of one policy share.
type Series = (SubjectKind, String, BTreeSet<String>);

impl<'a> Read<'a> {
    fn new(document: &'a Document, known_lines: &[String]) -> Self {
        let mut examined = Examined::new(document);
        let edition = examined.parse::<PolicyDocument>().map(|policy| {
            let (id, title) = (edition_id(&document.path), policy.title.clone());
            let effective = &policy.effective;
            let (first, last) = (effective.first.get_ref().0, effective.last.map(|day| day.0));
            if last.is_some_and(|last| last < first) {
                examined.error(effective.first.span(), "the last day comes before the first", None);
            }
            folder(&document.path, &policy, &mut examined);
            let content = checked(&policy, id, known_lines, &mut examined);
            let series = (
                policy.subject_kind,
                policy.subject.get_ref().clone(),
                policy.lines_of_business.get_ref().iter().cloned().collect(),
            );
            (series, Dated::new(id, &title, first, last, content), policy)
        });
        Self { examined, edition }
    }
}

/// Orders the editions of each series; two that begin on one day, or half-share their lines of business, are errors.
fn in_series(read: &mut [Read<'_>]) -> Vec<Dated<Policy>> {
    let mut series: BTreeMap<Series, Vec<Dated<Policy>>> = BTreeMap::new();
    let mut earlier: Vec<(Series, paratope_sdk::number::Day)> = Vec::new();
    for document in read.iter_mut() {
        let Some((own, edition, written)) = &document.edition else { continue };
        for (other, first) in &earlier {
            let same_subject = (own.0, &own.1) == (other.0, &other.1);
            if same_subject && own.2 != other.2 && own.2.intersection(&other.2).next().is_some() {
                document.examined.error(
                    written.lines_of_business.span(),
                    format!("another policy about `{}` shares some of these lines of business", own.1),
                    Some("two policies about one subject share all lines of business or none".to_owned()),
                );
            }
            if own == other && edition.first == *first {
                document.examined.error(
                    written.effective.first.span(),
                    format!("another edition about `{}` begins on {first}", own.1),
                    Some("give each edition its own first day".to_owned()),
                );
            }
        }
        earlier.push((own.clone(), edition.first));
        series.entry(own.clone()).or_default().push(edition.clone());
    }
    let mut editions = Vec::new();
    for (_, mut of_series) in series {
        // Two editions on one day were reported above.
        if succeed(&mut of_series).is_ok() {
            for mut edition in of_series {
                edition.content.record.edition = edition.edition.clone();
                editions.push(edition);
            }
        }
    }
    editions
}

/// `2025-05-05` of `policy/teclistamab/2025-05-05.toml`.
fn edition_id(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}

/// A document stands in the folder of its subject; a policy about everything may stand in any.
fn folder(path: &str, policy: &PolicyDocument, examined: &mut Examined<'_>) {
    let subject = policy.subject.get_ref();
    let folder = path.split('/').nth(1).unwrap_or_default();
    if subject != "*" && folder != subject {
        examined.error(
            policy.subject.span(),
            format!("a policy about `{subject}` stands in the folder `{folder}`"),
            Some(format!("move it to policy/{subject}/")),
        );
    }
}

/// Checks what a policy document means.
fn checked(document: &PolicyDocument, edition: &str, known_lines: &[String], examined: &mut Examined<'_>) -> Policy {
    lines(&document.lines_of_business, Some(known_lines), examined);
    for id in [&document.subject, &document.id] {
        if id.get_ref() != "*" && id.get_ref().trim().is_empty() {
            examined.error(id.span(), "this is empty", Some(ID_HELP.to_owned()));
        }
    }
    let mut workshop =
        Workshop { sources: &document.sources, edition: edition.to_owned(), seen: BTreeSet::new(), examined };
    if document.evidence.is_some() {
        workshop.reserve(&["evidence-basis", "evidence-support", "evidence-not-indicated"]);
    }
    if document.preference.is_some() {
        workshop.reserve(&["preferred-product"]);
    }
    if document.billing.is_some() {
        workshop.reserve(&["code-for-product", "ndc-format", "supplied-drug", "discard-multi-dose"]);
    }
    let citations = workshop.cite(&document.cite);
    let policy = Policy {
        record: payer::Policy {
            id: document.id.get_ref().clone(),
            title: document.title.clone(),
            subject_kind: match document.subject_kind {
                SubjectKind::Product => payer::SubjectKind::Product,
                SubjectKind::Class => payer::SubjectKind::Class,
            },
            subject: document.subject.get_ref().clone(),
            lines_of_business: document.lines_of_business.get_ref().clone(),
            edition: paratope_sdk::words::Edition {
                id: edition.to_owned(),
                document: document.title.clone(),
                effective: paratope_sdk::words::Period { first: None, last: None },
            },
            citations,
        },
        required: document.authorization == crate::document::Authorization::Required,
        dated: dated_by(document),
        members: workshop.members(document),
        applicability: workshop.rules(&document.applicability),
        contact: document.contact.as_ref().map(|row| workshop.statement(row).item),
        evidence: document.evidence.as_ref().map(|row| workshop.evidence(row)),
        criteria: workshop.rules(&document.criterion),
        initial: workshop.rules(&document.initial),
        renewal: workshop.rules(&document.renewal),
        redirects: Vec::new(),
        limits: document.limit.iter().map(|row| workshop.limit(row)).collect(),
        durations: document.duration.iter().map(|row| workshop.duration(row)).collect(),
        documents: document.document.iter().map(|row| workshop.document(row)).collect(),
        channels: workshop.channels(&document.channel),
        submission: workshop.statements(&document.submission),
        clocks: workshop.clocks(&document.clock),
        linked: document.linked.iter().map(|row| workshop.linked(row)).collect(),
        open: document.not_stated.iter().map(|row| workshop.open_point(row)).collect(),
        preference: document.preference.as_ref().map(|row| workshop.preference(row, document)),
        billing: document.billing.as_ref().map(|row| workshop.billing(row)),
    };
    let redirects = document.redirect.iter().map(|row| workshop.redirect(row, &policy)).collect();
    if !policy.applicability.is_empty() && policy.contact.is_none() {
        workshop.examined.warn(
            document.id.span(),
            "applicability without [contact]: the answer cannot say whom to ask",
            None::<String>,
        );
    }
    Policy { redirects, ..policy }
}

/// The gap an edition leaves whose first day is not the day it takes effect.
fn dated_by(document: &PolicyDocument) -> Option<Ask> {
    let (id, first) = (document.id.get_ref(), document.effective.first.get_ref().0);
    let reason = match document.effective.dated_by {
        DatedBy::Effective => return None,
        DatedBy::Version => format!(
            "{id}: the day it takes effect was not found; {first}, the day of its version, is used, and earlier \
             services are not judged by it"
        ),
        DatedBy::Rule => format!(
            "{id}: the day it takes effect was not found; {first}, the first day for which one of its rules is known, \
             is used, and earlier services are not judged by it"
        ),
        DatedBy::Read => format!(
            "{id}: no day was found in the text; {first}, the day it was read, is used, and earlier services are not \
             judged by it"
        ),
    };
    Some(Ask { topic: "effective-date".to_owned(), reason, needs: Vec::new() })
}

const ID_HELP: &str = "lower-case words joined by hyphens, such as `blue-cross-nc`";

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn lines(lines: &Spanned<Vec<String>>, known: Option<&[String]>, examined: &mut Examined<'_>) {
    if lines.get_ref().is_empty() {
        examined.error(lines.span(), "no line of business", Some("such as [\"commercial\"]".to_owned()));
    }
    for line in lines.get_ref() {
        if !is_id(line) {
            examined.error(lines.span(), format!("`{line}` is not an id"), Some(ID_HELP.to_owned()));
        }
        if let Some(known) = known.filter(|known| !known.is_empty() && !known.contains(line)) {
            examined.error(
                lines.span(),
                format!("`{line}` is not a line of business of payer.toml"),
                Some(format!("accepted: {}", known.join(", "))),
            );
        }
    }
}

/// Where the rows of one document are checked.
struct Workshop<'d, 'e, 't> {
    sources: &'d Sources,
    edition: String,
    /// Ids of findings: unique in the document.
    seen: BTreeSet<String>,
    examined: &'e mut Examined<'t>,
}

impl Workshop<'_, '_, '_> {
    /// The citations of a row. Every row has one, and none may rest on what is unknown.
    fn cite(&mut self, cite: &Cite) -> Vec<Citation> {
        let before = self.examined.diagnostics.len();
        let citations = cite.resolve(self.sources, &self.edition, self.examined);
        let span = cite.source.span();
        if citations.is_empty() && self.examined.diagnostics.len() == before {
            self.examined.error(
                span.clone(),
                "the row names no source",
                Some("name a key of [sources]; one may say that the text was not read".to_owned()),
            );
        }
        if Confidence::from(cite.confidence) == Confidence::Unknown {
            self.examined.error(
                span,
                "a rule cannot rest on what is unknown",
                Some("write it under [[not-stated]]".to_owned()),
            );
        }
        citations
    }

    fn rules(&mut self, criteria: &[Criterion]) -> Vec<Rule> {
        for criterion in criteria {
            self.known_only(criterion);
        }
        criteria::compile_beside(criteria, self.sources, &self.edition, &mut self.seen, self.examined)
    }

    /// Refuses criteria of confidence `unknown`, which would be judged as if they were known.
    fn known_only(&mut self, criterion: &Criterion) {
        if let Some(cite) = &criterion.cite
            && Confidence::from(cite.confidence) == Confidence::Unknown
        {
            self.examined.error(
                cite.source.span(),
                format!("`{}` cannot rest on what is unknown", criterion.id.get_ref()),
                Some("write it under [[not-stated]]".to_owned()),
            );
        }
        let groups = [&criterion.all, &criterion.any, &criterion.none];
        let at_least = criterion.at_least.iter().flat_map(|group| &group.of);
        for part in groups.into_iter().flatten().flatten().chain(at_least) {
            self.known_only(part);
        }
    }

    fn check(&mut self, test: Option<&Test>) -> Option<Check> {
        test.and_then(|test| criteria::condition(test, self.examined))
    }

    /// Takes an id for a finding.
    fn take(&mut self, id: &Spanned<String>) -> String {
        if !self.seen.insert(id.get_ref().clone()) {
            self.examined.error(
                id.span(),
                format!("the id `{}` is used twice", id.get_ref()),
                Some("ids are unique in a document".to_owned()),
            );
        }
        id.get_ref().clone()
    }

    /// Keeps ids that answers use by themselves, before any row can take them.
    fn reserve(&mut self, ids: &[&str]) {
        self.seen.extend(ids.iter().map(|id| (*id).to_owned()));
    }

    /// A word of a closed list.
    fn word(&mut self, word: &str, span: std::ops::Range<usize>, what: &str, accepted: &[&str]) {
        if !accepted.contains(&word) {
            let near = accepted.iter().min_by_key(|known| facts::distance(known, word)).copied().unwrap_or_default();
            self.examined.error(
                span,
                format!("`{word}` is not {what}; did you mean `{near}`?"),
                Some(format!("accepted: {}", accepted.join(", "))),
            );
        }
    }

    fn statement(&mut self, row: &crate::document::StatementRow) -> Conditional<Statement> {
        Conditional {
            when: self.check(row.when.as_ref()),
            item: Statement { code: row.code.clone(), text: row.text.clone(), citations: self.cite(&row.cite) },
        }
    }

    fn statements(&mut self, rows: &[crate::document::StatementRow]) -> Vec<Conditional<Statement>> {
        rows.iter().map(|row| self.statement(row)).collect()
    }
}
