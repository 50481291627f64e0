//! Proposals: that a version is to answer, by whom it was proposed and decided, and what became of it.
//!
//! A version comes to answer in one change that looks again: what was active when it was proposed is active still, nothing
//! was revoked, and the floor holds. Of two hosts that try at the same time one does it.

use jiff::Timestamp;
use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;
use serde_json::json;
use sqlx::any::Any;
use sqlx::{FromRow, Transaction};

use super::audit::{self, Event};
use super::plugins::{self, Source, activate, active_within};
use super::publishers::signed_within;
use super::settings::rules_within;
use super::{Store, StoreError, failed_to};
use crate::access::same_person;
use crate::lifecycle::Differences;
use crate::lifecycle::machine::{self, Carried, ProposalState};

/// That a version is to answer for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// Its id.
    pub id: String,
    /// The plugin.
    pub name: String,
    /// The digest that is to answer.
    pub digest: String,
    /// The digest that answered when it was proposed.
    pub before: Option<String>,
    /// When it is to answer, RFC 3339. Left out: as soon as it is confirmed.
    pub due_at: Option<String>,
    /// Why.
    pub reason: String,
    /// What changes with it. Left out when nothing answered before.
    pub differences: Option<Differences>,
    /// Who proposed it.
    pub proposed_by: String,
    /// When, RFC 3339.
    pub proposed_at: String,
    /// Where it stands.
    pub state: ProposalState,
    /// Who confirmed or rejected it.
    pub decided_by: Option<String>,
    /// When, RFC 3339.
    pub decided_at: Option<String>,
    /// Why it was rejected, or why it failed.
    pub because: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    digest: String,
    before: Option<String>,
    due_at: Option<String>,
    reason: String,
    differences: String,
    proposed_by: String,
    proposed_at: String,
    state: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
    decided_because: Option<String>,
}

impl Proposal {
    /// Whether it was confirmed, and its time has come.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let has_come = |due: &String| due.parse::<Timestamp>().is_ok_and(|due| due <= now);
        self.state == ProposalState::Scheduled && self.due_at.as_ref().is_none_or(has_come)
    }

    /// Whether the one who proposed it confirmed it.
    fn is_of_one(&self) -> bool {
        self.decided_by.as_ref().is_some_and(|by| same_person(by, &self.proposed_by))
    }
}

impl Row {
    fn open(self) -> Result<Proposal, StoreError> {
        let damaged = || StoreError::Damaged { what: "proposal" };
        Ok(Proposal {
            state: ProposalState::ALL.into_iter().find(|one| one.name() == self.state).ok_or_else(damaged)?,
            differences: serde_json::from_str(&self.differences).map_err(|_| damaged())?,
            id: self.id,
            name: self.name,
            digest: self.digest,
            before: self.before,
            due_at: self.due_at,
            reason: self.reason,
            proposed_by: self.proposed_by,
            proposed_at: self.proposed_at,
            decided_by: self.decided_by,
            decided_at: self.decided_at,
            because: self.decided_because,
        })
    }
}

const COLUMNS: &str = "select id, name, digest, before, due_at, reason, differences, proposed_by, proposed_at, state, \
                       decided_by, decided_at, decided_because from proposals";
const DECIDE: &str = "decide on a proposal";
const ACTIVATE: &str = "let a plugin answer";

/// The digest that rolling back lets answer, within a change; or why there is none.
async fn target_within(
    change: &mut Transaction<'static, Any>,
    name: &str,
) -> Result<Result<String, String>, StoreError> {
    let history: Vec<(String, String)> =
        sqlx::query_as("select digest, source from activations where name = $1 order by seq")
            .bind(name)
            .fetch_all(&mut **change)
            .await
            .map_err(failed_to(ACTIVATE))?;
    let history: Vec<(String, bool)> =
        history.into_iter().map(|(digest, source)| (digest, source == Source::RolledBack.name())).collect();
    let mut why = format!("no version of `{name}` answered before it");
    for digest in machine::before_the_last(&history) {
        match forbidden(change, name, digest).await? {
            Some(forbidden) => why = forbidden,
            None => return Ok(Ok(digest.to_owned())),
        }
    }
    Ok(Err(why))
}

