//! Who is let in. Every route has a rule; a route without one is closed.
//!
//! While no token was ever issued, the host serves programs on this machine only, and whoever started it answers for what
//! they do. From the first token on everyone shows one.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::guard;
use super::problem::{self, Problem};
use crate::access::{Caller, PREFIX, Role, hash};
use crate::host::Host;
use crate::oidc::{Oidc, Turned};
use crate::services::ServiceError;

/// Requests of one person in a second, over some time.
const RATE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// Requests of one person at once before the rate holds.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(399);

/// Requests of one person under way.
const UNDER_WAY: usize = 64;

/// People turned away in a second, over some time. More are turned away without being noted.
const REFUSALS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// Who may use a route.
#[derive(Debug, Clone, Copy)]
enum Who {
    /// Whoever reaches it.
    Anyone,
    /// Everyone with a token.
    Everyone,
    /// People with one of these roles. Handlers look whether a role of a site is for the site.
    These(&'static [Role]),
}

use Role::{Auditor, Platform, PolicyManager, SiteAdministrator, SiteClinician};
use Who::{Anyone, Everyone, These};

/// The rule of each route.
const RULES: &[(Method, &str, Who)] = &[
    (Method::GET, "/health/live", Anyone),
    (Method::GET, "/health/ready", Anyone),
    (Method::GET, "/openapi.json", Anyone),
    (Method::GET, "/metrics", These(&[Platform, Auditor])),
    (Method::POST, "/v1/clearances", These(&[SiteClinician])),
    (Method::GET, "/v1/clearances/{id}", These(&[SiteClinician, SiteAdministrator, Auditor])),
    (Method::POST, "/v1/plans", These(&[SiteClinician, PolicyManager])),
    (Method::GET, "/v1/determinations/{id}", These(&[SiteClinician, SiteAdministrator, Auditor])),
    (Method::POST, "/v1/determinations/{id}/replay", These(&[SiteClinician, SiteAdministrator, Auditor])),
    (Method::GET, "/v1/plugins", Everyone),
    (Method::POST, "/v1/plugins", These(&[Platform, PolicyManager])),
    (Method::GET, "/v1/plugins/{name}", Everyone),
    (Method::POST, "/v1/plugins/{name}/rollback", These(&[Platform])),
    (Method::PUT, "/v1/plugins/{name}/floor", These(&[Platform])),
    (Method::POST, "/v1/plugins/{name}/{function}", These(&[SiteClinician, Platform, PolicyManager])),
    (Method::GET, "/v1/products", Everyone),
    (Method::GET, "/v1/products/{id}", Everyone),
    (Method::GET, "/v1/payers", Everyone),
    (Method::GET, "/v1/payers/{id}", Everyone),
    (Method::GET, "/v1/sites", Everyone),
    (Method::GET, "/v1/sites/{id}", Everyone),
    (Method::PUT, "/v1/sites/{id}", These(&[Platform, SiteAdministrator])),
    (Method::GET, "/v1/sites/{id}/cases", These(&[SiteClinician, SiteAdministrator, Auditor])),
    (
        Method::GET,
        "/v1/sites/{id}/approvals",
        These(&[SiteClinician, SiteAdministrator, Platform, PolicyManager, Auditor]),
    ),
    (Method::POST, "/v1/sites/{id}/approvals", These(&[SiteAdministrator])),
    (Method::POST, "/v1/sites/{id}/approvals/{approval}/withdrawal", These(&[SiteAdministrator])),
    (Method::GET, "/v1/sites/{id}/preview", These(&[SiteClinician, SiteAdministrator, Auditor])),
    (Method::GET, "/v1/sites/{id}/break-glass", These(&[SiteClinician, SiteAdministrator, Auditor])),
    (Method::POST, "/v1/sites/{id}/break-glass", These(&[SiteClinician])),
    (Method::POST, "/v1/sites/{id}/break-glass/{override}/confirmation", These(&[SiteClinician, SiteAdministrator])),
    (Method::POST, "/v1/sites/{id}/break-glass/{override}/end", These(&[SiteClinician, SiteAdministrator])),
    (Method::POST, "/v1/sites/{id}/break-glass/{override}/review", These(&[SiteAdministrator])),
    (Method::GET, "/v1/releases", Everyone),
    (Method::POST, "/v1/releases", These(&[Platform, PolicyManager])),
    (Method::GET, "/v1/releases/{digest}", Everyone),
    (Method::GET, "/v1/releases/{digest}/archive", Everyone),
    (Method::POST, "/v1/releases/{digest}/revocation", These(&[Platform])),
    (Method::GET, "/v1/proposals", Everyone),
    (Method::POST, "/v1/proposals", These(&[Platform, PolicyManager])),
    (Method::GET, "/v1/proposals/{id}", Everyone),
    (Method::POST, "/v1/proposals/{id}/confirmation", These(&[Platform, PolicyManager])),
    (Method::POST, "/v1/proposals/{id}/rejection", These(&[Platform, PolicyManager])),
    (Method::GET, "/v1/shadows", Everyone),
    (Method::POST, "/v1/shadows", These(&[Platform, PolicyManager])),
    (Method::GET, "/v1/shadows/{id}", Everyone),
    (Method::POST, "/v1/shadows/{id}/end", These(&[Platform, PolicyManager])),
    (Method::GET, "/v1/publishers/keys", Everyone),
    (Method::POST, "/v1/publishers/keys", These(&[Platform])),
    (Method::POST, "/v1/publishers/keys/{key}/retirement", These(&[Platform])),
    (Method::POST, "/v1/publishers/keys/{key}/revocation", These(&[Platform])),
    (Method::GET, "/v1/rules", Everyone),
    (Method::PUT, "/v1/rules", These(&[Platform])),
    (Method::GET, "/v1/tokens", These(&[Platform, Auditor])),
    (Method::POST, "/v1/tokens", These(&[Platform])),
    (Method::POST, "/v1/tokens/{id}/revocation", These(&[Platform])),
    (Method::GET, "/v1/audit", These(&[Platform, Auditor])),
];

fn rule(method: &Method, route: &str) -> Option<Who> {
    // Whoever may read may ask for the head alone.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    RULES.iter().find(|(known, path, _)| known == method && *path == route).map(|(.., who)| *who)
}

/// What the door knows.
pub(super) struct Door {
    host: Host,
    /// Who vouches for people without a token of this host.
    oidc: Option<Oidc>,
    rates: DefaultKeyedRateLimiter<String>,
    refusals: DefaultDirectRateLimiter,
    under_way: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Door {
    /// The door of a host.
    pub(super) fn new(host: Host, oidc: Option<Oidc>) -> Self {
        Self {
            host,
            oidc,
            rates: RateLimiter::keyed(Quota::per_second(RATE).allow_burst(BURST)),
            refusals: RateLimiter::direct(Quota::per_second(REFUSALS)),
            under_way: Mutex::default(),
        }
    }

    fn is_open(&self) -> bool {
        self.oidc.is_none() && !self.host.agreed().has_tokens()
    }

    /// Who shows this token.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(secret) = shown.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err(unauthorized("show a token: `Authorization: Bearer ...`"));
        };
        if let Some(oidc) = self.oidc.as_ref().filter(|_| !secret.starts_with(PREFIX)) {
            return match oidc.caller(secret).await {
                Ok(caller) => Ok(caller),
                Err(Turned::Away(why)) => Err(self.turn_away(why).await?),
                Err(Turned::Unreachable) => Err(problem::unavailable("the OpenID provider does not answer")),
            };
        }
        let hash = hash(secret);
        let token = match self.host.agreed().token(&hash) {
            Some(token) => Some(token.clone()),
            // It may have been issued a moment ago, on another host.
            None => self.host.store().token(&hash).await.map_err(ServiceError::from)?,
        };
        let refused = token.as_ref().map_or(Some("unknown-token"), |token| token.refused(self.host.now()));
        match (token, refused) {
            (Some(token), None) => Ok(Caller::of(&token)),
            (_, why) => Err(self.turn_away(why.unwrap_or("unknown-token")).await?),
        }
    }

