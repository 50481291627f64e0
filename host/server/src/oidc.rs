//! People whom an OpenID provider vouches for: they show a JWT that it signed, and the keys it publishes are what counts.
//!
//! A token is good for the audience it was issued for. Its claims say who someone is, in which role, and for which sites.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::access::{Caller, Role};
use crate::client::client;
use crate::clock::Stopwatch;

/// Algorithms that count: those where only the provider can sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the provider's clock may be off.
const LEEWAY_SECONDS: u64 = 30;

/// After how long the provider's keys are asked for again: a key it withdrew counts no longer than that.
const FRESH: Duration = Duration::from_secs(600);

/// How long known keys count while the provider does not answer.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// How often at most the provider is asked.
const PAUSE: Duration = Duration::from_secs(2);

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of its answer, at most.
const MAX_ANSWER: u64 = 1024 * 1024;

/// Which provider vouches, and how its tokens tell who someone is.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider: the address it calls itself.
    pub issuer: String,
    /// For whom its tokens are issued.
    pub audience: String,
    /// The claim that holds the name events tell of the person.
    pub person_claim: String,
    /// The claim that holds the role. Others than the host's own are passed over.
    pub role_claim: String,
    /// The claim that holds the sites.
    pub sites_claim: String,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// The provider does not answer, and its keys are not known.
    Unreachable,
    /// The token opens nothing, for this reason.
    Away(&'static str),
}

/// A provider, and the keys it published.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    known: Mutex<Known>,
    /// Held while the provider is asked.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default, Clone)]
struct Known {
    keys: Option<(Arc<JwkSet>, Stopwatch)>,
    asked: Option<Stopwatch>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Oidc {
    /// A provider. It is asked when the first person comes.
    ///
    /// # Errors
    /// Its address is none, or others could read and change what comes from there.
    pub fn new(settings: OidcSettings) -> anyhow::Result<Self> {
        trusted(&settings.issuer).context("the OpenID provider cannot be used")?;
        Ok(Self { settings, known: Mutex::default(), asking: tokio::sync::Mutex::default() })
    }

    /// Who shows this token.
    pub async fn caller(&self, token: &str) -> Result<Caller, Turned> {
        let header = decode_header(token).map_err(|_| Turned::Away("malformed-jwt"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Turned::Away("jwt-algorithm"));
        }
        let kid = header.kid.ok_or(Turned::Away("jwt-without-key-id"))?;
        let jwk = self.key(&kid).await?;
        let is_for_signing = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
        let named = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string());
        let is_its = named.is_none_or(|named| named == format!("{:?}", header.alg));
        if !is_for_signing || !is_its {
            return Err(Turned::Away("jwt-algorithm"));
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| Turned::Away("jwt-key"))?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let claims = decode::<Map<String, Value>>(token, &key, &validation).map_err(|error| {
            use jsonwebtoken::errors::ErrorKind;
            Turned::Away(match error.kind() {
                ErrorKind::ExpiredSignature => "expired-jwt",
                ErrorKind::ImmatureSignature => "jwt-of-later",
                ErrorKind::InvalidAudience => "jwt-for-others",
                ErrorKind::InvalidIssuer => "jwt-of-another-issuer",
                ErrorKind::InvalidSignature => "jwt-signature",
                _ => "malformed-jwt",
            })
        })?;
        self.read(&claims.claims)
    }

    /// Who the claims say it is.
    fn read(&self, claims: &Map<String, Value>) -> Result<Caller, Turned> {
        let person = claims.get(&self.settings.person_claim).and_then(Value::as_str).unwrap_or_default();
        if !crate::access::is_person(person) {
            return Err(Turned::Away("jwt-without-person"));
        }
        let roles: BTreeSet<Role> =
            words(claims.get(&self.settings.role_claim)).filter_map(|word| word.parse().ok()).collect();
        let role = match roles.len() {
            1 => roles.into_iter().next().ok_or(Turned::Away("jwt-without-role"))?,
            0 => return Err(Turned::Away("jwt-without-role")),
            // Whoever is several people to the host must say which one they come as.
            _ => return Err(Turned::Away("jwt-with-several-roles")),
        };
        let sites: BTreeSet<String> =
            words(claims.get(&self.settings.sites_claim)).map(str::to_owned).filter(|_| role.is_of_sites()).collect();
        if role.is_of_sites() && sites.is_empty() {
            return Err(Turned::Away("jwt-without-site"));
        }
        Ok(Caller::vouched_for(person, role, sites))
    }