/// Where a proposal stands within a change.
async fn state_within(change: &mut Transaction<'static, Any>, id: &str) -> Result<Option<ProposalState>, StoreError> {
    let state: Option<String> = sqlx::query_scalar("select state from proposals where id = $1")
        .bind(id)
        .fetch_optional(&mut **change)
        .await
        .map_err(failed_to(DECIDE))?;
    let read = |name: String| ProposalState::ALL.into_iter().find(|state| state.name() == name);
    Ok(state.and_then(read))
}

/// Why `digest` may not answer for `name`: it was revoked, is below the floor, or falls short of the rules of now. What came
/// with the binary is as good as the binary.
async fn forbidden(
    change: &mut Transaction<'static, Any>,
    name: &str,
    digest: &str,
) -> Result<Option<String>, StoreError> {
    let revoked: Option<String> = sqlx::query_scalar("select reason from revocations where digest = $1")
        .bind(digest)
        .fetch_optional(&mut **change)
        .await
        .map_err(failed_to(ACTIVATE))?;
    if let Some(reason) = revoked {
        return Ok(Some(format!("it was revoked: {reason}")));
    }
    let kept: Option<(String, String, Option<String>)> =
        sqlx::query_as("select version, origin, verification from plugins where digest = $1 and name = $2")
            .bind(digest)
            .bind(name)
            .fetch_optional(&mut **change)
            .await
            .map_err(failed_to(ACTIVATE))?;
    let floor: Option<String> = sqlx::query_scalar("select version from floors where name = $1")
        .bind(name)
        .fetch_optional(&mut **change)
        .await
        .map_err(failed_to(ACTIVATE))?;
    let Some((version, origin, verification)) = kept else { return Ok(Some("it is not kept here".to_owned())) };
    let parsed = |text: &str| Version::parse(text).ok();
    let is_below = |floor: &String| match (parsed(&version), parsed(floor)) {
        (Some(version), Some(floor)) => version.cmp_precedence(&floor).is_lt(),
        _ => true,
    };
    if let Some(floor) = floor.filter(is_below) {
        return Ok(Some(format!("{version} is below {floor}, the least version that may answer for `{name}`")));
    }
    if origin == plugins::BUNDLED {
        return Ok(None);
    }
    let unreadable = |_| StoreError::Damaged { what: "verification" };
    let verification = verification.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()?;
    let (rules, signed) = (rules_within(change).await?, signed_within(change, digest).await?);
    Ok(rules.lacking(&signed, verification.as_ref()))
}

