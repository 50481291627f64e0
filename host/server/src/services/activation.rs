//! Which version answers: proposed, confirmed, due, rolled back, revoked.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ServiceError;
use super::plugins::PluginSummary;
use super::refusal::Refusal;
use crate::authoring::workshop::chain;
use crate::host::Host;
use crate::lifecycle::{PublisherKey, SigningRole};
use crate::release::Release;
use crate::store::{Carried, Proposal, ProposalState, Revoked};

/// A proposal to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewProposal {
    /// The plugin.
    pub name: String,
    /// The digest, or the version, that is to answer.
    pub release: String,
    /// When: RFC 3339. Left out: as soon as it is confirmed.
    #[serde(default)]
    pub due_at: Option<String>,
    /// Why.
    pub reason: String,
}

/// A reason that a person gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Because {
    /// Why.
    pub reason: String,
}

impl Host {
    /// Publishes a component and lets it answer at once, where the rules let one person do so.
    pub async fn load_plugin(&self, release: Release) -> Result<PluginSummary, ServiceError> {
        if self.rules().await?.four_eyes {
            return Err(Refusal::FourEyes.into());
        }
        let published = self.publish(release).await?;
        let now = self.now();
        let loaded = self.store().activate_loaded(&published.name, &published.digest, self.actor(), now).await?;
        loaded.map_err(|why| Refusal::Forbidden { name: published.name.clone(), why })?;
        self.refresh().await.map_err(ServiceError::Internal)?;
        self.summary(&published.name)
    }

    /// Proposes that a version answers.
    pub async fn propose(&self, asked: NewProposal) -> Result<Proposal, ServiceError> {
        let NewProposal { name, release, due_at, reason } = asked;
        let reason = reasoned(reason)?;
        let now = self.now();
        let due_at = match due_at {
            None => None,
            Some(text) => {
                let due: Timestamp = text
                    .parse()
                    .map_err(|_| ServiceError::bad("/due-at", "a moment is told as 2026-12-01T06:00:00Z"))?;
                if due <= now {
                    return Err(ServiceError::bad("/due-at", "it is in the past; left out, it answers when confirmed"));
                }
                Some(due.to_string())
            }
        };
        let release = self.find_release(&name, &release).await?;
        let before = self.store().active().await?.remove(&name).map(|active| active.digest);
        if before.as_ref() == Some(&release.digest) {
            return Err(Refusal::Already(format!("{} of `{name}` answers already", release.version)).into());
        }
        if let Some(why) = self.store().forbidden(&name, &release.digest).await? {
            return Err(Refusal::Forbidden { name, why }.into());
        }
        let mut differences = None;
        if let Some(before) = &before {
            let active = self.find_release(&name, before).await?;
            let older = |one: &str, other: &str| {
                let parse = semver::Version::parse;
                parse(one).is_ok_and(|one| parse(other).is_ok_and(|other| one.cmp_precedence(&other).is_lt()))
            };
            if active.revoked.is_none() && older(&release.version, &active.version) {
                return Err(Refusal::Older { name, version: release.version, active: active.version }.into());
            }
            differences = match self.differences(before, &release.digest).await {
                Ok(found) => Some(found),
                // What answers may be what cannot be loaded any more, and is to be replaced.
                Err(ServiceError::Install(error)) if !error.passes() => {
                    self.promised(&release.digest).await?;
                    None
                }
                Err(error) => return Err(error),
            };
        }
        let proposal = Proposal {
            id: self.next_id(now).to_string(),
            name,
            digest: release.digest,
            before,
            due_at,
            reason,
            differences,
            proposed_by: self.actor().to_owned(),
            proposed_at: now.to_string(),
            state: ProposalState::Proposed,
            decided_by: None,
            decided_at: None,
            because: None,
        };
        self.store().propose(&proposal, now).await?;
        Ok(proposal)
    }

