//! `paratope rules ...`: what is asked of a plugin before it may answer.

use clap::{Subcommand, ValueEnum};

use super::app::{App, print_json};
use super::{Exit, Failure, Outcome};
use crate::lifecycle::Signatures;

#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// Shows the rules, as JSON.
    Show,
    /// Sets them; what is left out stays.
    Set {
        /// Who must sign: `none`, or so many roles, such as `2 of author, clinical, contract`.
        #[arg(long, value_name = "SIGNATURES")]
        signatures: Option<String>,
        /// Whoever proposes does not confirm.
        #[arg(long)]
        four_eyes: Option<Switch>,
        /// Plugins carry their sources and cases.
        #[arg(long)]
        evidence: Option<Switch>,
        /// Two people set a checkpoint aside; an order alone does not.
        #[arg(long)]
        break_glass: Option<Switch>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

pub(super) fn run(app: &App, command: &Rules) -> Outcome {
    app.with_host(async |host| {
        let mut rules = host.rules().await?;
        if let Rules::Set { signatures, four_eyes, evidence, break_glass } = command {
            if let Some(text) = signatures {
                rules.signatures =
                    text.parse::<Signatures>().map_err(|error| Failure::bad_input(anyhow::anyhow!(error)))?;
            }
            if let Some(switch) = four_eyes {
                rules.four_eyes = *switch == Switch::On;
            }
            if let Some(switch) = evidence {
                rules.evidence = *switch == Switch::On;
            }
            if let Some(switch) = break_glass {
                rules.break_glass = *switch == Switch::On;
            }
            if !host.set_rules(&rules).await? {
                eprintln!("they wait for another person who sets the same");
                rules = host.rules().await?;
            }
        }
        print_json(&rules)?;
        Ok(Exit::Done)
    })
}
