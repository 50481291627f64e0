//! What a host counts: calls of plugins, refusals, requests. In the text format of Prometheus, at `/metrics`.
//!
//! Labels are names of plugins, functions and routes. Nothing about a patient, a case or a person is ever one.

use std::sync::Arc;
use std::time::Duration;

use paratope_runtime::CallError;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::function::{Answer, Function};
use crate::host::{Host, Installed};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    plugin: String,
    version: String,
    function: &'static str,
    /// `answered`, `no-answer`, or the limit or failure that ended the call.
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PluginLabels {
    plugin: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    plugin: String,
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

/// What is counted. Clones share everything.
#[derive(Debug, Clone)]
pub struct Metrics {
    calls: Family<CallLabels, Counter>,
    seconds: Family<PluginLabels, Histogram>,
    refusals: Family<RefusalLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        // From 10 microseconds to 1.3 seconds; a call has a deadline of two.
        let of_calls: fn() -> Histogram = || Histogram::new(exponential_buckets(1e-5, 2.0, 18));
        Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(of_calls),
            refusals: Family::default(),
            requests: Family::default(),
            request_seconds: Histogram::new(exponential_buckets(5e-4, 2.0, 17)),
        }
    }
}

impl Metrics {
    /// Counts a call of a plugin.
    pub(crate) fn called(&self, installed: &Installed, function: Function, told: &Told<'_>, took: Duration) {
        let outcome = match told {
            Ok(Answer::Ok(_)) => "answered",
            Ok(_) => "no-answer",
            Err(error) => error.code(),
        };
        let (plugin, version) = (installed.activation.name.clone(), installed.manifest.version.clone());
        let labels = PluginLabels { plugin: plugin.clone(), version: version.clone() };
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.calls.get_or_create(&CallLabels { plugin, version, function: function.name(), outcome }).inc();
    }

    /// Counts that a plugin was not called for someone.
    pub(crate) fn refused(&self, plugin: &str, why: &'static str) {
        self.refusals.get_or_create(&RefusalLabels { plugin: plugin.to_owned(), why }).inc();
    }

    /// Counts a request.
    pub(crate) fn requested(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { method, route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.observe(took.as_secs_f64());
    }

    /// Everything, as text.
    pub(crate) fn text(&self, host: &Host) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("paratope");
        registry.register("plugin_calls", "Calls of plugins", self.calls.clone());
        let help = "How long calls of plugins took";
        registry.register_with_unit("plugin_call", help, Unit::Seconds, self.seconds.clone());
        registry.register("plugin_refusals", "Calls that were not made", self.refusals.clone());
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let help = "How long requests took";
        registry.register_with_unit("http_request", help, Unit::Seconds, self.request_seconds.clone());
        registry.register_collector(Box::new(Installs { host: host.clone() }));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// What a call came to.
pub(crate) type Told<'a> = Result<&'a Answer, &'a CallError>;

/// What is installed, read when it is asked for.
struct Installs {
    host: Host,
}

impl std::fmt::Debug for Installs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Installs")
    }
}

impl Collector for Installs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let installed: Vec<Arc<Installed>> = self.host.all_installed();
        let mut fuel = encoder.encode_descriptor(
            "plugin_fuel",
            "Units of fuel used by calls",
            None,
            ConstCounter::new(0_u64).metric_type(),
        )?;
        for one in &installed {
            let labels = PluginLabels { plugin: one.activation.name.clone(), version: one.manifest.version.clone() };
            ConstCounter::new(one.plugin.fuel_used()).encode(fuel.encode_family(&labels)?)?;
        }
        let gauge = |count: usize| ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
        let plugins = gauge(installed.len());
        let encoded = encoder.encode_descriptor("plugins", "Plugins that answer", None, plugins.metric_type())?;
        plugins.encode(encoded)?;
        let troubles = gauge(self.host.troubles().len());
        let help = "Plugins that should answer and do not";
        let encoded = encoder.encode_descriptor("plugin_troubles", help, None, troubles.metric_type())?;
        troubles.encode(encoded)
    }
}
