//! Break-glass: a clinician sets a checkpoint aside for a time, a second person agrees, a third reviews it.
//!
//! It holds for one order of one case and for checkpoints only: which plugins may run is nobody's to set aside.

use jiff::{SignedDuration, Timestamp};
use paratope_domain::clearance::{CheckpointId, Clearance, State};
use paratope_domain::request::{ClearanceRequest, Override};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::reasoned;
use super::clear::Input;
use super::clearances::told;
use super::{Refusal, ServiceError};
use crate::access::Role;
use crate::host::{Host, ITSELF};
use crate::store::{BreakGlass, Confirmed, DeterminationKind, Ended, Review};

/// The longest that an override may hold.
const MAX_HOURS: i64 = 72;

/// Hours within which it is reviewed, from when it was confirmed.
const REVIEW_HOURS: i64 = 72;

/// An override to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewBreakGlass {
    /// The clearance in which the checkpoint failed or is unknown.
    pub determination: String,
    /// The checkpoint: its id.
    pub checkpoint: String,
    /// For how many hours it is to hold, once confirmed: 1 to 72.
    #[serde(default = "NewBreakGlass::usual_hours")]
    pub hours: i64,
    /// Why.
    pub reason: String,
}

impl NewBreakGlass {
    fn usual_hours() -> i64 {
        24
    }
}

/// What a review found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewReview {
    /// Whether it was right to set the checkpoint aside.
    pub justified: bool,
    /// In the reviewer's words.
    pub findings: String,
}

impl Host {
    /// Asks for an override. It holds once another person confirms it.
    pub async fn ask_override(&self, site: &str, asked: NewBreakGlass) -> Result<BreakGlass, ServiceError> {
        let NewBreakGlass { determination, checkpoint, hours, reason } = asked;
        let reason = reasoned(reason)?;
        if !(1..=MAX_HOURS).contains(&hours) {
            return Err(ServiceError::bad("/hours", "an override holds for 1 to 72 hours"));
        }
        self.site(site).await?;
        let (input, cleared) = self.clearance_at(site, &determination).await?;
        overridable(&cleared, &checkpoint)?;
        let now = self.now();
        let one = BreakGlass {
            id: self.next_id(now).to_string(),
            site: site.to_owned(),
            case: input.request.case,
            checkpoint,
            determination,
            fingerprint: cleared.fingerprint,
            hours,
            reason,
            asked_by: self.actor().to_owned(),
            asked_at: now.to_string(),
            confirmed: None,
            ended: None,
            review: None,
            told_to: Vec::new(),
        };
        self.store().ask_override(&one, now).await?;
        Ok(one)
    }

    /// Confirms an override. From now on it holds.
    pub async fn confirm_override(&self, site: &str, id: &str) -> Result<BreakGlass, ServiceError> {
        let one = self.override_at(site, id).await?;
        self.is_another(&one, "asked for").await?;
        let now = self.now();
        let confirmed = Confirmed {
            by: self.actor().to_owned(),
            at: now.to_string(),
            until: hours_after(now, one.hours),
            review_due: hours_after(now, REVIEW_HOURS),
        };
        if !self.store().confirm_override(&one, &confirmed, now).await? {
            return Err(settled("it was confirmed or ended before"));
        }
        self.look().await.map_err(ServiceError::Internal)?;
        self.override_at(site, id).await
    }

    /// Ends an override, or turns down one that was asked for.
    pub async fn end_override(&self, site: &str, id: &str, reason: String) -> Result<BreakGlass, ServiceError> {
        let because = reasoned(reason)?;
        let one = self.override_at(site, id).await?;
        let now = self.now();
        let ended = Ended { by: self.actor().to_owned(), at: now.to_string(), because };
        if !self.store().end_override(&one, &ended, now).await? {
            return Err(settled("it had ended before"));
        }
        self.look().await.map_err(ServiceError::Internal)?;
        self.override_at(site, id).await
    }

    /// Keeps what a third person found.
    pub async fn review_override(&self, site: &str, id: &str, found: NewReview) -> Result<BreakGlass, ServiceError> {
        let NewReview { justified, findings } = found;
        let findings = reasoned(findings).map_err(|_| ServiceError::bad("/findings", "1 to 1000 characters"))?;
        let one = self.override_at(site, id).await?;
        self.is_another(&one, "asked for or confirmed").await?;
        let now = self.now();
        let review = Review { by: self.actor().to_owned(), at: now.to_string(), justified, findings };
        if !self.store().review_override(&one, &review, now).await? {
            return Err(settled("it was reviewed before, or never confirmed"));
        }
        self.override_at(site, id).await
    }

