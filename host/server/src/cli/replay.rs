//! `paratope replay ID|--all`: the same bytes again, or where they differ.

use clap::Args;

use super::app::{App, print};
use super::{Exit, Failure, Outcome};
use crate::clock::DeterminationId;
use crate::host::Host;
use crate::services::replay::Replay as Replayed;

/// Determinations read from the store at once.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The determination to run again.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// Run every recorded determination again, and check that none was changed or taken out.
    #[arg(long)]
    all: bool,
    /// Print what was found as JSON, one line for each determination.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(app: &App, command: &Replay) -> Outcome {
    let id: Option<DeterminationId> = command.id.as_deref().map(str::parse).transpose().map_err(Failure::bad_input)?;
    app.with_host(async |host| match id {
        Some(id) => {
            let replayed = host.replay(id).await?;
            show(&replayed, command.json)?;
            Ok(if replayed.same { Exit::Done } else { Exit::Failed })
        }
        None => all(&host, command.json).await,
    })
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