    /// Every proposal, newest first; of one plugin, or of all.
    pub async fn proposals(&self, name: Option<&str>) -> Result<Vec<Proposal>, ServiceError> {
        Ok(self.store().proposals(name).await?)
    }

    /// The proposal with this id.
    pub async fn proposal(&self, id: &str) -> Result<Proposal, ServiceError> {
        let found = self.store().proposal(id).await?;
        found.ok_or_else(|| ServiceError::unknown("proposal", "", &[], ""))
    }

    /// Confirms a proposal. The version answers at once, unless it is for later.
    pub async fn confirm(&self, id: &str) -> Result<Proposal, ServiceError> {
        let proposal = self.proposal(id).await?;
        if self.rules().await?.four_eyes && self.oneself().await?.is(&proposal.proposed_by) {
            return Err(Refusal::SamePerson { by: proposal.proposed_by }.into());
        }
        // Compiled and started before anything is promised.
        self.promised(&proposal.digest).await?;
        let now = self.now();
        if !self.store().decide(&proposal, true, None, self.actor(), now).await? {
            return Err(decided(&self.proposal(id).await?));
        }
        let proposal = self.proposal(id).await?;
        if proposal.is_due(now) {
            self.carry_out(&proposal).await.map_err(ServiceError::Internal)?;
        }
        self.refresh().await.map_err(ServiceError::Internal)?;
        let proposal = self.proposal(id).await?;
        match (proposal.state, &proposal.because) {
            (ProposalState::Failed, Some(why)) => {
                Err(Refusal::Forbidden { name: proposal.name, why: why.clone() }.into())
            }
            _ => Ok(proposal),
        }
    }

    /// Rejects a proposal that waits, for a person or for its time.
    pub async fn reject(&self, id: &str, reason: String) -> Result<Proposal, ServiceError> {
        let reason = reasoned(reason)?;
        let proposal = self.proposal(id).await?;
        if !self.store().decide(&proposal, false, Some(&reason), self.actor(), self.now()).await? {
            return Err(decided(&self.proposal(id).await?));
        }
        self.proposal(id).await
    }

    /// Lets versions answer whose time has come.
    pub(crate) async fn carry_out_due(&self) -> anyhow::Result<()> {
        let now = self.now();
        let waiting = self.store().waiting_proposals().await?;
        for proposal in waiting.into_iter().filter(|one| one.is_due(now)) {
            self.carry_out(&proposal).await?;
        }
        self.refresh().await
    }

    /// Lets the version of a proposal answer. One that cannot be loaded leaves the one before it serving.
    async fn carry_out(&self, proposal: &Proposal) -> anyhow::Result<()> {
        let now = self.now();
        if let Err(error) = self.promised(&proposal.digest).await {
            if !error.passes() {
                self.store().give_up(proposal, &chain(&error), self.actor(), now).await?;
            }
            return Ok(());
        }
        match self.store().carry_out(proposal, self.actor(), now).await? {
            Carried::Done => tracing::info!(plugin = proposal.name, digest = proposal.digest, "plugin activated"),
            Carried::Failed(why) => tracing::warn!(plugin = proposal.name, why, "plugin not activated"),
            Carried::NotNow => {}
        }
        Ok(())
    }

    /// Lets the version that answered before answer again.
    pub async fn roll_back(&self, name: &str, reason: String) -> Result<PluginSummary, ServiceError> {
        let reason = reasoned(reason)?;
        if !self.store().active().await?.contains_key(name) {
            return Err(self.unknown(name).into());
        }
        if let Ok(target) = self.store().roll_back_target(name).await? {
            self.promised(&target).await?;
        }
        let rolled = self.store().roll_back(name, &reason, self.actor(), self.now()).await?;
        rolled.map_err(|why| Refusal::NothingBefore { name: name.to_owned(), why })?;
        self.refresh().await.map_err(ServiceError::Internal)?;
        self.summary(name)
    }

