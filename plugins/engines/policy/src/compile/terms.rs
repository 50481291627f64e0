//! Checks limits, durations, documents, channels, clocks and open points.

use paratope_sdk::criteria::KINDS;
use paratope_sdk::facts;
use paratope_sdk::number;
use paratope_sdk::payer;
use paratope_sdk::words::Statement;

use super::{CHANNELS, Workshop};
use crate::document::{
    self, ChannelRow, ChannelRule, ClockRow, DocumentRow, DurationRow, LimitRow, LinkedRow, NotStated, Priority,
    Redirect,
};
use crate::policy::{ClockRule, Conditional, DocumentRule, Evidence, LimitRule, OpenPoint, Policy};

impl Workshop<'_, '_, '_> {
    pub(super) fn evidence(&mut self, row: &document::Evidence) -> Evidence {
        let known = facts::definition("evidence-category").map(|entry| entry.values).unwrap_or_default();
        let all = row.accepted.get_ref().iter().chain(&row.disputed).chain(&row.refused);
        let mut told = std::collections::BTreeSet::new();
        for category in all {
            self.word(category, row.accepted.span(), "an NCCN category", known);
            if !told.insert(category) {
                self.examined.error(row.accepted.span(), format!("category `{category}` is told twice"), None);
            }
        }
        Evidence {
            text: row.text.clone(),
            labelled: row.labelled,
            accepted: row.accepted.get_ref().clone(),
            disputed: row.disputed.clone(),
            refused: row.refused.clone(),
            other_compendia: row.other_compendia,
            veto: row.not_indicated_veto,
            citations: self.cite(&row.cite),
        }
    }

    pub(super) fn redirect(&mut self, row: &Redirect, policy: &Policy) -> (String, Statement) {
        let id = row.criterion.get_ref();
        let rules = policy.criteria.iter().chain(&policy.initial).chain(&policy.renewal);
        if !rules.map(|rule| rule.id.as_str()).any(|known| known == id) {
            self.examined.error(
                row.criterion.span(),
                format!("`{id}` is not a criterion of this document"),
                Some("name the id of a criterion that stands by itself".to_owned()),
            );
        }
        let citations = self.cite(&row.cite);
        (id.clone(), Statement { code: row.code.clone(), text: row.text.clone(), citations })
    }

    pub(super) fn limit(&mut self, row: &LimitRow) -> LimitRule {
        let amount = row.amount.get_ref().0;
        if amount.is_sign_negative() || amount.is_zero() {
            self.examined.error(row.amount.span(), "a limit is more than nothing", None);
        }
        let window = match *row.window.get_ref() {
            document::Window::PerDose => payer::Window::PerDose,
            document::Window::CycleDay { cycle, day } => {
                if cycle == 0 || day == 0 {
                    self.examined.error(row.window.span(), "cycles and their days are counted from 1", None);
                }
                payer::Window::CycleDay((cycle, day))
            }
            document::Window::RollingDays(days) => {
                if days == 0 {
                    self.examined.error(row.window.span(), "a window is one day or more", None);
                }
                payer::Window::RollingDays(days)
            }
            document::Window::RollingMonths(months) => {
                if months == 0 {
                    self.examined.error(row.window.span(), "a window is one month or more", None);
                }
                payer::Window::RollingMonths(months)
            }
            document::Window::PerAuthorization => payer::Window::PerAuthorization,
            document::Window::Lifetime => payer::Window::Lifetime,
        };
        if row.measure == document::Measure::Cycles
            && !matches!(window, payer::Window::PerAuthorization | payer::Window::Lifetime)
        {
            self.examined.error(
                row.window.span(),
                "cycles are counted over an authorization or a lifetime",
                Some("accepted: per-authorization, lifetime".to_owned()),
            );
        }
        if row.from_cycle.zip(row.to_cycle).is_some_and(|(from, to)| to < from) {
            self.examined.error(row.id.span(), "to-cycle comes before from-cycle", None);
        }
        LimitRule {
            id: self.take(&row.id),
            text: row.text.clone(),
            measure: match row.measure {
                document::Measure::HcpcsUnits => payer::Measure::HcpcsUnits,
                document::Measure::Vials => payer::Measure::Vials,
                document::Measure::Milligrams => payer::Measure::Milligrams,
                document::Measure::MilligramsPerKilogram => payer::Measure::MilligramsPerKilogram,
                document::Measure::Doses => payer::Measure::Doses,
                document::Measure::Cycles => payer::Measure::Cycles,
                document::Measure::Hours => payer::Measure::Hours,
            },
            counts: row.counts.clone(),
            amount,
            window,
            includes_waste: row.includes_waste,
            phases: row.phases.clone(),
            from_cycle: row.from_cycle,
            to_cycle: row.to_cycle,
            excess: row.excess,
            when: self.check(row.when.as_ref()),
            citations: self.cite(&row.cite),
        }
    }

    pub(super) fn duration(&mut self, row: &DurationRow) -> Conditional<payer::Duration> {
        Conditional {
            when: self.check(row.when.as_ref()),
            item: payer::Duration {
                stage: row.stage.into(),
                span: match row.span {
                    document::Span::Days(count) => payer::Span::Days(count),
                    document::Span::Months(count) => payer::Span::Months(count),
                    document::Span::Cycles(count) => payer::Span::Cycles(count),
                    document::Span::Doses(count) => payer::Span::Doses(count),
                    document::Span::PlanYear => payer::Span::PlanYear,
                    document::Span::Until(day) => payer::Span::Until(day.0.to_string()),
                },
                anchor: row.anchor.clone(),
                renewable: row.renewable,
                citations: self.cite(&row.cite),
            },
        }
    }

    pub(super) fn linked(&mut self, row: &LinkedRow) -> Conditional<payer::LinkedDrug> {
        if let Some(most) = row.milligrams_per_dose.as_ref().filter(|most| most.get_ref().0 <= number::Exact::ZERO) {
            self.examined.error(most.span(), "a dose is more than nothing", None);
        }
        let per_dose = row.milligrams_per_dose.as_ref().map(|most| number::quantity(most.get_ref().0, "mg"));
        Conditional {
            when: self.check(row.when.as_ref()),
            item: payer::LinkedDrug {
                drug: row.drug.clone(),
                text: row.text.clone(),
                doses: row.doses,
                per_dose,
                citations: self.cite(&row.cite),
            },
        }
    }

    pub(super) fn document(&mut self, row: &DocumentRow) -> DocumentRule {
        let known = facts::definition("documents-attached").map(|entry| entry.values).unwrap_or_default();
        self.word(row.id.get_ref(), row.id.span(), "a value of `documents-attached`", known);
        DocumentRule {
            id: self.take(&row.id),
            text: row.text.clone(),
            missing: row.missing,
            when: self.check(row.when.as_ref()),
            citations: self.cite(&row.cite),
        }
    }

    pub(super) fn channels(&mut self, rows: &[ChannelRow]) -> Vec<Conditional<payer::Channel>> {
        rows.iter()
            .map(|row| {
                self.word(row.id.get_ref(), row.id.span(), "a channel", CHANNELS);
                Conditional {
                    when: self.check(row.when.as_ref()),
                    item: payer::Channel {
                        id: row.id.get_ref().clone(),
                        rule: match row.rule {
                            ChannelRule::Required => "required",
                            ChannelRule::Allowed => "allowed",
                            ChannelRule::Forbidden => "forbidden",
                        }
                        .to_owned(),
                        citations: self.cite(&row.cite),
                    },
                }
            })
            .collect()
    }

    pub(super) fn clocks(&mut self, rows: &[ClockRow]) -> Vec<ClockRule> {
        rows.iter()
            .map(|row| {
                if row.hours.is_none() && row.calendar_days.is_none() {
                    self.examined.error(
                        row.cite.source.span(),
                        format!("the clock `{}` counts nothing", row.id),
                        Some("add hours or calendar-days".to_owned()),
                    );
                }
                ClockRule {
                    clock: payer::Clock {
                        id: row.id.clone(),
                        text: row.text.clone(),
                        act: row.act.word(),
                        subject: row.subject.word(),
                        anchor: row.anchor.word(),
                        priority: match row.priority {
                            Priority::Standard => "standard",
                            Priority::Expedited => "expedited",
                        }
                        .to_owned(),
                        hours: row.hours,
                        calendar_days: row.calendar_days,
                        citations: self.cite(&row.cite),
                    },
                    first: row.first.map(|day| day.0),
                    lines_of_business: row.lines_of_business.clone(),
                    when: self.check(row.when.as_ref()),
                }
            })
            .collect()
    }

    pub(super) fn open_point(&mut self, row: &NotStated) -> OpenPoint {
        let kind = match &row.kind {
            Some(kind) => {
                self.word(kind.get_ref(), kind.span(), "a kind of criterion", KINDS);
                kind.get_ref().clone()
            }
            None => "validity".to_owned(),
        };
        OpenPoint {
            topic: self.take(&row.topic),
            text: row.text.clone(),
            effect: row.effect,
            kind,
            stage: row.stage.map(Into::into),
            when: self.check(row.when.as_ref()),
            settled_by: self.check(row.settled_by.as_ref()),
        }
    }
}
