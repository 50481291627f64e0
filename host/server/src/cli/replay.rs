//! `paratope replay ID|--all`: the same bytes again, or where they differ.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::app::{App, print};
use super::{Exit, Failure, Outcome};
use crate::clock::DeterminationId;
use crate::host::Host;
use crate::private;
use crate::services::pack;
use crate::services::replay::Replay as Replayed;

/// Determinations read from the store at once.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The determination to run again.
    #[arg(required_unless_present_any = ["all", "from"], conflicts_with_all = ["all", "from"])]
    id: Option<String>,
    /// Write the determination with the plugins that answered to one file, which reproduces it on another machine. It is
    /// about a patient.
    #[arg(long, value_name = "FILE", requires = "id")]
    pack: Option<PathBuf>,
    /// Run the determination of a pack again: no store is needed.
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    from: Option<PathBuf>,
    /// Run every recorded determination again, and check that none was changed or taken out.
    #[arg(long)]
    all: bool,
    /// Print what was found as JSON, one line for each determination.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(app: &App, command: &Replay) -> Outcome {
    if let Some(file) = &command.from {
        return from_pack(file, command.json);
    }
    let id: Option<DeterminationId> = command.id.as_deref().map(str::parse).transpose().map_err(Failure::bad_input)?;
    app.with_host(async |host| match (id, &command.pack) {
        (Some(id), Some(file)) => write_pack(&host, id, file).await,
        (Some(id), None) => {
            let replayed = host.replay(id).await?;
            show(&replayed, command.json)?;
            Ok(if replayed.same { Exit::Done } else { Exit::Failed })
        }
        (None, _) => all(&host, command.json).await,
    })
}

async fn write_pack(host: &Host, id: DeterminationId, file: &Path) -> Outcome {
    let shown = file.display().to_string();
    if file.try_exists()? {
        return Err(Failure::bad_input(anyhow::anyhow!("`{shown}` is there already")));
    }
    let packed = host.pack(id).await?;
    let mut made = private::file(file).with_context(|| format!("failed to make `{shown}`"))?;
    made.write_all(&packed).with_context(|| format!("failed to write `{shown}`"))?;
    let shown = crate::terminal::safe(&shown);
    print(&format!("{shown}: `paratope replay --from {shown}` runs it again anywhere\n"))?;
    Ok(Exit::Done)
}

fn from_pack(file: &Path, json: bool) -> Outcome {
    let packed =
        fs::read(file).with_context(|| format!("failed to read `{}`", file.display())).map_err(Failure::bad_input)?;
    let replayed = pack::replay(&packed, &super::plugin::sandbox()?)
        .with_context(|| format!("`{}` cannot be used", file.display()))
        .map_err(Failure::bad_input)?;
    show(&replayed, json)?;
    Ok(if replayed.same { Exit::Done } else { Exit::Failed })
}

async fn all(host: &Host, json: bool) -> Outcome {
    let chain = host.store().chain().await.map_err(anyhow::Error::from)?;
    let (mut same, mut different, mut after) = (0_u64, 0_u64, None);
    loop {
        let page = host.store().determinations(after, PAGE).await.map_err(anyhow::Error::from)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for listed in page {
            let replayed = host.replay(listed.id).await?;
            if replayed.same {
                same += 1
            } else {
                different += 1
            }
            if json || !replayed.same {
                show(&replayed, json)?;
            }
        }
    }
    if !json {
        print(&format!("{same} the same, {different} different\n"))?;
        if chain.broken > 0 {
            print(&format!("{} of {} records do not follow from the one before\n", chain.broken, chain.rows))?;
        }
    }
    Ok(if different == 0 && chain.broken == 0 { Exit::Done } else { Exit::Failed })
}

fn show(replayed: &Replayed, json: bool) -> anyhow::Result<()> {
    if json {
        return print(&format!("{}\n", serde_json::to_string(replayed)?));
    }
    let verdict = if replayed.same { "the same, byte for byte" } else { "different" };
    print(&format!("{} {}: {verdict} ({} calls)\n", replayed.id, replayed.kind.name(), replayed.calls))?;
    for difference in &replayed.differences {
        let line = format!("  {}: {}", difference.place, difference.what);
        print(&format!("{}\n", crate::terminal::safe(&line)))?;
    }
    Ok(())
}
