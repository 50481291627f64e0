//! Checks the billing part of a policy.

use paratope_sdk::criteria;
use paratope_sdk::facts;
use paratope_sdk::words::Ask;

use super::{SETTINGS, Workshop};
use crate::document;
use crate::policy::{Administration, Billing, Code, Conditional, Discarded, Modifier, Revenue};

impl Workshop<'_, '_, '_> {
    pub(super) fn billing(&mut self, row: &document::Billing) -> Billing {
        Billing {
            codes: row.code.iter().map(|row| self.code(row)).collect(),
            discarded: row.discarded.as_ref().map(|row| self.discarded(row)),
            administration: row.administration.iter().map(|row| self.administration(row)).collect(),
            modifiers: row.modifier.iter().filter_map(|row| self.modifier(row)).collect(),
            revenue: row.revenue.iter().map(|row| self.revenue(row)).collect(),
            edits: self.rules(&row.edit),
            ndc: row.ndc.as_ref().map(|cite| self.cite(cite)),
            ndc_unit: row.ndc_unit.as_ref().map(|unit| {
                self.word(unit.get_ref(), unit.span(), "a unit of an NDC quantity", &["UN", "ML", "GR", "F2"]);
                unit.get_ref().clone()
            }),
            white_bag: row.white_bag.as_ref().map(|cite| self.cite(cite)),
            payment: self.statements(&row.payment),
            open: row
                .open
                .iter()
                .map(|open| Conditional {
                    when: self.check(open.when.as_ref()),
                    item: Ask { topic: open.topic.clone(), reason: open.text.clone(), needs: Vec::new() },
                })
                .collect(),
        }
    }

    fn code(&mut self, row: &document::CodeRow) -> Code {
        let (code, span) = (row.code.get_ref(), row.code.span());
        if !is_code(code) {
            self.examined.error(
                span.clone(),
                format!("`{code}` is not a HCPCS or CPT code"),
                Some("a capital letter or digit, then four digits".to_owned()),
            );
        }
        if row.first.zip(row.last).is_some_and(|(first, last)| last.0 < first.0) {
            self.examined.error(span, "the last day comes before the first", None);
        }
        self.settings(&row.settings, row.code.span());
        Code {
            product: row.product.clone(),
            code: code.clone(),
            settings: row.settings.clone(),
            first: row.first.map(|day| day.0),
            last: row.last.map(|day| day.0),
            seen: row.seen.map(|day| day.0),
            narrative: row.narrative.clone(),
            ask: row.ask.clone(),
            citations: self.cite(&row.cite),
        }
    }

    fn discarded(&mut self, row: &document::Discarded) -> Discarded {
        self.settings(&row.not_in, row.jz_from.span());
        if row.jz_from.get_ref().0 < row.jw_from.0 {
            self.examined.error(row.jz_from.span(), "JZ came after JW", None);
        }
        Discarded {
            jw_from: row.jw_from.0,
            jz_from: row.jz_from.get_ref().0,
            not_in: row.not_in.clone(),
            citations: self.cite(&row.cite),
        }
    }

    fn administration(&mut self, row: &document::Administration) -> Administration {
        let known = facts::definition("route").map(|entry| entry.values).unwrap_or_default();
        self.word(row.route.get_ref(), row.route.span(), "a route", known);
        Administration {
            route: row.route.get_ref().clone(),
            products: row.products.clone(),
            code: row.code.clone(),
            further_hour: row.further_hour.clone(),
            text: row.text.clone(),
            ask: row.ask.clone(),
            citations: self.cite(&row.cite),
        }
    }

    fn modifier(&mut self, row: &document::ModifierRow) -> Option<Modifier> {
        self.settings(&row.settings, row.when.fact.span());
        if row.modifier.is_none() && row.ask.is_none() {
            self.examined.error(
                row.when.fact.span(),
                "neither a modifier nor a question",
                Some("add modifier or ask".to_owned()),
            );
        }
        let citations = self.cite(&row.cite);
        Some(Modifier {
            modifier: row.modifier.clone(),
            when: criteria::condition(&row.when, self.examined)?,
            settings: row.settings.clone(),
            first: row.first.map(|day| day.0),
            last: row.last.map(|day| day.0),
            ask: row.ask.clone(),
            citations,
        })
    }

    fn revenue(&mut self, row: &document::RevenueRow) -> Revenue {
        let code = row.code.get_ref();
        if code.len() != 4 || !code.chars().all(|digit| digit.is_ascii_digit()) {
            let help = Some("four digits, such as 0636".to_owned());
            self.examined.error(row.code.span(), format!("`{code}` is not a revenue code"), help);
        }
        self.settings(&row.settings, row.code.span());
        Revenue { code: code.clone(), settings: row.settings.clone(), citations: self.cite(&row.cite) }
    }

    fn settings(&mut self, settings: &[String], span: std::ops::Range<usize>) {
        for setting in settings {
            self.word(setting, span.clone(), "a setting", SETTINGS);
        }
    }
}

/// Whether `text` has the shape of a HCPCS or CPT code.
pub(crate) fn is_code(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    first && text.len() == 5 && characters.all(|c| c.is_ascii_digit())
}
