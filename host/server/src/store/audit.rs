//! What was done, by whom: an event beside every change, in the same transaction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query;
use sqlx::{AnyPool, Executor as _, FromRow, Transaction};

use crate::hex;

use super::{Kind, Store, StoreError, chain, failed_to, marks};

/// The kind of row, in its hash.
const NAME: &str = "paratope audit 1";

/// Makes the other hosts wait, so that the chain does not fork.
const LOCK: &str = "lock table audit_events in exclusive mode";

const DOING: &str = "write an audit event";

/// Something that was done.
#[derive(Debug, Clone)]
pub struct Event {
    /// Who did it.
    pub actor: String,
    /// What was done, such as `plugin.activated`.
    pub action: &'static str,
    /// What it was done to.
    pub subject: String,
    /// The rest: never anything about a patient.
    pub detail: serde_json::Value,
}

impl Event {
    /// Whether hosts keep in mind what it changed.
    fn is_followed(&self) -> bool {
        !matches!(self.action, "determination.recorded" | "login.failed")
    }

    /// That `actor` did `action` to `subject`.
    pub(super) fn new(actor: &str, action: &'static str, subject: &str, detail: serde_json::Value) -> Self {
        Self { actor: actor.to_owned(), action, subject: subject.to_owned(), detail }
    }
}

/// An event as it is kept and exported.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Audited {
    /// Its place. Places may be left out, never used twice.
    pub seq: i64,
    /// When it was written, RFC 3339.
    pub at: String,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// The rest.
    #[schemars(with = "serde_json::Value")]
    pub detail: Box<RawValue>,
    /// The hash of the event before it, in hexadecimal.
    pub previous: String,
    /// Its own hash, in hexadecimal.
    pub hash: String,
}

/// What is wrong with a list of events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An event says something else than it said.
    #[error("event {seq} was changed: its hash is not the hash of what it says")]
    Changed {
        /// Its place.
        seq: i64,
    },
    /// An event does not follow the one before it.
    #[error("event {seq} does not follow the event before it: one was taken out, moved or slipped in there")]
    Loose {
        /// Its place.
        seq: i64,
    },
    /// The last event is not the one expected.
    #[error("the last event is not the one expected: events were taken off the end")]
    End,
}

/// Checks events one by one: each must say what its hash says and follow the one before it.
#[derive(Debug)]
pub struct Verifier {
    previous: Vec<u8>,
    /// Events checked.
    pub events: u64,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { previous: chain::START.to_vec(), events: 0 }
    }
}

impl Verifier {
    /// Checks the next event.
    pub fn check(&mut self, event: &Audited) -> Result<(), Broken> {
        let own = chain::link(&hex::decode(&event.previous).unwrap_or_default(), &content(event));
        if hex::encode(&own) != event.hash {
            return Err(Broken::Changed { seq: event.seq });
        }
        if hex::encode(&self.previous) != event.previous {
            return Err(Broken::Loose { seq: event.seq });
        }
        self.previous = own;
        self.events += 1;
        Ok(())
    }

    /// The hash of the last event, in hexadecimal: who keeps it elsewhere can tell whether events were taken off the end.
    pub fn head(&self) -> String {
        hex::encode(&self.previous)
    }

    /// Checks that the last event was the one with this hash.
    pub fn end(&self, head: &str) -> Result<(), Broken> {
        if self.head() == head { Ok(()) } else { Err(Broken::End) }
    }
}

fn content(event: &Audited) -> Vec<u8> {
    let Audited { at, actor, action, subject, detail, .. } = event;
    let parts = [at, actor, action, subject, detail.get()].map(str::as_bytes);
    chain::content(NAME, &parts)
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    detail: String,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl Row {
    fn open(self) -> Result<Audited, StoreError> {
        let detail = RawValue::from_string(self.detail).map_err(|_| StoreError::Damaged { what: "audit event" })?;
        Ok(Audited {
            seq: self.seq,
            at: self.at,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            detail,
            previous: hex::encode(&self.previous),
            hash: hex::encode(&self.hash),
        })
    }
}

/// Takes the lock that writes need, so that a change does not find out too late that it may not write.
const IMMEDIATE: &str = "begin immediate";

/// Drops the one connection that writes. The next change makes another.
async fn renewed(writes: &AnyPool) -> Result<(), sqlx::Error> {
    writes.acquire().await?.close().await
}

/// Begins a change that events will tell of. Changes are made one after another, on all hosts.
pub(super) async fn begin(kind: Kind, writes: &AnyPool) -> Result<Transaction<'static, Any>, StoreError> {
    let begun = match kind {
        Kind::Sqlite => match writes.begin_with(IMMEDIATE).await {
            // A full disk made SQLite undo a change by itself, and the connection takes itself to be within it for ever.
            Err(sqlx::Error::InvalidSavePointStatement) => match renewed(writes).await {
                Ok(()) => writes.begin_with(IMMEDIATE).await,
                Err(error) => Err(error),
            },
            begun => begun,
        },
        Kind::Postgres => match writes.begin().await {
            Ok(mut transaction) => transaction.execute(LOCK).await.map(|_| transaction),
            Err(error) => Err(error),
        },
    };
    begun.map_err(failed_to("begin a change"))
}