    /// The overrides of a site, newest first.
    pub async fn overrides(&self, site: &str) -> Result<Vec<BreakGlass>, ServiceError> {
        self.site(site).await?;
        Ok(self.store().overrides(site).await?)
    }

    /// Tells an order of the overrides that hold for its case now. Returns their ids.
    pub(super) fn tell_overrides(&self, request: &mut ClearanceRequest) -> Vec<String> {
        let now = self.now();
        let mut told = Vec::new();
        for one in &self.agreed().overrides {
            let Some(confirmed) = &one.confirmed else { continue };
            if one.site != request.site || one.case != request.case || !one.holds(now) {
                continue;
            }
            let given = Override {
                checkpoint: one.checkpoint.clone(),
                by: format!("{} and {}", one.asked_by, confirmed.by),
                role: Role::SiteClinician.name().to_owned(),
                because: format!("{} (break-glass until {})", one.reason, confirmed.until),
                fingerprint: Some(one.fingerprint.clone()),
            };
            // Before what the order itself says: this one was confirmed.
            request.overrides.insert(told.len(), given);
            told.push(one.id.clone());
        }
        told
    }

    /// Ends the overrides whose time is over, so that what was cleared with them is cleared again.
    pub(crate) async fn end_lapsed_overrides(&self) -> anyhow::Result<()> {
        let now = self.now();
        let lapsed: Vec<BreakGlass> = self.agreed().overrides.iter().filter(|one| !one.holds(now)).cloned().collect();
        for one in lapsed {
            let because = "its time was over".to_owned();
            let ended = Ended { by: ITSELF.to_owned(), at: now.to_string(), because };
            if self.store().end_override(&one, &ended, now).await? {
                tracing::info!(id = one.id, "an override's time is over");
            }
        }
        Ok(())
    }

    /// A recorded clearance of a site: what was asked, and what was answered.
    async fn clearance_at(&self, site: &str, id: &str) -> Result<(Input, Clearance), ServiceError> {
        let none = || ServiceError::bad("/determination", "no clearance of this id was recorded at the site");
        let recorded = match self.recorded(id.parse().map_err(|_| none())?).await {
            Err(ServiceError::Unknown { .. }) => return Err(none()),
            other => other?,
        };
        if recorded.kind != DeterminationKind::Clearance {
            return Err(none());
        }
        let (input, cleared) = told(&recorded)?;
        if input.request.site != site {
            return Err(none());
        }
        Ok((input, cleared))
    }

    async fn override_at(&self, site: &str, id: &str) -> Result<BreakGlass, ServiceError> {
        self.site(site).await?;
        let found = self.store().override_at(site, id).await?;
        found.ok_or_else(|| ServiceError::unknown("override", "", &[], ""))
    }

    /// That whoever acts had no hand in it so far.
    async fn is_another(&self, one: &BreakGlass, did: &'static str) -> Result<(), ServiceError> {
        let oneself = self.oneself().await?;
        let mine =
            oneself.is(&one.asked_by) || one.confirmed.as_ref().is_some_and(|confirmed| oneself.is(&confirmed.by));
        if mine { Err(Refusal::NotAnother { by: self.actor().to_owned(), did }.into()) } else { Ok(()) }
    }
}

/// That a checkpoint stands so that it can be set aside.
fn overridable(cleared: &Clearance, checkpoint: &str) -> Result<(), ServiceError> {
    let bad = |reason: &str| Err(ServiceError::bad("/checkpoint", reason));
    let Some(point) = cleared.checkpoints.iter().find(|point| point.id.code() == checkpoint) else {
        return bad("no such checkpoint");
    };
    if point.id == CheckpointId::SignOff {
        return bad("nobody signs for another: a signature is not set aside");
    }
    match point.state {
        State::Failed | State::Unknown => Ok(()),
        _ => bad("the checkpoint neither failed nor waits there: there is nothing to set aside"),
    }
}

fn hours_after(now: Timestamp, hours: i64) -> String {
    now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX).to_string()
}

fn settled(why: &str) -> ServiceError {
    Refusal::Already(why.to_owned()).into()
}
