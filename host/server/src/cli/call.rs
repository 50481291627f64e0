//! `paratope call PLUGIN FUNCTION --json FILE`: one function of one plugin, with a request that mirrors the contract.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::app::{App, print_json, read};
use super::{Exit, Outcome};
use crate::services::call::answered;

/// Calls one function of one plugin.
///
/// A product has monograph, plan, next-dose, manage and requirements; a payer has profile, assess, prefer and billing.
/// The request mirrors the contract; monograph and profile take {"as-of": "2026-11-23"}.
#[derive(Debug, Args)]
pub(super) struct Call {
    /// The plugin's name, such as teclistamab.
    plugin: String,
    /// The function's name in the contract, such as next-dose.
    function: String,
    /// The request, JSON or TOML; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    json: PathBuf,
}

pub(super) fn run(app: &App, command: &Call) -> Outcome {
    let request: Value = read(&command.json)?;
    app.with_host(async |host| {
        let (determined, answer) = host.call(&command.plugin, &command.function, request).await?;
        print_json(&answered(&command.plugin, determined.id, &answer)?)?;
        eprintln!("recorded as {}", determined.id);
        Ok(Exit::Done)
    })
}
