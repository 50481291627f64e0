//! Writes determinations: whatever waits is committed together, and nobody is told before the commit.

use serde_json::json;
use sqlx::AnyPool;
use tokio::sync::{mpsc, oneshot};

use crate::hex;

use super::audit::{self, Event};
use super::determinations::Sealed;
use super::{Kind, StoreError, break_glass, cases, chain, failed_to};

/// Determinations committed at once. More would make the first of them wait for the last.
const BATCH: usize = 256;

/// Determinations that may wait. Whoever comes after waits to be let in.
const QUEUE: usize = 1024;

/// Hands determinations to the task that writes them.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Pending>,
}

struct Pending {
    sealed: Sealed,
    committed: oneshot::Sender<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the task. It ends when the last writer is dropped.
    pub(super) fn start(kind: Kind, writes: AnyPool) -> Self {
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                let outcome = commit(kind, &writes, &batch).await;
                for pending in batch.drain(..) {
                    // Whoever stopped waiting does not hear of it; the determination is kept all the same.
                    let _ = pending.committed.send(outcome.clone());
                }
            }
        });
        Self { queue }
    }

    /// Returns when `sealed` is durable.
    pub(super) async fn write(&self, sealed: Sealed) -> Result<(), StoreError> {
        let (committed, acknowledged) = oneshot::channel();
        self.queue.send(Pending { sealed, committed }).await.map_err(|_| StoreError::Closed)?;
        acknowledged.await.map_err(|_| StoreError::Closed)?
    }
}

async fn commit(kind: Kind, writes: &AnyPool, batch: &[Pending]) -> Result<(), StoreError> {
    const DOING: &str = "record determinations";
    // Another process may write too, so the last hash is read under the lock that the change holds.
    let mut transaction = audit::begin(kind, writes).await?;
    let last: Option<Vec<u8>> = sqlx::query_scalar("select hash from determinations order by seq desc limit 1")
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed_to(DOING))?;
    let mut previous = last.unwrap_or_else(|| chain::START.to_vec());
    let mut events = Vec::with_capacity(batch.len());
    for Pending { sealed, .. } in batch {
        for shared in &sealed.shared {
            sqlx::query("insert into shared_answers (hash, text) values ($1, $2) on conflict (hash) do nothing")
                .bind(shared.key.as_slice())
                .bind(shared.text.as_slice())
                .execute(&mut *transaction)
                .await
                .map_err(failed_to(DOING))?;
        }
        let hash = chain::link(&previous, &sealed.content);
        sqlx::query(
            "insert into determinations (id, kind, recorded_at, record, previous, hash) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(sealed.id.to_string())
        .bind(sealed.kind.name())
        .bind(&sealed.recorded_at)
        .bind(sealed.record.as_slice())
        .bind(&previous)
        .bind(&hash)
        .execute(&mut *transaction)
        .await
        .map_err(failed_to(DOING))?;
        let id = sealed.id.to_string();
        if let Some(about) = &sealed.about {
            cases::settle(&mut transaction, about, &id, |plugin| sealed.digest_of(plugin)).await?;
            break_glass::note_uses(&mut transaction, &about.overrides, &id).await?;
        }
        let overrides = sealed.about.as_ref().map_or(&[][..], |about| &about.overrides);
        let detail = if overrides.is_empty() {
            json!({ "kind": sealed.kind, "hash": hex::encode(&hash) })
        } else {
            json!({ "kind": sealed.kind, "hash": hex::encode(&hash), "overrides": overrides })
        };
        events.push(Event::new(&sealed.actor, "determination.recorded", &id, detail));
        previous = hash;
    }
    let now = batch.last().map(|pending| pending.sealed.at).unwrap_or_default();
    audit::append(&mut transaction, now, events).await?;
    transaction.commit().await.map_err(failed_to(DOING))
}
