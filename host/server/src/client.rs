//! The HTTP client of what this program asks of others: providers, collectors, other hosts.

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// A client that trusts whom this machine trusts, and hands on every status as an answer.
pub(crate) fn client() -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder().tls_config(tls).http_status_as_error(false)
}
