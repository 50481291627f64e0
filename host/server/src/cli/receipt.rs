//! `paratope receipt ID`: a signed statement of a determination, and how to check one.

use std::path::PathBuf;

use clap::Args;

use super::app::{App, bytes, print, print_json};
use super::{Exit, Failure, Outcome};
use crate::clock::DeterminationId;
use crate::keys::SigningKey;
use crate::receipt::{KEY_FILE, Receipt as Signed};

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub(super) struct Receipt {
    /// The determination to give a receipt for: JSON, a DSSE envelope. It holds nothing about the patient.
    #[arg(group = "what")]
    id: Option<String>,
    /// Check a receipt, without the host, and print what it states; `-` is standard input.
    #[arg(long, group = "what", requires = "key", value_name = "FILE")]
    verify: Option<PathBuf>,
    /// The public key of the host that gave the receipt.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Print the public key of this host.
    #[arg(long, group = "what")]
    public_key: bool,
}

pub(super) fn run(app: &App, command: &Receipt) -> Outcome {
    if let (Some(file), Some(key)) = (&command.verify, &command.key) {
        return match Signed::verify(&bytes(file).map_err(Failure::bad_input)?, key) {
            Ok(receipt) => {
                print_json(&receipt)?;
                Ok(Exit::Done)
            }
            Err(error) => Err(error.context(format!("`{}` is not to be trusted", file.display())).into()),
        };
    }
    let data = app.data()?;
    let id: Option<DeterminationId> = command.id.as_deref().map(str::parse).transpose().map_err(Failure::bad_input)?;
    app.with_host(async |host| {
        let key = SigningKey::open(&data.join(KEY_FILE))?;
        match id {
            None => print(&format!("{}\n", key.public()))?,
            Some(id) => {
                let receipt = Signed::of(&host.recorded(id).await?)?;
                print(&format!("{}\n", String::from_utf8_lossy(&receipt.signed(&key)?)))?;
            }
        }
        Ok(Exit::Done)
    })
}
