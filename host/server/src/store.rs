//! The store: one SQLite file. Nothing else in the host knows SQL.
//!
//! Writes are durable when they return. Determinations are written by one task that commits many at once
//! (`determinations`); everything else takes its turn on the same connection.

mod determinations;
mod plugins;
mod sites;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

pub use self::determinations::{Call, Chain, Determination, DeterminationKind, Draft, Listed, Sealed};
pub use self::plugins::{Activation, NewPlugin, Source, StoredPlugin};
pub use self::sites::StoredSite;

use self::determinations::Known;
use self::writer::Writer;

/// The store's file in the data folder.
pub const FILE: &str = "paratope.db";

/// How long a write waits for another process.
const BUSY: Duration = Duration::from_secs(10);

/// Connections that read at the same time.
const READERS: u32 = 4;

/// What can go wrong. No message holds anything that was stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The data folder cannot be used.
    #[error("the data folder `{}` cannot be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// The database refused.
    #[error("the store failed to {doing}")]
    Database {
        /// What was to be done.
        doing: &'static str,
        /// What the database said.
        source: Arc<sqlx::Error>,
    },
    /// The database was made by a newer program, or is not ours.
    #[error("the store cannot be brought up to date")]
    Migration(#[source] Arc<sqlx::migrate::MigrateError>),
    /// A row that cannot be read.
    #[error("a stored {what} cannot be read")]
    Damaged {
        /// What kind of row.
        what: &'static str,
    },
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}

/// Says what was to be done when the database refused.
fn failed_to(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source: Arc::new(source) }
}

/// The store. Clones share everything.
#[derive(Debug, Clone)]
pub struct Store {
    reads: SqlitePool,
    /// The one connection that writes. Waiting for it is fair.
    writes: Arc<Mutex<SqliteConnection>>,
    writer: Writer,
    known: Arc<Known>,
}

impl Store {
    /// Opens the store in `folder`, and makes it when it is not there. Only its owner may read it.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        make_private(folder)
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source: Arc::new(source) })?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join(FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that was acknowledged survives a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let mut writes = options.connect().await.map_err(failed_to("open"))?;
        sqlx::migrate!("./migrations")
            .run(&mut writes)
            .await
            .map_err(|source| StoreError::Migration(Arc::new(source)))?;
        let reads =
            SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await.map_err(failed_to("open"))?;
        let writes = Arc::new(Mutex::new(writes));
        let writer = Writer::start(Arc::clone(&writes));
        Ok(Self { reads, writes, writer, known: Arc::default() })
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.reads).await.map(drop).map_err(failed_to("answer"))
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