impl Store {
    /// Begins a change that events will tell of.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        begin(self.kind, &self.writes).await
    }

    /// Runs one statement and keeps the event that tells of it. False, and nothing is kept, when it changed no row.
    pub(super) async fn alter(
        &self,
        doing: &'static str,
        statement: Query<'_, Any, AnyArguments>,
        event: Event,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut change = self.begin().await?;
        let done = statement.execute(&mut *change).await.map_err(failed_to(doing))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        append(&mut change, at, [event]).await?;
        change.commit().await.map_err(failed_to(doing))?;
        Ok(true)
    }

    /// Notes something that changed nothing else.
    pub async fn note(
        &self,
        actor: &str,
        action: &'static str,
        subject: &str,
        detail: serde_json::Value,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        append(&mut change, at, [Event::new(actor, action, subject, detail)]).await?;
        change.commit().await.map_err(failed_to(DOING))
    }

    /// The events after `after`, oldest first, at most `limit`.
    pub async fn events(&self, after: i64, limit: u32) -> Result<Vec<Audited>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select seq, at, actor, action, subject, detail, previous, hash from audit_events \
             where seq > $1 order by seq limit $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list audit events"))?;
        rows.into_iter().map(Row::open).collect()
    }
}

/// Appends events within a change.
pub(super) async fn append(
    transaction: &mut Transaction<'static, Any>,
    at: Timestamp,
    events: impl IntoIterator<Item = Event>,
) -> Result<(), StoreError> {
    let mut previous: Option<Vec<u8>> = sqlx::query_scalar("select hash from audit_events order by seq desc limit 1")
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed_to(DOING))?;
    let mut is_followed = false;
    for event in events {
        is_followed |= event.is_followed();
        let Event { actor, action, subject, detail } = event;
        let before = previous.take().unwrap_or_else(|| chain::START.to_vec());
        let (at, detail) = (at.to_string(), detail.to_string());
        let parts = [at.as_str(), &actor, action, &subject, &detail].map(str::as_bytes);
        let hash = chain::link(&before, &chain::content(NAME, &parts));
        sqlx::query(
            "insert into audit_events (at, actor, action, subject, detail, previous, hash) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&at)
        .bind(&actor)
        .bind(action)
        .bind(&subject)
        .bind(&detail)
        .bind(&before)
        .bind(&hash)
        .execute(&mut **transaction)
        .await
        .map_err(failed_to(DOING))?;
        previous = Some(hash);
    }
    if is_followed { marks::tell(transaction).await } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Opened, stores};
    use super::*;

    async fn kept(store: &Store) -> Vec<Audited> {
        for number in 0..5 {
            let subject = format!("subject-{number}");
            let event = Event { actor: "r.okafor".to_owned(), action: "test", subject, detail: json!({ "n": number }) };
            let mut change = store.begin().await.unwrap();
            append(&mut change, Timestamp::UNIX_EPOCH, [event.clone(), event]).await.unwrap();
            change.commit().await.unwrap();
        }
        store.events(0, 100).await.unwrap()
    }

    fn verify(events: &[Audited]) -> Result<String, Broken> {
        let mut verifier = Verifier::default();
        events.iter().try_for_each(|event| verifier.check(event))?;
        Ok(verifier.head())
    }

    #[tokio::test]
    async fn what_was_done_to_a_list_of_events_shows() {
        for Opened { store, .. } in &stores().await {
            let events = kept(store).await;
            assert_eq!(events.len(), 10);
            let head = verify(&events).unwrap();
            let mut changed = events.clone();
            changed[3].subject = "another".to_owned();
            assert_eq!(verify(&changed), Err(Broken::Changed { seq: changed[3].seq }));
            let mut dropped = events.clone();
            dropped.remove(3);
            assert_eq!(verify(&dropped), Err(Broken::Loose { seq: dropped[3].seq }));
            let mut moved = events.clone();
            moved.swap(3, 4);
            assert_eq!(verify(&moved), Err(Broken::Loose { seq: moved[3].seq }));
            let mut shortened = Verifier::default();
            events.iter().take(9).try_for_each(|event| shortened.check(event)).unwrap();
            assert_eq!(shortened.end(&head), Err(Broken::End));
            assert!(sqlx::query("update audit_events set actor = 'x'").execute(&store.writes).await.is_err());
            assert!(sqlx::query("delete from audit_events").execute(&store.writes).await.is_err());
        }
    }

    #[tokio::test]
    async fn events_of_many_at_once_form_one_chain() {
        for Opened { store, .. } in &stores().await {
            let mut writes = tokio::task::JoinSet::new();
            for number in 0..40 {
                let store = store.clone();
                writes.spawn(async move {
                    let event =
                        Event { actor: "a".to_owned(), action: "test", subject: number.to_string(), detail: json!({}) };
                    let mut change = store.begin().await.unwrap();
                    append(&mut change, Timestamp::UNIX_EPOCH, [event]).await.unwrap();
                    change.commit().await.unwrap();
                });
            }
            while let Some(written) = writes.join_next().await {
                written.unwrap();
            }
            assert!(verify(&store.events(0, 100).await.unwrap()).is_ok());
        }
    }
}
