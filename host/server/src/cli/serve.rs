//! `paratope serve`: the HTTP API.

use std::net::SocketAddr;

use clap::Args;

use super::app::{App, logs, print, runtime};
use super::{Exit, Failure, Outcome};
use crate::host::Host;
use crate::http;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen. Other machines are served once a token was issued. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
}

pub(super) fn run(app: &App, command: &Serve) -> Outcome {
    let address = http::address(&command.listen).map_err(Failure::bad_input)?;
    logs("info");
    let data = app.data()?;
    runtime()?.block_on(async {
        let host = app.open(data).await?;
        http::check_address(&host, address).await.map_err(Failure::bad_input)?;
        serve(host, address).await
    })
}

/// Serves until the process is told to stop.
pub(super) async fn serve(host: Host, address: SocketAddr) -> Outcome {
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
    http::serve_on(host, address, ready).await?;
    Ok(Exit::Done)
}
