//! The store: one SQLite file, or one PostgreSQL database that several hosts share. Nothing else in the host knows SQL.
//!
//! The same statements run on both: parameters are `$1`, numbers are `bigint`, days and times are text. Writes are durable
//! when they return. Determinations are written by one task that commits many at once (`determinations`).

#[cfg(test)]
pub(crate) mod testing;

mod approvals;
mod audit;
mod break_glass;
mod cases;
mod chain;
mod determinations;
mod kept;
mod marks;
mod plugins;
mod proposals;
mod publishers;
mod releases;
mod settings;
mod shadows;
mod sites;
mod tokens;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyPool, ConnectOptions as _, Executor as _};
use url::Url;

pub use self::audit::{Audited, Broken, Event, Verifier};
pub use self::break_glass::{BreakGlass, Confirmed, Ended, Review};
pub use self::cases::{About, OpenCase};
pub use self::determinations::{Call, Chain, Determination, DeterminationKind, Draft, Listed, Sealed};
pub use self::kept::{Claimed, KeptAnswer};
pub use self::marks::Listening;
pub use self::plugins::{Activation, NewPlugin, Source, StoredPlugin};
pub use self::proposals::Proposal;
pub use self::releases::{CaseRef, Published, Release, Revoked};
pub use self::shadows::{Differing, Shadow, ShadowDifference};
pub use self::sites::StoredSite;
pub use crate::lifecycle::machine::{Carried, ProposalState};

use self::determinations::Known;
use self::writer::Writer;
use crate::private;

/// The store's file in the data folder.
pub const FILE: &str = "paratope.db";

/// Connections that read at the same time.
const READERS: u32 = 4;

/// Connections that write at the same time, where the database allows more than one.
const WRITERS: u32 = 4;

/// How long a statement waits for a connection before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every connection to SQLite is told: readers do not wait for the writer, and a commit that was acknowledged survives
/// a loss of power. A write waits for another process for as long as for a connection.
const SQLITE: &str = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
                      pragma busy_timeout = 10000;";

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// The address of a PostgreSQL database. It may hold a password, so it is never shown.
#[derive(Clone)]
pub struct Address(String);

impl From<String> for Address {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// Which database the store is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

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
    /// Not the address of a database.
    #[error("a database is told as postgres://USER@HOST/NAME, or by the folder of an SQLite file")]
    Url,
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

impl StoreError {
    /// Whether it may go another time: nothing is wrong with what is kept.
    pub fn passes(&self) -> bool {
        match self {
            Self::Database { source, .. } => {
                !matches!(**source, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
            }
            Self::Folder { .. } | Self::Closed => true,
            Self::Url | Self::Migration(_) | Self::Damaged { .. } => false,
        }
    }
}

/// Says what was to be done when the database refused.
fn failed_to(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source: Arc::new(source) }
}

/// The store. Clones share everything.
#[derive(Debug, Clone)]
pub struct Store {
    kind: Kind,
    address: Address,
    reads: AnyPool,
    /// In SQLite the one connection that writes; waiting for it is fair.
    writes: AnyPool,
    writer: Writer,
    known: Arc<Known>,
}

impl Store {
    /// Opens the store in `folder`, and makes it when it is not there. Only its owner may read it.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        private::folder(folder)
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source: Arc::new(source) })?;
        let file = SqliteConnectOptions::new().filename(folder.join(FILE)).create_if_missing(true);
        Self::connect(Kind::Sqlite, &file.to_url_lossy()).await
    }

    /// Opens the store in a PostgreSQL database, and makes its tables when they are not there.
    pub async fn open_database(Address(url): &Address) -> Result<Self, StoreError> {
        let url: Url = url.parse().map_err(|_| StoreError::Url)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(StoreError::Url);
        }
        Self::connect(Kind::Postgres, &url).await
    }

    async fn connect(kind: Kind, url: &Url) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let connect = AnyConnectOptions::from_url(url).map_err(failed_to("open"))?;
        let pool = |connections: u32| {
            let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
            let options = match kind {
                Kind::Sqlite => options
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .after_connect(|connection, _| Box::pin(async move { connection.execute(SQLITE).await.map(drop) })),
                Kind::Postgres => options,
            };
            let connect = connect.clone();
            async move { options.connect_with(connect).await.map_err(failed_to("open")) }
        };
        let writes = pool(if kind == Kind::Sqlite { 1 } else { WRITERS }).await?;
        let migrations = if kind == Kind::Sqlite { &SQLITE_MIGRATIONS } else { &POSTGRES_MIGRATIONS };
        migrations.run(&writes).await.map_err(|source| StoreError::Migration(Arc::new(source)))?;
        let reads = pool(READERS).await?;
        let writer = Writer::start(kind, writes.clone());
        let address = Address(url.to_string());
        Ok(Self { kind, address, reads, writes, writer, known: Arc::default() })
    }

    /// Copies an SQLite store to a file that is not there yet, while others read and write.
    pub async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let path = file.to_str().ok_or(StoreError::Url)?.to_owned();
        sqlx::query("vacuum into $1").bind(path).execute(&self.reads).await.map(drop).map_err(failed_to("copy itself"))
    }

    /// Closes every connection. What was written is in the one file then.
    pub async fn close(self) {
        self.reads.close().await;
        self.writes.close().await;
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.reads).await.map(drop).map_err(failed_to("answer"))
    }
}