    /// The key of this id.
    async fn key(&self, kid: &str) -> Result<Jwk, Turned> {
        if let Some(key) = self.known_key(kid, FRESH) {
            return Ok(key);
        }
        let _asking = self.asking.lock().await;
        // Another may have asked meanwhile.
        if let Some(key) = self.known_key(kid, FRESH) {
            return Ok(key);
        }
        let may_ask = self.known().asked.is_none_or(|asked| asked.elapsed() >= PAUSE);
        if may_ask {
            self.ask().await;
        }
        if let Some(key) = self.known_key(kid, STALE) {
            return Ok(key);
        }
        let knows = self.known().keys.is_some_and(|(_, since)| since.elapsed() < FRESH);
        Err(if knows { Turned::Away("jwt-of-unknown-key") } else { Turned::Unreachable })
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn known_key(&self, kid: &str, younger_than: Duration) -> Option<Jwk> {
        let (keys, since) = self.known().keys?;
        (since.elapsed() < younger_than).then(|| keys.find(kid).cloned()).flatten()
    }

    /// Asks the provider for its keys.
    async fn ask(&self) {
        let issuer = self.settings.issuer.clone();
        let asked = tokio::task::spawn_blocking(move || keys_of(&issuer)).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.asked = Some(Stopwatch::start());
        match asked.map_err(anyhow::Error::from).and_then(|keys| keys) {
            Ok(keys) => known.keys = Some((Arc::new(keys), Stopwatch::start())),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the OpenID provider does not answer"),
        }
    }
}

/// The words of a claim: a text of words, or a list of texts.
fn words(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = claim.and_then(Value::as_str).unwrap_or_default().split_whitespace();
    let many = claim.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    one.chain(many.iter().filter_map(Value::as_str))
}

/// An address where nobody on the way can read or change what is said: HTTPS, or this machine.
fn trusted(text: &str) -> anyhow::Result<Url> {
    let url: Url = text.parse().with_context(|| format!("`{text}` is no address"))?;
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    anyhow::ensure!(url.scheme() == "https" || (url.scheme() == "http" && is_local), "`{text}` is not https");
    Ok(url)
}

/// The keys that a provider publishes, found the way OpenID Connect Discovery 1.0 says.
fn keys_of(issuer: &str) -> anyhow::Result<JwkSet> {
    let agent: ureq::Agent = client().timeout_global(Some(PATIENCE)).max_redirects(0).build().into();
    let get = |url: &str| -> anyhow::Result<Vec<u8>> {
        let mut answer = agent.get(url).call().with_context(|| format!("failed to read {url}"))?;
        anyhow::ensure!(answer.status().as_u16() == 200, "{url} answered {}", answer.status());
        Ok(answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?)
    };
    let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let found: Discovery = serde_json::from_slice(&get(&discovery)?).context("its discovery cannot be read")?;
    anyhow::ensure!(found.issuer == issuer, "it calls itself {}, and it was told as {issuer}", found.issuer);
    trusted(&found.jwks_uri)?;
    serde_json::from_slice(&get(&found.jwks_uri)?).context("its keys cannot be read")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn oidc() -> Oidc {
        Oidc::new(OidcSettings {
            issuer: "https://login.example".to_owned(),
            audience: "paratope".to_owned(),
            person_claim: "sub".to_owned(),
            role_claim: "role".to_owned(),
            sites_claim: "sites".to_owned(),
        })
        .unwrap()
    }

    fn read(claims: Value) -> Result<Caller, Turned> {
        oidc().read(claims.as_object().unwrap())
    }

    #[test]
    fn claims_say_who_someone_is() {
        let one = read(json!({ "sub": "r.okafor", "role": "site-clinician", "sites": ["riverbend"] })).unwrap();
        assert!(one.is_any(&[Role::SiteClinician]) && one.is_at("riverbend") && !one.is_at("northgate"));
        let listed = json!({ "sub": "a", "role": ["staff", "auditor"], "sites": "riverbend" });
        assert!(read(listed).unwrap().is_any(&[Role::Auditor]));
        for (claims, why) in [
            (json!({ "role": "auditor" }), "jwt-without-person"),
            (json!({ "sub": "a\u{1b}", "role": "auditor" }), "jwt-without-person"),
            (json!({ "sub": "a", "role": "staff" }), "jwt-without-role"),
            (json!({ "sub": "a" }), "jwt-without-role"),
            (json!({ "sub": "a", "role": "auditor platform" }), "jwt-with-several-roles"),
            (json!({ "sub": "a", "role": "site-clinician" }), "jwt-without-site"),
        ] {
            assert_eq!(read(claims).unwrap_err(), Turned::Away(why));
        }
    }

    #[test]
    fn a_provider_is_reached_by_https_or_on_this_machine() {
        for good in ["https://login.example/realm", "http://localhost:9000", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(trusted(good).is_ok(), "{good}");
        }
        for bad in ["", "login.example", "http://login.example", "http://localhost.example", "file:///etc/passwd"] {
            assert!(trusted(bad).is_err(), "{bad}");
        }
    }
}