impl Store {
    /// Keeps a proposal.
    pub async fn propose(&self, proposal: &Proposal, at: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "insert into proposals (id, name, digest, before, due_at, reason, differences, proposed_by, proposed_at, \
             state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'proposed')",
        )
        .bind(&proposal.id)
        .bind(&proposal.name)
        .bind(&proposal.digest)
        .bind(&proposal.before)
        .bind(&proposal.due_at)
        .bind(&proposal.reason)
        .bind(json!(proposal.differences).to_string())
        .bind(&proposal.proposed_by)
        .bind(&proposal.proposed_at);
        let Proposal { id, digest, due_at, reason, differences, .. } = proposal;
        let detail =
            json!({ "proposal": id, "digest": digest, "due-at": due_at, "reason": reason, "differences": differences });
        let event = Event::new(&proposal.proposed_by, "plugin.proposed", &proposal.name, detail);
        self.alter("keep a proposal", statement, event, at).await.map(drop)
    }

    /// Every proposal, newest first; of one plugin, or of all.
    pub async fn proposals(&self, name: Option<&str>) -> Result<Vec<Proposal>, StoreError> {
        let query = format!("{COLUMNS} where cast($1 as text) is null or name = $1 order by id desc limit 200");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(name)
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to("list proposals"))?;
        rows.into_iter().map(Row::open).collect()
    }

    /// One proposal.
    pub async fn proposal(&self, id: &str) -> Result<Option<Proposal>, StoreError> {
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1")))
            .bind(id)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a proposal"))?;
        row.map(Row::open).transpose()
    }

    /// The proposals that wait for a person or for their time, oldest first.
    pub async fn waiting_proposals(&self) -> Result<Vec<Proposal>, StoreError> {
        let query = format!("{COLUMNS} where state in ('proposed', 'scheduled') order by id");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to("list proposals"))?;
        rows.into_iter().map(Row::open).collect()
    }

    /// Confirms or rejects a proposal that waits. False when it does not wait any more.
    pub async fn decide(
        &self,
        proposal: &Proposal,
        confirmed: bool,
        because: Option<&str>,
        actor: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let action = if confirmed { "proposal.confirmed" } else { "proposal.rejected" };
        let mut change = self.begin().await?;
        let Some(state) = state_within(&mut change, &proposal.id).await?.and_then(|state| state.decided(confirmed))
        else {
            return Ok(false);
        };
        sqlx::query(
            "update proposals set state = $1, decided_by = $2, decided_at = $3, decided_because = $4 where id = $5",
        )
        .bind(state.name())
        .bind(actor)
        .bind(at.to_string())
        .bind(because)
        .bind(&proposal.id)
        .execute(&mut *change)
        .await
        .map_err(failed_to(DECIDE))?;
        let detail = json!({ "proposal": proposal.id, "digest": proposal.digest, "because": because });
        audit::append(&mut change, at, [Event::new(actor, action, &proposal.name, detail)]).await?;
        change.commit().await.map_err(failed_to(DECIDE))?;
        Ok(true)
    }

    /// Lets the version of a confirmed proposal answer. Once, whoever tries.
    pub async fn carry_out(&self, proposal: &Proposal, actor: &str, at: Timestamp) -> Result<Carried, StoreError> {
        let Proposal { id, name, digest, before, .. } = proposal;
        let mut change = self.begin().await?;
        let Some(state) = state_within(&mut change, id).await? else { return Ok(Carried::NotNow) };
        let active = active_within(&mut change, name).await?;
        let mut forbidden = forbidden(&mut change, name, digest).await?;
        if proposal.is_of_one() && rules_within(&mut change).await?.four_eyes {
            let alone = || "one person proposed and confirmed it, and the rules ask for two since".to_owned();
            forbidden = forbidden.or_else(|| Some(alone()));
        }
        let carried = machine::carried_out(state, before.as_deref(), active.as_deref(), forbidden);
        let state = match carried {
            Carried::NotNow => return Ok(carried),
            Carried::Failed(_) => ProposalState::Failed,
            Carried::Done => {
                activate(&mut change, name, digest, Source::Proposed, actor, at).await?;
                ProposalState::Done
            }
        };
        close(&mut change, proposal, state, &carried, actor, at).await?;
        change.commit().await.map_err(failed_to(ACTIVATE))?;
        Ok(carried)
    }

    /// Lets a version answer that one person loaded, where the rules let one decide. `Err` in the answer says why it may not.
    pub async fn activate_loaded(
        &self,
        name: &str,
        digest: &str,
        actor: &str,
        at: Timestamp,
    ) -> Result<Result<(), String>, StoreError> {
        let mut change = self.begin().await?;
        if rules_within(&mut change).await?.four_eyes {
            return Ok(Err("the rules ask for two people since".to_owned()));
        }
        if let Some(why) = forbidden(&mut change, name, digest).await? {
            return Ok(Err(why));
        }
        activate(&mut change, name, digest, Source::Loaded, actor, at).await?;
        change.commit().await.map_err(failed_to(ACTIVATE))?;
        Ok(Ok(()))
    }

    /// Makes what came with the binary answer for its name. False when something else came to answer than `before`, for
    /// hosts start at the same time; when two people decide on what replaces what answers; and when it was revoked or is below
    /// the floor.
    pub async fn activate_bundled(
        &self,
        name: &str,
        digest: &str,
        before: Option<&str>,
        actor: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut change = self.begin().await?;
        if active_within(&mut change, name).await?.as_deref() != before
            || (before.is_some() && rules_within(&mut change).await?.four_eyes)
            || forbidden(&mut change, name, digest).await?.is_some()
        {
            return Ok(false);
        }
        activate(&mut change, name, digest, Source::Bundled, actor, at).await?;
        change.commit().await.map_err(failed_to(ACTIVATE))?;
        Ok(true)
    }

    /// Gives up a confirmed proposal whose version cannot be loaded.
    pub async fn give_up(&self, proposal: &Proposal, why: &str, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        // Another host may have carried it out.
        if state_within(&mut change, &proposal.id).await? != Some(ProposalState::Scheduled) {
            return Ok(());
        }
        close(&mut change, proposal, ProposalState::Failed, &Carried::Failed(why.to_owned()), actor, at).await?;
        change.commit().await.map_err(failed_to(ACTIVATE))
    }

    /// Lets the version that answered before answer again. Rolling back once more goes on back, not forth. What was proposed
    /// when the other one was to come is not done any more. `Err` in the answer says why there is none.
    pub async fn roll_back(
        &self,
        name: &str,
        reason: &str,
        actor: &str,
        at: Timestamp,
    ) -> Result<Result<String, String>, StoreError> {
        let mut change = self.begin().await?;
        let digest = match target_within(&mut change, name).await? {
            Ok(digest) => digest,
            Err(why) => return Ok(Err(why)),
        };
        activate(&mut change, name, &digest, Source::RolledBack, actor, at).await?;
        let query = format!("{COLUMNS} where name = $1 and state in ('proposed', 'scheduled') order by id");
        let waiting: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(name)
            .fetch_all(&mut *change)
            .await
            .map_err(failed_to(ACTIVATE))?;
        let overtaken = Carried::Failed("the plugin was rolled back since it was proposed".to_owned());
        for row in waiting {
            close(&mut change, &row.open()?, ProposalState::Failed, &overtaken, actor, at).await?;
        }
        let detail = json!({ "digest": digest, "reason": reason });
        audit::append(&mut change, at, [Event::new(actor, "plugin.rolled-back", name, detail)]).await?;
        change.commit().await.map_err(failed_to(ACTIVATE))?;
        Ok(Ok(digest))
    }

    /// The digest that rolling back would let answer. `Err` in the answer says why there is none.
    pub async fn roll_back_target(&self, name: &str) -> Result<Result<String, String>, StoreError> {
        let mut change = self.begin().await?;
        target_within(&mut change, name).await
    }

    /// Why `digest` may not answer for `name`, if it may not.
    pub async fn forbidden(&self, name: &str, digest: &str) -> Result<Option<String>, StoreError> {
        let mut change = self.begin().await?;
        forbidden(&mut change, name, digest).await
    }

    /// Sets the least version that may answer for a name.
    pub async fn set_floor(
        &self,
        name: &str,
        version: &Version,
        reason: &str,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "insert into floors (name, version) values ($1, $2) on conflict (name) do update set version = excluded.version",
        )
        .bind(name)
        .bind(version.to_string());
        let detail = json!({ "version": version.to_string(), "reason": reason });
        self.alter("set a floor", statement, Event::new(actor, "floor.set", name, detail), at).await.map(drop)
    }

    /// The least version that may answer for a name.
    pub async fn floor(&self, name: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("select version from floors where name = $1")
            .bind(name)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a floor"))
    }
}

/// Closes a proposal within a change.
async fn close(
    change: &mut Transaction<'static, Any>,
    proposal: &Proposal,
    state: ProposalState,
    carried: &Carried,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let because = match carried {
        Carried::Failed(why) => Some(why.as_str()),
        Carried::Done | Carried::NotNow => None,
    };
    sqlx::query("update proposals set state = $1, decided_because = $2 where id = $3")
        .bind(state.name())
        .bind(because)
        .bind(&proposal.id)
        .execute(&mut **change)
        .await
        .map_err(failed_to(ACTIVATE))?;
    let Some(because) = because else { return Ok(()) };
    let detail = json!({ "proposal": proposal.id, "digest": proposal.digest, "because": because });
    audit::append(change, at, [Event::new(actor, "proposal.failed", &proposal.name, detail)]).await
}
