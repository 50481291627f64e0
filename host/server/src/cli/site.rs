//! `paratope site ...`: the places that give doses.

use std::path::PathBuf;

use clap::Subcommand;

use super::app::{App, print, print_json, read};
use super::{Exit, Outcome};
use crate::terminal::{Table, safe};

#[derive(Debug, Subcommand)]
pub(super) enum Site {
    /// Lists the sites.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows one site's profile, as JSON.
    Show {
        /// Its id.
        id: String,
    },
    /// Keeps a site's profile, in place of the one before.
    Add {
        /// A profile, JSON or TOML; `-` is standard input.
        file: PathBuf,
        /// Print the profile as it was kept, as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(app: &App, command: &Site) -> Outcome {
    match command {
        Site::List { json } => app.with_host(async |host| {
            let sites = host.sites().await?;
            if *json {
                print_json(&sites)?;
                return Ok(Exit::Done);
            }
            let told = |flag: Option<bool>| match flag {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not told",
            };
            let mut table = Table::new(&["id", "name", "step-up", "maintenance", "settings"]);
            for site in &sites {
                let settings = site.settings.join(", ");
                table.row([&site.id, &site.name, told(site.step_up), told(site.maintenance), &settings]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Site::Show { id } => app.with_host(async |host| {
            print_json(&host.site(id).await?)?;
            Ok(Exit::Done)
        }),
        Site::Add { file, json } => {
            let site: paratope_domain::Site = read(file)?;
            app.with_host(async |host| {
                let is_new = host.put_site(&site).await?;
                if *json {
                    print_json(&site)?;
                } else {
                    print(&format!("{} {}\n", safe(&site.id), if is_new { "added" } else { "replaced" }))?;
                }
                Ok(Exit::Done)
            })
        }
    }
}
