//! Shadows: a candidate judges live orders beside the active version. Whoever asked waits for none of it, and no answer
//! changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use paratope_domain::clearance::Clearance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::approvals::{differing, verdict};
use super::clear::{self, Input};
use super::{Refusal, ServiceError};
use crate::clock::DeterminationId;
use crate::host::{Host, InstallError, Installed};
use crate::session::Session;
use crate::store::{Shadow, ShadowDifference};

/// A shadow to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewShadow {
    /// The plugin.
    pub name: String,
    /// The candidate: its digest, or its version.
    pub release: String,
    /// For these sites, of those that approved it. Left out: all of them.
    #[serde(default)]
    pub sites: Option<BTreeSet<String>>,
    /// On so many of a hundred requests: 1 to 100.
    #[serde(default = "NewShadow::all")]
    pub share: i64,
    /// On so many requests in all: 1 to 1,000,000.
    pub budget: i64,
}

impl NewShadow {
    fn all() -> i64 {
        100
    }
}

/// What a shadow showed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ShadowReport {
    /// The shadow.
    pub shadow: Shadow,
    /// How it differs, most often seen first.
    pub differences: Vec<ShadowDifference>,
}

impl Host {
    /// Starts a shadow.
    pub async fn start_shadow(&self, asked: NewShadow) -> Result<Shadow, ServiceError> {
        let NewShadow { name, release, sites, share, budget } = asked;
        if !(1..=100).contains(&share) {
            return Err(ServiceError::bad("/share", "a share is 1 to 100 of a hundred requests"));
        }
        if !(1..=1_000_000).contains(&budget) {
            return Err(ServiceError::bad("/budget", "a budget is 1 to 1000000 requests"));
        }
        for site in sites.iter().flatten() {
            self.site(site).await?;
        }
        let release = self.find_release(&name, &release).await?;
        if let Some(why) = release.revoked {
            return Err(Refusal::Forbidden { name, why: format!("it was revoked: {why}") }.into());
        }
        let now = self.now();
        let shadow = Shadow {
            id: self.next_id(now).to_string(),
            name,
            digest: release.digest,
            sites,
            share,
            budget,
            compared: 0,
            skipped: 0,
            started_by: self.actor().to_owned(),
            started_at: now.to_string(),
            ended_at: None,
        };
        self.store().start_shadow(&shadow, now).await?;
        self.refresh().await.map_err(ServiceError::Internal)?;
        Ok(shadow)
    }

    /// Ends a shadow.
    pub async fn end_shadow(&self, id: &str) -> Result<(), ServiceError> {
        if !self.store().end_shadow(id, self.actor(), self.now()).await? {
            return Err(ServiceError::unknown("shadow", "", &[], ""));
        }
        self.refresh().await.map_err(ServiceError::Internal)
    }

    /// Every shadow, newest first.
    pub async fn shadows(&self) -> Result<Vec<Shadow>, ServiceError> {
        Ok(self.store().shadows(false).await?)
    }

    /// What a shadow showed.
    pub async fn shadow_report(&self, id: &str) -> Result<ShadowReport, ServiceError> {
        let shadow = self.store().shadow(id).await?.ok_or_else(|| ServiceError::unknown("shadow", "", &[], ""))?;
        Ok(ShadowReport { differences: self.store().shadow_differences(id).await?, shadow })
    }

    /// Lets the shadows that run for this order judge it, after it was answered.
    pub(super) fn shadow(&self, id: DeterminationId, input: Input, answered: Clearance) {
        let (product, payer) = (input.request.order.product.as_str(), input.request.coverage.payer.as_str());
        let mine: Vec<Shadow> = self
            .agreed()
            .shadows
            .iter()
            .filter(|shadow| shadow.name == product || shadow.name == payer)
            .filter(|shadow| shadow.sites.as_ref().is_none_or(|sites| sites.contains(&input.request.site)))
            .filter(|shadow| id.draw() < u64::try_from(shadow.share).unwrap_or(0))
            .cloned()
            .collect();
        if mine.is_empty() {
            return;
        }
        let host = self.clone();
        tokio::spawn(async move {
            for shadow in mine {
                let noted = host.shadow_one(&shadow, id, &input, &answered).await;
                if let Err(error) = noted {
                    tracing::warn!(shadow = shadow.id, error = %error, "shadow not noted");
                }
            }
        });
    }

    /// Judges an order by these plugins, unseen. What was revoked judges nothing, however long it waited for its turn.
    pub(super) async fn judge_unseen(
        &self,
        plugins: Vec<Arc<Installed>>,
        input: Input,
    ) -> Result<Clearance, ServiceError> {
        let host = self.clone();
        let judged = self.again(move || {
            for plugin in &plugins {
                host.standing(plugin)?;
            }
            let mut session = Session::live(plugins);
            let judged = clear::judge(&mut session, &input);
            // A machine that is too busy is no difference in what the rules say.
            session.passing().map_or(Ok(judged), Err)
        });
        Ok(judged.await.map_err(ServiceError::Internal)??)
    }

    async fn shadow_one(
        &self,
        shadow: &Shadow,
        id: DeterminationId,
        input: &Input,
        answered: &Clearance,
    ) -> Result<(), ServiceError> {
        let candidate = match self.candidate(&shadow.digest).await {
            Ok(Some(candidate)) => candidate,
            // What was revoked runs nowhere, not even unseen.
            Ok(None) | Err(InstallError::Revoked(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // No site runs what it did not approve, not even unseen.
        if !self.is_approved(&candidate, &input.request.site).await? {
            return Ok(());
        }
        // Live requests come first: a shadow that finds no room gives up.
        let Some(room) = self.room_for_shadow() else { return Ok(self.store().skipped(&shadow.id).await?) };
        if !self.store().spend(&shadow.id).await? {
            return self.look().await.map(drop).map_err(ServiceError::Internal);
        }
        let other = if input.request.order.product == shadow.name {
            &input.request.coverage.payer
        } else {
            &input.request.order.product
        };
        let judged = match self.answering_at(other, &input.request.site).await {
            Ok(other) => self.judge_unseen(vec![other, candidate], input.clone()).await,
            Err(error) => Err(error),
        };
        drop(room);
        let judged = match judged {
            // It was swapped or revoked meanwhile, or the machine is too busy: that is no difference in what the rules say.
            Err(ServiceError::Ask(_)) => return Ok(self.store().skipped(&shadow.id).await?),
            judged => judged?,
        };
        let mut found: BTreeSet<_> = differing(answered, &judged).into_iter().collect();
        if answered.verdict != judged.verdict {
            found.insert(crate::store::Differing {
                what: "verdict".to_owned(),
                active: verdict(answered),
                candidate: verdict(&judged),
            });
        }
        Ok(self.store().note_shadow(&shadow.id, &id.to_string(), &found).await?)
    }
}
