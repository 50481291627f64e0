//! Recording: a determination is told in a session, written, and only then answered.

use serde::Serialize;
use serde_json::value::RawValue;
use tracing::Instrument as _;

use super::{PluginRef, ServiceError};
use crate::clock::DeterminationId;
use crate::host::Host;
use crate::session::Session;
use crate::store::{About, Call, DeterminationKind, Draft};

/// A recorded determination.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Determined {
    /// Its id. `paratope replay ID` runs it again.
    pub id: DeterminationId,
    /// What it is.
    pub kind: DeterminationKind,
    /// When it was recorded.
    pub recorded_at: String,
    /// The plugins that took part, in order of their first call.
    pub plugins: Vec<PluginRef>,
    /// What was answered.
    pub answer: Box<RawValue>,
}

impl Host {
    /// Tells `story` where the plugins named may be called, records what was asked, called and answered, and returns the answer.
    ///
    /// The story is pure but for the session: told again from the record, it gives the same answer. `about`: the case it
    /// settles, at a site that must have approved the plugins.
    pub async fn determine<Q, A>(
        &self,
        kind: DeterminationKind,
        plugins: &[&str],
        about: Option<About>,
        asked: Q,
        story: impl FnOnce(&mut Session, &Q) -> Result<A, ServiceError> + Send + 'static,
    ) -> Result<(Determined, A), ServiceError>
    where
        Q: Serialize + Send + 'static,
        A: Serialize + Send + 'static,
    {
        let host = self.clone();
        let site = about.as_ref().map(|about| about.site.clone());
        let told = self.with_session(plugins, site.as_deref(), move |mut session| {
            let answer = story(&mut session, &asked)?;
            // A failure that may pass is not what the rules say.
            if let Some(passing) = session.passing() {
                return Err(ServiceError::Ask(passing));
            }
            let request = serde_json::value::to_raw_value(&asked).map_err(internal)?;
            let json = serde_json::value::to_raw_value(&answer).map_err(internal)?;
            let calls = session.into_calls();
            let plugins = plugins_of(&calls);
            let now = host.now();
            let id = host.next_id(now);
            let actor = host.actor().to_owned();
            let draft = Draft { id, kind, actor, about, recorded_at: now, request, calls, answer: json.clone() };
            let sealed = host.store().seal(draft)?;
            Ok((sealed, Determined { id, kind, recorded_at: now.to_string(), plugins, answer: json }, answer))
        });
        let (sealed, determined, answer) = told.await??;
        self.store().record(sealed).instrument(tracing::info_span!("record")).await?;
        tracing::info!(id = %determined.id, kind = kind.name(), "recorded");
        Ok((determined, answer))
    }
}

/// The plugins of some calls, each once.
pub fn plugins_of(calls: &[Call]) -> Vec<PluginRef> {
    let mut plugins: Vec<PluginRef> = Vec::new();
    for call in calls {
        let plugin = PluginRef { name: call.plugin.clone(), digest: call.digest.clone() };
        if !plugins.contains(&plugin) {
            plugins.push(plugin);
        }
    }
    plugins
}

fn internal(error: serde_json::Error) -> ServiceError {
    ServiceError::Internal(error.into())
}
