//! `paratope audit ...`: what was done, by whom, and whether the list of it is whole.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::app::{App, print, print_json};
use super::{Exit, Failure, Outcome};
use crate::host::Host;
use crate::store::{Audited, Broken, Verifier};
use crate::terminal::{Table, safe};

/// Events read from the store at once.
const PAGE: u32 = 1000;

/// Bytes of one exported event; more is no event.
const MAX_LINE: u64 = 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Lists events, oldest first.
    List {
        /// Only those after this one.
        #[arg(long, default_value_t = 0, value_name = "SEQ")]
        after: i64,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Writes every event as JSON, one a line. Its last line's hash tells later whether events were taken off the end.
    Export {
        /// Where to; `-` is standard output.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Checks that no event was changed, taken out or moved: of an export, without the host, or of the store.
    Verify {
        /// The export; `-` is standard input. Left out, the store is checked.
        file: Option<PathBuf>,
        /// The hash that the last event must have.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

pub(super) fn run(app: &App, command: &Audit) -> Outcome {
    match command {
        Audit::List { after, limit, json } => app.with_host(async |host| {
            let events = host.store().events(*after, *limit).await.map_err(anyhow::Error::from)?;
            if *json {
                print_json(&events)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["seq", "at", "who", "what", "to", "detail"]);
            for event in &events {
                let seq = event.seq.to_string();
                table.row([&seq, &event.at, &event.actor, &event.action, &event.subject, event.detail.get()]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Audit::Export { file } => app.with_host(async |host| {
            let out: Box<dyn std::io::Write> = if file == Path::new("-") {
                Box::new(stdout().lock())
            } else {
                Box::new(File::create_new(file).with_context(|| format!("failed to make `{}`", file.display()))?)
            };
            let mut out = BufWriter::new(out);
            each(&host, |event| {
                serde_json::to_writer(&mut out, &event)?;
                Ok(out.write_all(b"\n")?)
            })
            .await?;
            out.flush()?;
            Ok(Exit::Done)
        }),
        Audit::Verify { file: None, head } => app.with_host(async |host| {
            let mut verifier = Verifier::default();
            let mut broken = None;
            each(&host, |event| {
                broken = broken.take().or_else(|| verifier.check(&event).err());
                Ok(())
            })
            .await?;
            verdict(&verifier, broken, head.as_deref())
        }),
        Audit::Verify { file: Some(file), head } => {
            let (verifier, broken) = verify(file).map_err(Failure::bad_input)?;
            verdict(&verifier, broken, head.as_deref())
        }
    }
}

/// Hands over every event of the store, oldest first.
async fn each(host: &Host, mut take: impl FnMut(Audited) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = host.store().events(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        page.into_iter().try_for_each(&mut take)?;
    }
}

/// Checks an export up to the first event that is wrong.
fn verify(file: &Path) -> anyhow::Result<(Verifier, Option<Broken>)> {
    let shown = file.display();
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("failed to read `{shown}`"))?)
    };
    let mut input = BufReader::new(input);
    let mut verifier = Verifier::default();
    for number in 1_u64.. {
        let mut line = String::new();
        let read = input.by_ref().take(MAX_LINE).read_line(&mut line).with_context(|| format!("`{shown}`"))?;
        if read == 0 {
            break;
        }
        let event: Audited = serde_json::from_str(&line)
            .map_err(|error| anyhow::anyhow!("`{shown}`, line {number}: no audit event: {error}"))?;
        if let Err(broken) = verifier.check(&event) {
            return Ok((verifier, Some(broken)));
        }
    }
    Ok((verifier, None))
}

fn verdict(verifier: &Verifier, broken: Option<Broken>, head: Option<&str>) -> Outcome {
    let broken = broken.or_else(|| head.and_then(|head| verifier.end(head).err()));
    if let Some(broken) = broken {
        print(&format!("broken after {} events: {}\n", verifier.events, safe(&broken.to_string())))?;
        return Ok(Exit::Failed);
    }
    print(&format!("{} events, whole; the last has the hash {}\n", verifier.events, verifier.head()))?;
    Ok(Exit::Done)
}
