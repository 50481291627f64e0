//! `paratope serve`: the HTTP API.

use std::net::SocketAddr;

use clap::Args;

use super::app::{App, print, runtime};
use super::{Exit, Failure, Outcome};
use crate::host::Host;
use crate::http;
use crate::oidc::{Oidc, OidcSettings};
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen. Other machines are served once a token was issued. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
    #[command(flatten)]
    oidc: OidcOptions,
}

/// People whom an OpenID provider vouches for, beside those with a token of this host.
#[derive(Debug, Args)]
struct OidcOptions {
    /// The OpenID provider that vouches for people, such as https://login.example/realm.
    #[arg(long, env = "PARATOPE_OIDC_ISSUER", value_name = "URL", requires = "audience")]
    oidc_issuer: Option<String>,
    /// For whom its tokens are issued.
    #[arg(id = "audience", long = "oidc-audience", env = "PARATOPE_OIDC_AUDIENCE", value_name = "AUDIENCE")]
    audience: Option<String>,
    /// The claim with the name that events tell of a person.
    #[arg(long, env = "PARATOPE_OIDC_PERSON_CLAIM", default_value = "sub", value_name = "CLAIM")]
    oidc_person_claim: String,
    /// The claim with the role: a text, or a list of which one is a role.
    #[arg(long, env = "PARATOPE_OIDC_ROLE_CLAIM", default_value = "paratope_role", value_name = "CLAIM")]
    oidc_role_claim: String,
    /// The claim with the sites, for the roles of a site.
    #[arg(long, env = "PARATOPE_OIDC_SITES_CLAIM", default_value = "paratope_sites", value_name = "CLAIM")]
    oidc_sites_claim: String,
}

impl OidcOptions {
    fn provider(&self) -> anyhow::Result<Option<Oidc>> {
        let (Some(issuer), Some(audience)) = (&self.oidc_issuer, &self.audience) else { return Ok(None) };
        let settings = OidcSettings {
            issuer: issuer.clone(),
            audience: audience.clone(),
            person_claim: self.oidc_person_claim.clone(),
            role_claim: self.oidc_role_claim.clone(),
            sites_claim: self.oidc_sites_claim.clone(),
        };
        Oidc::new(settings).map(Some)
    }
}

pub(super) fn run(app: &App, command: &Serve) -> Outcome {
    let address = http::address(&command.listen).map_err(Failure::bad_input)?;
    let oidc = command.oidc.provider().map_err(Failure::bad_input)?;
    let _telemetry = telemetry::start("info");
    let data = app.data()?;
    runtime()?.block_on(async {
        let host = app.open(data).await?;
        if oidc.is_none() {
            http::check_address(&host, address).await.map_err(Failure::bad_input)?;
        }
        serve(host, oidc, address).await
    })
}

/// Serves until the process is told to stop.
pub(super) async fn serve(host: Host, oidc: Option<Oidc>, address: SocketAddr) -> Outcome {
    let plugins = host.plugins();
    for trouble in &plugins.troubles {
        eprintln!("{}: not loaded: {}", trouble.name, crate::terminal::safe_lines(&trouble.why));
    }
    let count = plugins.plugins.len();
    let ready = |address: SocketAddr| {
        let told = format!(
            "listening on http://{address} with {count} plugins; http://{address}/openapi.json says how to ask\n"
        );
        // Whoever started it may not be reading.
        let _ = print(&told);
    };
    http::serve_on(host, oidc, address, ready).await?;
    Ok(Exit::Done)
}
