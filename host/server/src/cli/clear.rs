//! `paratope clear FILE`: may these doses be given here, and will they be paid?

use std::path::PathBuf;

use clap::Args;
use paratope_domain::clearance::Verdict;
use paratope_domain::request::ClearanceRequest;

use super::app::{App, print, print_json, read};
use super::{Exit, Outcome};
use crate::report;

#[derive(Debug, Args)]
pub(super) struct Clear {
    /// A clearance request, JSON or TOML; `-` is standard input.
    file: PathBuf,
    /// Print the clearance as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(app: &App, command: &Clear) -> Outcome {
    let request: ClearanceRequest = read(&command.file)?;
    app.with_host(async |host| {
        let (determined, clearance) = host.clear(request).await?;
        if command.json {
            print_json(&determined)?;
        } else {
            print(&report::clearance(&clearance))?;
            print(&format!("recorded as {id}; run it again: paratope replay {id}\n", id = determined.id))?;
        }
        Ok(exit(clearance.verdict))
    })
}

/// How a command ends that cleared something.
pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Cleared | Verdict::ClearedWithConditions => Exit::Done,
        Verdict::Waiting | Verdict::Blocked => Exit::NotCleared,
    }
}
