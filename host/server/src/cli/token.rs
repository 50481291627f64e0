//! `paratope token ...`: who may ask over HTTP.

use clap::Subcommand;

use super::app::{App, print, print_json};
use super::{Exit, Failure, Outcome};
use crate::access::{NewToken, Role};
use crate::terminal::{Table, safe};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Issues a token and prints it, this once. From the first on, everyone who asks over HTTP must show one.
    Issue {
        /// Whose it is: a name that events will tell.
        person: String,
        /// platform, policy-manager, site-clinician, site-administrator or auditor.
        #[arg(long)]
        role: Role,
        /// A site, for the roles of a site. May be given more than once.
        #[arg(long = "site", value_name = "SITE")]
        sites: Vec<String>,
        /// For how many days it opens.
        #[arg(long, default_value_t = 90)]
        days: u16,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the tokens, without their secrets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lets a token open nothing any more.
    Revoke {
        /// Its id, as `token list` shows it.
        id: String,
    },
}

pub(super) fn run(app: &App, command: Token) -> Outcome {
    app.with_host(async |host| {
        match command {
            Token::Issue { person, role, sites, days, json } => {
                let asked = NewToken { person, role, sites: sites.into_iter().collect(), days };
                let issued = host.issue(asked).await.map_err(Failure::bad_input)?;
                if json {
                    print_json(&issued)?;
                } else {
                    eprintln!("{}, {} until {}", issued.token.id, role.name(), issued.token.expires_at);
                    print(&format!("{}\n", issued.secret))?;
                }
            }
            Token::List { json: true } => print_json(&host.tokens().await?)?,
            Token::List { json: false } => {
                let mut table = Table::new(&["id", "person", "role", "sites", "until", "revoked"]);
                for token in host.tokens().await? {
                    let sites: Vec<_> = token.sites.into_iter().collect();
                    let revoked = token.revoked_at.unwrap_or_default();
                    table.row([
                        &token.id,
                        &token.person,
                        token.role.name(),
                        &sites.join(", "),
                        &token.expires_at,
                        &revoked,
                    ]);
                }
                print(&table.to_string())?;
            }
            Token::Revoke { id } => {
                host.revoke_token(&id).await?;
                print(&format!("{} opens nothing any more\n", safe(&id)))?;
            }
        }
        Ok(Exit::Done)
    })
}
