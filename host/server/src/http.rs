//! The HTTP API. One route, one file; what goes wrong is a `problem`.
//!
//! `access` says who is let in where. While no token was issued it serves this machine only ([`serve_on`] refuses other
//! addresses, `guard` other names and pages of other origins).

mod access;
mod audit;
mod body;
mod clearances;
mod determinations;
mod guard;
mod health;
mod idempotency;
mod openapi;
mod payers;
mod plans;
mod plugins;
mod problem;
mod products;
mod proposals;
mod publishers;
mod releases;
mod rules;
mod shadows;
mod sites;
mod tokens;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::http::{HeaderValue, Method, header};
use axum::{Router, middleware};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::host::Host;
use crate::oidc::Oidc;

/// How long a request may take in all.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The API of a host.
pub fn router(host: Host, oidc: Option<Oidc>) -> Router {
    let (router, document) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(clearances::post::handler))
        .routes(routes!(clearances::get::handler))
        .routes(routes!(plans::post::handler))
        .routes(routes!(plugins::list::handler))
        .routes(routes!(plugins::load::handler))
        .routes(routes!(plugins::get::handler))
        .routes(routes!(plugins::lifecycle::rollback))
        .routes(routes!(plugins::lifecycle::floor))
        .routes(routes!(plugins::call::handler))
        .routes(routes!(products::list::handler))
        .routes(routes!(products::get::handler))
        .routes(routes!(payers::list::handler))
        .routes(routes!(payers::get::handler))
        .routes(routes!(sites::list::handler))
        .routes(routes!(sites::get::handler))
        .routes(routes!(sites::put::handler))
        .routes(routes!(sites::approvals::list, sites::approvals::approve))
        .routes(routes!(sites::approvals::withdraw))
        .routes(routes!(sites::approvals::cases))
        .routes(routes!(sites::approvals::preview))
        .routes(routes!(sites::break_glass::list, sites::break_glass::ask))
        .routes(routes!(sites::break_glass::confirm))
        .routes(routes!(sites::break_glass::end))
        .routes(routes!(sites::break_glass::review))
        .routes(routes!(releases::list, releases::publish))
        .routes(routes!(releases::get))
        .routes(routes!(releases::archive))
        .routes(routes!(releases::revoke))
        .routes(routes!(proposals::list, proposals::propose))
        .routes(routes!(proposals::get))
        .routes(routes!(proposals::confirm))
        .routes(routes!(proposals::reject))
        .routes(routes!(shadows::list, shadows::start))
        .routes(routes!(shadows::report))
        .routes(routes!(shadows::end))
        .routes(routes!(publishers::list, publishers::enrol))
        .routes(routes!(publishers::retire))
        .routes(routes!(publishers::revoke))
        .routes(routes!(rules::get, rules::put))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::revoke))
        .routes(routes!(determinations::get::handler))
        .routes(routes!(determinations::replay::handler))
        .routes(routes!(audit::handler))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .split_for_parts();
    let document = openapi::complete(&document);
    router
        .route("/openapi.json", axum::routing::get(async move || axum::Json(document)))
        .fallback(problem::no_route)
        .method_not_allowed_fallback(async |method: Method| problem::no_method(&method))
        .layer(middleware::from_fn_with_state(host.clone(), idempotency::once))
        .layer(middleware::from_fn_with_state(Arc::new(access::Door::new(host.clone(), oidc)), access::let_in))
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
    /// Others could reach it, and nobody has to show a token.
    #[error(
        "{0} can be reached by other machines, and no token was issued yet: anyone could read and change clearances. \
         Issue one first with `paratope token issue`, or listen on 127.0.0.1 or [::1]"
    )]
    Open(IpAddr),
}

/// Reads an address to listen on.
pub fn address(text: &str) -> Result<SocketAddr, AddressError> {
    let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| AddressError::Malformed(text.clone()))
}

/// Refuses an address that others reach while nobody has to show a token.
pub async fn check_address(host: &Host, address: SocketAddr) -> anyhow::Result<()> {
    if !address.ip().is_loopback() && !host.store().has_tokens().await? {
        return Err(AddressError::Open(address.ip()).into());
    }
    Ok(())
}

/// Serves the API until the process is told to stop; requests under way are finished.
pub async fn serve_on(
    host: Host,
    oidc: Option<Oidc>,
    address: SocketAddr,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("failed to listen on {address}"))?;
    let address = listener.local_addr().context("failed to listen")?;
    let following = tokio::spawn(host.clone().follow());
    ready(address);
    let served = axum::serve(listener, router(host, oidc)).with_graceful_shutdown(stopped()).await;
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
    fn addresses_are_read() {
        for good in ["127.0.0.1:8080", "[::1]:0", "localhost:80", "0.0.0.0:8080", "[2001:db8::1]:80"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["", "8080", "example.com:80", "127.0.0.1"] {
            assert!(matches!(address(bad), Err(AddressError::Malformed(_))), "{bad}");
        }
    }
}
