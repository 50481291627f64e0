//! Keeps web pages out while nobody has to show a token. Whoever can reach the loopback may ask anything then, and a browser
//! on this machine can be made to by any page it shows: such a request names another host, or comes from another origin.

use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::problem::Problem;

/// Refuses requests that are not for this machine, from this machine.
pub(super) fn this_machine_only(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if is_ours(uri, headers) {
        return Ok(());
    }
    let detail = "this host serves programs on this machine: the request names another host or comes from a web page";
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "not-this-machine", "Not for this host", detail))
}

fn is_ours(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default()).or_else(|| uri.host());
    let named_well = host.is_none_or(is_loopback);
    let from_here = headers.get(header::ORIGIN).is_none_or(|origin| {
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(|(_, host)| is_loopback(host))
    });
    named_well && from_here
}

/// Whether a host, with or without port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_known() {
        for ours in ["localhost", "localhost:8080", "127.0.0.1:80", "127.0.0.1", "[::1]:8080", "[::1]"] {
            assert!(is_loopback(ours), "{ours}");
        }
        for other in ["example.com", "localhost.example.com:80", "192.168.1.1:80", "127.0.0.1.nip.io", "", "null"] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
