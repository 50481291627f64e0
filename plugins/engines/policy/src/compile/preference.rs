//! Checks the members of a class and the order of preference.

use paratope_sdk::payer;
use paratope_sdk::words::{Ask, Statement};

use super::Workshop;
use crate::document::{self, PolicyDocument, SubjectKind};
use crate::policy::{Conditional, Continuing, Preference, Step, Transition};

/// How a former treatment may be shown.
const PROOFS: &[&str] = &["paid-claim", "chart"];

impl Workshop<'_, '_, '_> {
    pub(super) fn members(&mut self, document: &PolicyDocument) -> Vec<payer::TierProduct> {
        let class = document.subject_kind == SubjectKind::Class;
        let mut seen = std::collections::BTreeSet::new();
        for member in &document.member {
            let (id, span) = (member.product.get_ref(), member.product.span());
            if !class {
                self.examined.error(
                    span.clone(),
                    "only a class has members",
                    Some("write subject-kind = \"class\"".to_owned()),
                );
            }
            if !seen.insert(id.clone()) {
                self.examined.error(span, format!("`{id}` is a member twice"), None);
            }
        }
        if document.preference.is_some() && !class {
            self.examined.error(
                document.subject.span(),
                "only a class has preferred products",
                Some("write subject-kind = \"class\"".to_owned()),
            );
        }
        document
            .member
            .iter()
            .map(|member| payer::TierProduct {
                product: member.product.get_ref().clone(),
                brand: member.brand.clone(),
                code: member.code.clone(),
                presentations: Vec::new(),
            })
            .collect()
    }

    pub(super) fn preference(&mut self, row: &document::Preference, document: &PolicyDocument) -> Preference {
        let tiers = self.tiers(row, document);
        let preferred = tiers.first().map_or(0, |tier| tier.products.len());
        Preference {
            text: row.text.clone(),
            applies: self.rules(&row.applies),
            tiers,
            exceptions: self.rules(&row.exception),
            steps: row.step.iter().map(|step| self.step(step, preferred)).collect(),
            continuing: row.continuing.as_ref().map(|row| self.continuing(row)),
            transitions: row.transition.iter().map(|row| self.transition(row)).collect(),
            open: row
                .open
                .iter()
                .map(|open| Conditional {
                    when: self.check(open.when.as_ref()),
                    item: Ask { topic: open.topic.clone(), reason: open.text.clone(), needs: Vec::new() },
                })
                .collect(),
            notify: Statement {
                code: "notify-payer".to_owned(),
                text: row.emergency.notify.clone(),
                citations: self.cite(&row.emergency.cite),
            },
            duties: self.statements(&row.duty),
            citations: self.cite(&row.cite),
        }
    }

    fn tiers(&mut self, row: &document::Preference, document: &PolicyDocument) -> Vec<payer::Tier> {
        let mut tiers: Vec<payer::Tier> = Vec::new();
        for (at, tier) in row.tier.iter().enumerate() {
            let rank = *tier.rank.get_ref();
            if usize::try_from(rank).ok() != Some(at + 1) {
                self.examined.error(
                    tier.rank.span(),
                    format!("tier {rank} stands in place {}", at + 1),
                    Some("write tiers in order, from 1".to_owned()),
                );
            }
            if tier.product.is_empty() {
                self.examined.error(
                    tier.rank.span(),
                    "a tier without products",
                    Some("leave the tier out where its products are not known".to_owned()),
                );
            }
            let products = tier.product.iter().filter_map(|product| self.on_tier(product, document)).collect();
            tiers.push(payer::Tier { rank, products });
        }
        tiers
    }

    fn on_tier(&mut self, row: &document::PreferredRow, document: &PolicyDocument) -> Option<payer::TierProduct> {
        let id = row.id.get_ref();
        let Some(member) = document.member.iter().find(|member| member.product.get_ref() == id) else {
            let members: Vec<&str> = document.member.iter().map(|member| member.product.get_ref().as_str()).collect();
            self.examined.error(
                row.id.span(),
                format!("`{id}` is not a member of the class"),
                Some(format!("accepted: {}", members.join(", "))),
            );
            return None;
        };
        Some(payer::TierProduct {
            product: id.clone(),
            brand: member.brand.clone(),
            code: member.code.clone(),
            presentations: row.presentations.clone(),
        })
    }

    fn step(&mut self, row: &document::Step, preferred: usize) -> Step {
        let count = row.count.as_ref().map(|count| usize::try_from(*count.get_ref()).unwrap_or(usize::MAX));
        if let (Some(count), Some(span)) = (count, row.count.as_ref().map(|count| count.span()))
            && (count == 0 || (preferred > 0 && count > preferred))
        {
            self.examined.error(
                span,
                format!("{count} of {preferred} preferred products"),
                Some("from 1 to the number of products on tier 1".to_owned()),
            );
        }
        if row.count_not_stated && row.count.is_some() {
            self.examined.error(row.id.span(), "the count is stated and not stated", None);
        }
        if row.accepts.is_empty() {
            self.examined.error(
                row.id.span(),
                "nothing counts as failure",
                Some("accepted: ineffective, intolerant, contraindicated".to_owned()),
            );
        }
        Step {
            id: self.take(&row.id),
            text: row.text.clone(),
            count,
            count_not_stated: row.count_not_stated,
            accepts: row.accepts.clone(),
            lookback_days: row.lookback_days,
            when: self.check(row.when.as_ref()),
            citations: self.cite(&row.cite),
        }
    }

    fn continuing(&mut self, row: &document::Continuing) -> Continuing {
        for proof in row.proofs.get_ref() {
            self.word(proof, row.proofs.span(), "a proof", PROOFS);
        }
        Continuing {
            id: self.take(&row.id),
            text: row.text.clone(),
            lookback_days: row.lookback_days,
            proofs: row.proofs.get_ref().clone(),
            citations: self.cite(&row.cite),
        }
    }

    fn transition(&mut self, row: &document::Transition) -> Transition {
        if row.carries.get_ref().is_empty() {
            self.examined.error(row.carries.span(), "the approval carries nothing", None);
        }
        Transition {
            id: self.take(&row.id),
            text: row.text.clone(),
            approval: row.approval.clone(),
            carries: row.carries.get_ref().clone(),
            citations: self.cite(&row.cite),
        }
    }
}
