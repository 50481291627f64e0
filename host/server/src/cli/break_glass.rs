//! `paratope break-glass ...`: checkpoints set aside by two people, for a time.

use clap::Subcommand;

use super::app::{App, print_json};
use super::rules::Switch;
use super::{Exit, Outcome};
use crate::services::break_glass::{NewBreakGlass, NewReview};

#[derive(Debug, Subcommand)]
pub(super) enum BreakGlass {
    /// Asks that a checkpoint be set aside. It holds once another person confirms it.
    Ask {
        /// The site.
        site: String,
        /// The clearance in which the checkpoint failed or waits.
        determination: String,
        /// The checkpoint's id, such as `rescue-on-hand`.
        checkpoint: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// For how many hours, 1 to 72.
        #[arg(long, default_value_t = 24)]
        hours: i64,
    },
    /// Confirms what another person asked for.
    Confirm {
        /// The site.
        site: String,
        /// The override's id.
        id: String,
    },
    /// Ends an override, or turns down one that was asked for.
    End {
        /// The site.
        site: String,
        /// The override's id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Keeps what a third person found afterwards.
    Review {
        /// The site.
        site: String,
        /// The override's id.
        id: String,
        /// Whether it was right to set the checkpoint aside.
        #[arg(long)]
        justified: Switch,
        /// In the reviewer's words.
        #[arg(long)]
        findings: String,
    },
    /// Lists the overrides of a site, newest first.
    List {
        /// The site.
        site: String,
    },
}

pub(super) fn run(app: &App, command: BreakGlass) -> Outcome {
    app.with_host(async |host| {
        match command {
            BreakGlass::Ask { site, determination, checkpoint, reason, hours } => {
                let asked = NewBreakGlass { determination, checkpoint, hours, reason };
                print_json(&host.ask_override(&site, asked).await?)?;
            }
            BreakGlass::Confirm { site, id } => print_json(&host.confirm_override(&site, &id).await?)?,
            BreakGlass::End { site, id, reason } => print_json(&host.end_override(&site, &id, reason).await?)?,
            BreakGlass::Review { site, id, justified, findings } => {
                let found = NewReview { justified: justified == Switch::On, findings };
                print_json(&host.review_override(&site, &id, found).await?)?;
            }
            BreakGlass::List { site } => print_json(&host.overrides(&site).await?)?,
        }
        Ok(Exit::Done)
    })
}
