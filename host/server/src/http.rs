//! The HTTP API. One route, one file; what goes wrong is a `problem`.
//!
//! There is no access control yet, so it serves this machine only ([`serve_on`] refuses other addresses, `guard`
//! other names and pages of other origins).

mod audit;
mod body;
mod clearances;
mod determinations;
mod guard;
mod health;
mod openapi;
mod payers;
mod plans;
mod plugins;
mod problem;
mod products;
mod sites;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use axum::http::{HeaderValue, header};
use axum::{Router, middleware};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::host::Host;

/// How long a request may take in all.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The API of a host.
pub fn router(host: Host) -> Router {
    let (router, document) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(clearances::post::handler))
        .routes(routes!(clearances::get::handler))
        .routes(routes!(plans::post::handler))
        .routes(routes!(plugins::list::handler))
        .routes(routes!(plugins::load::handler))
        .routes(routes!(plugins::get::handler))
        .routes(routes!(plugins::call::handler))
        .routes(routes!(products::list::handler))
        .routes(routes!(products::get::handler))
        .routes(routes!(payers::list::handler))
        .routes(routes!(payers::get::handler))
        .routes(routes!(sites::list::handler))
        .routes(routes!(sites::get::handler))
        .routes(routes!(sites::put::handler))
        .routes(routes!(determinations::get::handler))
        .routes(routes!(determinations::replay::handler))
        .routes(routes!(audit::handler))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts();
    let document = openapi::complete(&document);
    router
        .route("/openapi.json", axum::routing::get(async move || axum::Json(document)))
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(middleware::from_fn(guard::this_machine_only))
        .layer(middleware::from_fn_with_state(host.clone(), watch::watch))
        // What a plugin says is data, whatever it looks like.
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .with_state(host)
}

fn fixed(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Why an address is refused.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is no address.
    #[error("`{0}` is no address; an address is a host and a port, such as 127.0.0.1:8080")]
    Malformed(String),
    /// Others could reach it.
    #[error(
        "{0} can be reached by other machines, and there is no access control yet: anyone could read and change \
         clearances. Listen on 127.0.0.1 or [::1], and reach it through an ssh tunnel"
    )]
    Open(IpAddr),
}

/// Reads an address that only this machine reaches.
pub fn loopback(text: &str) -> Result<SocketAddr, AddressError> {
    let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = text.parse().map_err(|_| AddressError::Malformed(text.clone()))?;
    if address.ip().is_loopback() { Ok(address) } else { Err(AddressError::Open(address.ip())) }
}

/// Serves the API until the process is told to stop; requests under way are finished.
pub async fn serve_on(host: Host, address: SocketAddr, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("failed to listen on {address}"))?;
    let address = listener.local_addr().context("failed to listen")?;
    let following = tokio::spawn(host.clone().follow());
    ready(address);
    let served = axum::serve(listener, router(host)).with_graceful_shutdown(stopped()).await;
    following.abort();
    served.context("failed to serve")
}

async fn stopped() {
    let interrupted = async {
        // Without the signal the other one still works.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! { () = interrupted => {}, () = terminated => {} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_served() {
        for good in ["127.0.0.1:8080", "[::1]:0", "localhost:80", "127.3.2.1:9"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for open in ["0.0.0.0:8080", "192.168.0.1:80", "[::]:80", "[2001:db8::1]:80"] {
            assert!(matches!(loopback(open), Err(AddressError::Open(_))), "{open}");
        }
        for bad in ["", "8080", "example.com:80", "127.0.0.1"] {
            assert!(matches!(loopback(bad), Err(AddressError::Malformed(_))), "{bad}");
        }
    }
}
