//! Asks a running host. `PARATOPE_TOKEN` says who asks.

use anyhow::Context as _;
use serde_json::Value;

use super::super::Failure;
use crate::client::client;

/// Bytes of an answer, at most.
const MAX_ANSWER: u64 = 256 * 1024 * 1024;

fn agent() -> ureq::Agent {
    client().build().into()
}

/// What says who asks.
fn authorization() -> Option<String> {
    std::env::var("PARATOPE_TOKEN").ok().map(|token| format!("Bearer {token}"))
}

fn address(url: &str, path: &str) -> String {
    format!("{}{path}", url.trim_end_matches('/'))
}

/// What is at an address of a host.
pub(super) fn get(url: &str, path: &str) -> Result<Vec<u8>, Failure> {
    let mut request = agent().get(address(url, path));
    if let Some(authorization) = authorization() {
        request = request.header("authorization", authorization);
    }
    let mut response = request.call().with_context(|| format!("failed to reach `{url}`"))?;
    if !response.status().is_success() {
        return Err(refused(&response.body_mut().read_json().unwrap_or_default()));
    }
    let bytes = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
    Ok(bytes.context("the host's answer cannot be read")?)
}

/// Hands something to a host.
pub(super) fn post(url: &str, path: &str, kind: &str, bytes: &[u8]) -> Result<Value, Failure> {
    let mut request = agent().post(address(url, path)).header("content-type", kind);
    if let Some(authorization) = authorization() {
        request = request.header("authorization", authorization);
    }
    let mut response = request.send(bytes).with_context(|| format!("failed to reach `{url}`"))?;
    let answer: Value = response.body_mut().read_json().context("the host's answer cannot be read")?;
    if response.status().is_success() { Ok(answer) } else { Err(refused(&answer)) }
}

fn refused(problem: &Value) -> Failure {
    let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("it was refused");
    Failure::bad_input(anyhow::anyhow!("{detail}"))
}
