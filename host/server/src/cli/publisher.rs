//! `paratope publisher ...`: whose signatures count.

use clap::Subcommand;

use super::app::{App, print, print_json};
use super::{Exit, Outcome};
use crate::lifecycle::SigningRole;
use crate::terminal::{Table, safe};

#[derive(Debug, Subcommand)]
pub(super) enum Publisher {
    /// Enrols a key of a publisher.
    Enrol {
        /// The publisher, as manifests name it.
        publisher: String,
        /// The public key, as `paratope plugin keygen` printed it.
        #[arg(long, value_name = "KEY")]
        key: String,
        /// What its owner vouches for: author, clinical or contract.
        #[arg(long)]
        role: SigningRole,
    },
    /// Lists the keys.
    Keys {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lets a key sign nothing new. What it signed stands.
    Retire {
        /// The key.
        key: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Lets nothing count that a key ever signed.
    Revoke {
        /// The key.
        key: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub(super) fn run(app: &App, command: Publisher) -> Outcome {
    app.with_host(async |host| {
        match command {
            Publisher::Enrol { publisher, key, role } => {
                host.enrol(&publisher, &key, role).await?;
                print(&format!("{}: {} signs as {}\n", safe(&publisher), safe(&key), role.name()))?;
            }
            Publisher::Keys { json: true } => print_json(&host.publisher_keys().await?)?,
            Publisher::Keys { json: false } => {
                let mut table = Table::new(&["publisher", "role", "key", "state"]);
                for key in host.publisher_keys().await? {
                    let state = match (&key.revoked_at, &key.retired_at) {
                        (Some(at), _) => format!("revoked {at}"),
                        (None, Some(at)) => format!("retired {at}"),
                        (None, None) => "signs".to_owned(),
                    };
                    table.row([&key.publisher, key.role.name(), &key.key, &state]);
                }
                print(&table.to_string())?;
            }
            Publisher::Retire { key, reason } => {
                host.retire_key(&key, reason).await?;
                print("it signs nothing new\n")?;
            }
            Publisher::Revoke { key, reason } => {
                let revoked = host.revoke_key(&key, reason).await?;
                print("nothing it signed counts\n")?;
                for one in &revoked {
                    super::plugin::tell_revoked(one)?;
                }
            }
        }
        Ok(Exit::Done)
    })
}