    /// Notes that somebody was not let in.
    async fn turn_away(&self, why: &str) -> Result<Problem, Problem> {
        if self.refusals.check().is_ok() {
            let noted = self.host.store().note("unknown", "login.failed", why, json!({}), self.host.now());
            noted.await.map_err(ServiceError::from)?;
        }
        Ok(unauthorized("the token opens nothing: it is unknown, expired or revoked"))
    }

    /// Lets a person do so much at once and no more.
    fn room(&self, caller: &Caller) -> Result<OwnedSemaphorePermit, Problem> {
        let busy = |detail| Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too much at once", detail);
        if self.rates.check_key(&caller.name).is_err() {
            return Err(busy(format!("more than {RATE} requests a second")));
        }
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let own = under_way.entry(caller.name.clone()).or_insert_with(|| Arc::new(Semaphore::new(UNDER_WAY)));
        Arc::clone(own).try_acquire_owned().map_err(|_| busy(format!("more than {UNDER_WAY} requests under way")))
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Who asks is not known", detail)
}

/// Lets a request in, or says why not.
pub(super) async fn let_in(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(route) = parts.extensions.get::<MatchedPath>().cloned() else {
        // There is nothing at this address, whoever asks.
        return problem::no_route(parts.uri).await.into_response();
    };
    match look(&door, &parts, route.as_str()).await {
        Ok((caller, _room)) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who asks, and their room among the requests under way.
async fn look(door: &Door, parts: &Parts, route: &str) -> Result<(Caller, Option<OwnedSemaphorePermit>), Problem> {
    let who = rule(&parts.method, route).ok_or_else(|| {
        if RULES.iter().any(|(_, known, _)| *known == route) {
            problem::no_method(&parts.method)
        } else {
            forbidden("the route has no rule")
        }
    })?;
    if door.is_open() {
        guard::this_machine_only(&parts.uri, &parts.headers)?;
        return Ok((door.host.caller().clone(), None));
    }
    if matches!(who, Anyone) {
        return Ok((Caller::nobody(), None));
    }
    let caller = door.caller(&parts.headers).await?;
    let room = door.room(&caller)?;
    match who {
        These(roles) if !caller.is_any(roles) => Err(forbidden("your role may not do this")),
        _ => Ok((caller, Some(room))),
    }
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", "You may not do this", detail)
}

/// The host, acting for whoever was let in.
pub(super) struct Acting(pub(super) Host);

impl Acting {
    /// The host, when the caller's role is for this site.
    pub(super) fn at(self, site: &str) -> Result<Host, Problem> {
        if self.0.caller().is_at(site) { Ok(self.0) } else { Err(forbidden("your role is for other sites")) }
    }
}

impl FromRequestParts<Host> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, host: &Host) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().ok_or_else(|| forbidden("nobody looked who asks"))?;
        Ok(Self(host.acting_for(caller.clone())))
    }
}
