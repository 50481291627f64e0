//! `paratope db ...`: a copy of the store, and a store from a copy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::app::{App, print, runtime};
use super::{Exit, Failure, Outcome};
use crate::private;
use crate::store::{FILE, Store, Verifier};
use crate::telemetry;
use crate::terminal::safe;

/// Events read at once.
const PAGE: u32 = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Copies an SQLite store to a file while hosts serve from it. Everything acknowledged before is in the copy. Of a
    /// PostgreSQL database, `pg_dump` makes one.
    Backup {
        /// The file to write; it must not be there.
        file: PathBuf,
    },
    /// Makes a store of a copy in a data folder that holds none, and checks that nothing is missing from it.
    Restore {
        /// The copy.
        file: PathBuf,
    },
}

pub(super) fn run(app: &App, command: &Db) -> Outcome {
    let _telemetry = telemetry::start("warn");
    if app.database.is_some() {
        return Err(Failure::bad_input(anyhow::anyhow!("a PostgreSQL database is copied with pg_dump and pg_restore")));
    }
    let data = app.data()?;
    match command {
        Db::Backup { file } => runtime()?.block_on(backup(&data, file)),
        Db::Restore { file } => runtime()?.block_on(restore(&data, file)),
    }
}

async fn backup(data: &Path, file: &Path) -> Outcome {
    let shown = file.display();
    if !data.join(FILE).try_exists()? {
        return Err(Failure::bad_input(anyhow::anyhow!("`{}` holds no store", data.display())));
    }
    if file.try_exists()? {
        return Err(Failure::bad_input(anyhow::anyhow!("`{shown}` is there already")));
    }
    let store = Store::open(data).await.map_err(anyhow::Error::from)?;
    private::file(file).with_context(|| format!("failed to write `{shown}`"))?;
    store.backup(file).await.with_context(|| format!("failed to write `{shown}`"))?;
    print(&format!("{}: a copy of everything acknowledged until now\n", safe(&shown.to_string())))?;
    Ok(Exit::Done)
}

async fn restore(data: &Path, file: &Path) -> Outcome {
    let place = data.join(FILE);
    if place.try_exists()? {
        let told = anyhow::anyhow!("`{}` is there already: a store is restored where there is none", place.display());
        return Err(Failure::bad_input(told));
    }
    // Beside its place, so that it comes there whole or not at all.
    private::folder(data).with_context(|| format!("failed to make `{}`", data.display()))?;
    let draft = tempfile::tempdir_in(data).context("failed to make a folder")?;
    let mut copy = fs::File::open(file)
        .with_context(|| format!("failed to read `{}`", file.display()))
        .map_err(Failure::bad_input)?;
    let mut restored = private::file(&draft.path().join(FILE)).context("failed to make a file")?;
    std::io::copy(&mut copy, &mut restored).with_context(|| format!("failed to copy `{}`", file.display()))?;
    let store = Store::open(draft.path()).await.context("it is no copy of a store").map_err(Failure::bad_input)?;
    let mut verifier = Verifier::default();
    let mut after = 0;
    loop {
        let page = store.events(after, PAGE).await.map_err(anyhow::Error::from)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for event in &page {
            verifier.check(event).map_err(Failure::bad_input)?;
        }
    }
    let chain = store.chain().await.map_err(anyhow::Error::from)?;
    if chain.broken > 0 {
        return Err(Failure::bad_input(anyhow::anyhow!(
            "{} of its {} determinations are loose",
            chain.broken,
            chain.rows
        )));
    }
    store.close().await;
    fs::rename(draft.path().join(FILE), &place).with_context(|| format!("failed to make `{}`", place.display()))?;
    print(&format!(
        "restored: {} determinations, {} events, whole; the last event has the hash {}\n",
        chain.rows,
        verifier.events,
        verifier.head()
    ))?;
    Ok(Exit::Done)
}
