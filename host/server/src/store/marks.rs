//! Tells hosts that something changed which they keep in mind. PostgreSQL tells at once; everyone looks now and then as well,
//! so that what was told while nobody listened is found.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Transaction;
use sqlx::any::Any;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::{Kind, Store, StoreError, failed_to};

/// The channel that PostgreSQL tells on.
const CHANNEL: &str = "paratope_agreed";

/// How long a listener waits before it connects again.
const AGAIN: Duration = Duration::from_secs(1);

const DOING: &str = "tell of a change";

/// Lets the mark grow within a change.
pub(super) async fn tell(change: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    sqlx::query("update marks set value = value + 1 where name = 'agreed'")
        .execute(&mut **change)
        .await
        .map_err(failed_to(DOING))?;
    if change.backend_name() == "PostgreSQL" {
        sqlx::query("select 1 from (select pg_notify($1, '')) as told")
            .bind(CHANNEL)
            .execute(&mut **change)
            .await
            .map_err(failed_to(DOING))?;
    }
    Ok(())
}

/// Hears of changes. Stops when it is dropped.
#[derive(Debug)]
pub struct Listening {
    told: Arc<Notify>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Listening {
    /// Returns when a change was told of, or after `at_most`.
    pub async fn wait(&self, at_most: Duration) {
        // Either way the mark is looked at.
        let _ = tokio::time::timeout(at_most, self.told.notified()).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Store {
    /// A number that grows with every change that hosts follow.
    pub async fn mark(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("select value from marks where name = 'agreed'")
            .fetch_one(&self.reads)
            .await
            .map_err(failed_to("look for changes"))
    }

    /// Begins to listen. A connection that is lost is made again; until then whoever waits waits in vain.
    pub fn listen(&self) -> Listening {
        let told = Arc::new(Notify::new());
        let task = (self.kind == Kind::Postgres).then(|| {
            let (told, address) = (Arc::clone(&told), self.address.clone());
            tokio::spawn(async move {
                loop {
                    // What ends is a lost connection; the log of the one who looks says so.
                    let _ = listen(&address.0, &told).await;
                    tokio::time::sleep(AGAIN).await;
                }
            })
        });
        Listening { told, task }
    }
}

async fn listen(url: &str, told: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Something may have been told before the first word, or while the connection was lost.
        told.notify_one();
        listener.recv().await?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use jiff::Timestamp;
    use serde_json::json;

    use super::super::testing::{Opened, stores};
    use super::*;

    #[tokio::test]
    async fn the_mark_grows_with_what_hosts_follow_and_with_nothing_else() {
        for Opened { store, .. } in &stores().await {
            let before = store.mark().await.unwrap();
            store.note("unknown", "login.failed", "x", json!({}), Timestamp::UNIX_EPOCH).await.unwrap();
            assert_eq!(store.mark().await.unwrap(), before);
            store.note("r.okafor", "shadow.ended", "x", json!({}), Timestamp::UNIX_EPOCH).await.unwrap();
            assert!(store.mark().await.unwrap() > before);
        }
    }

    #[tokio::test]
    async fn postgresql_tells_at_once() {
        for Opened { store, .. } in &stores().await {
            if store.kind == Kind::Sqlite {
                continue;
            }
            let listening = store.listen();
            let long = Duration::from_secs(30);
            listening.wait(long).await;
            let watch = Instant::now();
            store.note("r.okafor", "shadow.ended", "x", json!({}), Timestamp::UNIX_EPOCH).await.unwrap();
            listening.wait(long).await;
            assert!(watch.elapsed() < long, "it was told of nothing");
        }
    }
}
