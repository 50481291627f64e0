//! What each site lets itself be answered by, and what a plugin would change for its open cases.

use paratope_domain::clearance::{Clearance, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::reasoned;
use super::clearances::told;
use super::{Refusal, ServiceError};
use crate::host::Host;
use crate::lifecycle::{Approval, Approved};
use crate::store::{Differing, OpenCase};

/// An approval to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewApproval {
    /// What is approved.
    pub approved: Approved,
    /// Why.
    pub reason: String,
}

/// A version that answers, or is to answer, and that a site did not approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Waiting {
    /// The plugin.
    pub name: String,
    /// The version.
    pub version: String,
    /// Its digest.
    pub digest: String,
    /// Who answers for it.
    pub publisher: String,
    /// The proposal by which it is to answer. Left out for what answers already.
    pub proposal: Option<String>,
    /// When it is to answer, RFC 3339.
    pub due_at: Option<String>,
}

/// A site's approvals, and what waits for one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SiteApprovals {
    /// Every approval, oldest first.
    pub approvals: Vec<Approval>,
    /// What the site is not answered by until it approves it.
    pub waiting: Vec<Waiting>,
}

/// What a version would change for an open case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CasePreview {
    /// The site's own id of the case.
    pub case: String,
    /// The verdict that holds.
    pub now: String,
    /// The verdict with the version.
    pub then: String,
    /// Checkpoints that stand otherwise.
    pub checkpoints: Vec<Differing>,
}

impl Host {
    /// A site's approvals, and what waits for one.
    pub async fn site_approvals(&self, site: &str) -> Result<SiteApprovals, ServiceError> {
        self.site(site).await?;
        let approvals = self.store().approvals(site).await?;
        let releases = self.store().releases(None).await?;
        let proposals = self.store().waiting_proposals().await?;
        let proposed = proposals.into_iter().map(|one| (one.digest, Some(one.id), one.due_at));
        let active = self.store().active().await?;
        let all = active.into_values().map(|one| (one.digest, None, None)).chain(proposed);
        let mut waiting = Vec::new();
        for (digest, proposal, due_at) in all {
            let Some(release) = releases.iter().find(|one| one.digest == digest) else { continue };
            let Some(manifest) = self.store().manifest(&digest).await? else { continue };
            if !approvals.iter().any(|approval| approval.covers(&digest, &manifest)) {
                waiting.push(Waiting {
                    name: release.name.clone(),
                    version: release.version.clone(),
                    publisher: release.publisher.clone(),
                    digest,
                    proposal,
                    due_at,
                });
            }
        }
        Ok(SiteApprovals { approvals, waiting })
    }

    /// Lets a site be answered by a digest, or by a range of versions of a publisher.
    pub async fn approve(&self, site: &str, asked: NewApproval) -> Result<Approval, ServiceError> {
        let NewApproval { approved, reason } = asked;
        let reason = reasoned(reason)?;
        self.site(site).await?;
        match &approved {
            Approved::Digest(digest) => drop(self.release(digest).await?),
            Approved::Versions { publisher, plugin, .. } => {
                let is_name = crate::authoring::manifest::is_name;
                if !is_name(publisher) || plugin.as_ref().is_some_and(|plugin| !is_name(plugin)) {
                    let expected = "publishers and plugins are lower-case letters, digits and hyphens";
                    return Err(ServiceError::bad("/approved/versions", expected));
                }
            }
        }
        let now = self.now();
        let approval = Approval {
            id: self.next_id(now).to_string(),
            site: site.to_owned(),
            approved,
            reason,
            approved_by: self.actor().to_owned(),
            approved_at: now.to_string(),
            withdrawn: None,
        };
        self.store().approve(&approval, now).await?;
        self.look().await.map_err(ServiceError::Internal)?;
        Ok(approval)
    }

    /// Withdraws a site's approval.
    pub async fn withdraw(&self, site: &str, id: &str, reason: String) -> Result<(), ServiceError> {
        let reason = reasoned(reason)?;
        self.site(site).await?;
        if !self.store().withdraw(site, id, &reason, self.actor(), self.now()).await? {
            return Err(Refusal::Already("no approval of this id stands at the site".to_owned()).into());
        }
        self.look().await.map_err(ServiceError::Internal)
    }

    /// The cases of a site that are open today.
    pub async fn open_cases(&self, site: &str) -> Result<Vec<OpenCase>, ServiceError> {
        self.site(site).await?;
        Ok(self.store().open_cases(site, &self.day_today()?).await?)
    }

    /// What a version would change for the open cases of a site: those it changes. Nothing is recorded.
    pub async fn preview(&self, site: &str, digest: &str) -> Result<Vec<CasePreview>, ServiceError> {
        let candidate = self.candidate(digest).await?.ok_or_else(|| ServiceError::unknown("release", "", &[], ""))?;
        let name = candidate.manifest.name.clone();
        let mut changed = Vec::new();
        for open in self.open_cases(site).await? {
            if open.product != name && open.payer != name {
                continue;
            }
            let id = open.determination.parse().map_err(|_| ServiceError::Internal(anyhow::anyhow!("no id")))?;
            let recorded = self.recorded(id).await?;
            let (input, before) = told(&recorded)?;
            let other = self.answering_at(if open.product == name { &open.payer } else { &open.product }, site).await?;
            let after = self.judge_unseen(vec![other, candidate.clone()], input).await?;
            changed.extend(compare(&open.case, &before, &after));
        }
        Ok(changed)
    }
}

fn compare(case: &str, before: &Clearance, after: &Clearance) -> Option<CasePreview> {
    let checkpoints = differing(before, after);
    if before.verdict == after.verdict && checkpoints.is_empty() {
        return None;
    }
    Some(CasePreview { case: case.to_owned(), now: verdict(before), then: verdict(after), checkpoints })
}

/// The checkpoints that stand otherwise.
pub(super) fn differing(active: &Clearance, candidate: &Clearance) -> Vec<Differing> {
    let mut found = Vec::new();
    for point in &active.checkpoints {
        let other = candidate.checkpoints.iter().find(|other| other.id == point.id);
        let (before, after) = (state(&point.state), other.map_or("none", |other| state(&other.state)));
        if before != after {
            let [active, candidate] = [before, after].map(str::to_owned);
            found.push(Differing { what: point.id.code().to_owned(), active, candidate });
        }
    }
    found
}

/// The name of a verdict.
pub(super) fn verdict(clearance: &Clearance) -> String {
    let verdict = serde_json::to_value(clearance.verdict).unwrap_or_default();
    verdict.as_str().unwrap_or_default().to_owned()
}

fn state(state: &State) -> &'static str {
    match state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::Unknown => "unknown",
        State::NotApplicable => "not-applicable",
        State::Overridden { .. } => "overridden",
    }
}
