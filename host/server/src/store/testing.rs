//! A store in each database, for tests that must hold in both.

use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use super::{Address, Store};
use crate::clock::{Clock as _, Ids, SystemClock};

/// A store for one test.
pub(crate) struct Opened {
    pub(crate) store: Store,
    /// Where it is, when it is a file; gone with this.
    _folder: Option<TempDir>,
}

/// A new store in SQLite and one in PostgreSQL, whose server `.ci/test` starts.
pub(crate) async fn stores() -> [Opened; 2] {
    let folder = tempfile::tempdir().unwrap();
    let file = Store::open(folder.path()).await.unwrap();
    let database = Store::open_database(&database().await).await.unwrap();
    [Opened { store: file, _folder: Some(folder) }, Opened { store: database, _folder: None }]
}

/// The address of a new, empty PostgreSQL database.
async fn database() -> Address {
    const SERVER: &str = "PARATOPE_TEST_POSTGRES";
    let server =
        std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} is not set: run .ci/test, which starts one"));
    let id = Ids::default().next(SystemClock.now());
    let name = format!("unit_{}", id.to_string().to_lowercase());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let mut address: url::Url = server.parse().unwrap();
    address.set_path(&name);
    address.to_string().into()
}