    /// Sets the least version that may answer for a name.
    pub async fn set_floor(&self, name: &str, version: &str, reason: String) -> Result<(), ServiceError> {
        let reason = reasoned(reason)?;
        let version = semver::Version::parse(version)
            .map_err(|_| ServiceError::bad("/version", "a version is three numbers, such as 1.2.0"))?;
        let Some(active) = self.store().active().await?.remove(name) else { return Err(self.unknown(name).into()) };
        let answers = self.release(&active.digest).await?;
        let is_below =
            semver::Version::parse(&answers.version).is_ok_and(|answers| answers.cmp_precedence(&version).is_lt());
        if is_below && answers.revoked.is_none() {
            let why =
                format!("{} answers and is below it: let a newer version answer first, or revoke it", answers.version);
            return Err(Refusal::Already(why).into());
        }
        Ok(self.store().set_floor(name, &version, &reason, self.actor(), self.now()).await?)
    }

    /// Lets a digest answer nothing any more, on every host. Returns the open cases that rested on it.
    pub async fn revoke(&self, digest: &str, reason: String) -> Result<Revoked, ServiceError> {
        let reason = reasoned(reason)?;
        self.release(digest).await?;
        let revoked = self.store().revoke(digest, &reason, self.actor(), self.now(), &self.day_today()?).await?;
        self.refresh().await.map_err(ServiceError::Internal)?;
        revoked.ok_or_else(|| Refusal::Already("it was revoked before".to_owned()).into())
    }

    /// Every key of every publisher.
    pub async fn publisher_keys(&self) -> Result<Vec<PublisherKey>, ServiceError> {
        Ok(self.store().publisher_keys().await?)
    }

    /// Enrols a publisher's key.
    pub async fn enrol(&self, publisher: &str, key: &str, role: SigningRole) -> Result<(), ServiceError> {
        if !crate::authoring::manifest::is_name(publisher) {
            return Err(ServiceError::bad("/publisher", "a publisher is lower-case letters, digits and hyphens"));
        }
        if !crate::keys::is_public(key) {
            return Err(ServiceError::bad(
                "/key",
                "a key is 64 hexadecimal digits in lower case: an ed25519 public key",
            ));
        }
        if !self.store().enrol(publisher, key, role, self.actor(), self.now()).await? {
            return Err(Refusal::Already("the key is enrolled already".to_owned()).into());
        }
        Ok(())
    }

    /// Lets a key sign nothing new. What it signed stands.
    pub async fn retire_key(&self, key: &str, reason: String) -> Result<(), ServiceError> {
        let reason = reasoned(reason)?;
        if !self.store().retire_key(key, &reason, self.actor(), self.now()).await? {
            return Err(ServiceError::unknown("key", "", &[], ""));
        }
        Ok(())
    }

    /// Lets nothing count that a key ever signed. Returns what is revoked with it.
    pub async fn revoke_key(&self, key: &str, reason: String) -> Result<Vec<Revoked>, ServiceError> {
        let reason = reasoned(reason)?;
        let revoked = self.store().revoke_key(key, &reason, self.actor(), self.now(), &self.day_today()?).await?;
        self.refresh().await.map_err(ServiceError::Internal)?;
        revoked.ok_or_else(|| ServiceError::unknown("key", "", &[], ""))
    }
}

fn decided(proposal: &Proposal) -> ServiceError {
    let state = serde_json::to_value(proposal.state).unwrap_or_default();
    Refusal::Decided { state: state.as_str().unwrap_or_default().to_owned() }.into()
}

/// A reason that says something.
pub(super) fn reasoned(reason: String) -> Result<String, ServiceError> {
    let is_odd = |one: char| one.is_control() && one != '\n';
    let is_told = !reason.trim().is_empty() && reason.chars().count() <= 1000 && !reason.chars().any(is_odd);
    let expected = "a reason has 1 to 1000 characters, and no control characters";
    if is_told { Ok(reason) } else { Err(ServiceError::bad("/reason", expected)) }
}
