//! What commands share: the data folder, the host, the logs, and reading files.

use std::fs::File;
use std::io::{Read as _, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Failure, Outcome};
use crate::access::Caller;
use crate::clock::SystemClock;
use crate::host::{Host, HostSettings, default_data};
use crate::input::{self, Format};
use crate::store::Address;
use crate::telemetry;

/// Bytes of a file people hand in. A request is a few thousand; more is a mistake.
const MAX_INPUT: u64 = 8 * 1024 * 1024;

/// What the command line says of every command.
pub(super) struct App {
    pub(super) data: Option<PathBuf>,
    pub(super) database: Option<Address>,
    /// The person who gives the command, where that is not the user of this machine.
    pub(super) acting_as: Option<String>,
}

impl App {
    /// The data folder.
    pub(super) fn data(&self) -> anyhow::Result<PathBuf> {
        self.data.clone().map_or_else(default_data, Ok)
    }

    /// Opens the host and runs `work` with it.
    pub(super) fn with_host<F: Future<Output = Outcome>>(&self, work: impl FnOnce(Host) -> F) -> Outcome {
        let _telemetry = telemetry::start("warn");
        let data = self.data()?;
        runtime()?.block_on(async {
            let host = self.open(data).await?;
            work(host).await
        })
    }

    /// Opens the host on a data folder.
    pub(super) async fn open(&self, data: PathBuf) -> anyhow::Result<Host> {
        let preparing = |plugins| eprintln!("preparing {plugins} plugins, once: this may take a minute");
        let settings = HostSettings { preparing, database: self.database.clone(), ..HostSettings::new(data)? };
        let host = Host::open(settings, Arc::new(SystemClock)).await?;
        // Who asks over HTTP without a token is not known either: whoever started this answers for it.
        let whoever = whoever_runs_this();
        let name = self.acting_as.as_ref().map_or_else(|| whoever.clone(), |name| format!("{name} ({whoever})"));
        Ok(host.acting_for(Caller::local(&name)))
    }
}

/// Who acts on the command line: the user of this machine, as the system calls them.
fn whoever_runs_this() -> String {
    let name = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty());
    name.map_or_else(|| "local".to_owned(), |name| format!("local:{name}"))
}

/// The threads commands run on.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(96)
        .build()
        .context("failed to start threads")
}

/// Reads a file as JSON, or as TOML when its name says so. `-` is standard input.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = bytes(path).map_err(Failure::bad_input)?;
    input::read(&bytes, Format::of(path))
        .with_context(|| format!("`{}` cannot be used", path.display()))
        .map_err(Failure::bad_input)
}

/// Reads a file. `-` is standard input.
pub(super) fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let shown = path.display();
    if path == Path::new("-") {
        stdin().take(MAX_INPUT + 1).read_to_end(&mut bytes).context("failed to read standard input")?;
    } else {
        let file = File::open(path).with_context(|| format!("failed to read `{shown}`"))?;
        file.take(MAX_INPUT + 1).read_to_end(&mut bytes).with_context(|| format!("failed to read `{shown}`"))?;
    }
    anyhow::ensure!(bytes.len() as u64 <= MAX_INPUT, "`{shown}` has more than {MAX_INPUT} bytes");
    Ok(bytes)
}

/// Prints JSON. Every control character in it is escaped by the format itself.
pub(super) fn print_json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    // Answers are kept as they were recorded, in one line; for people they are laid out.
    let value: serde_json::Value = serde_json::to_string(value).and_then(|text| serde_json::from_str(&text))?;
    print(&format!("{value:#}\n"))
}

/// Prints text that is safe to print. Whoever reads may stop reading.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    match stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("failed to write"),
        _ => Ok(()),
    }
}
