//! A pack: one determination with the very bytes that answered, in one file that reproduces it on another machine.
//!
//! It holds what was asked, so it is about a patient.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use anyhow::Context as _;
use paratope_runtime::{Origin, Plugin, Sandbox, digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ServiceError;
use super::replay::{Replay, answer_again, compared};
use crate::clock::DeterminationId;
use crate::function::Answer;
use crate::hex;
use crate::host::Host;
use crate::store::{Call, Determination, DeterminationKind};

/// The determination's place in the archive.
const RECORD: &str = "determination.json";

/// The folder of the components, each named by its digest.
const PLUGINS: &str = "plugins/";

/// Bytes of one file in a pack, at most.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// A determination as a pack tells it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Packed {
    id: DeterminationId,
    kind: DeterminationKind,
    recorded_at: String,
    request: Box<RawValue>,
    calls: Vec<Call>,
    answer: Box<RawValue>,
    /// Its hash in the chain of the host that recorded it.
    hash: String,
}

impl Host {
    /// Packs a determination with the plugins that answered.
    pub async fn pack(&self, id: DeterminationId) -> Result<Vec<u8>, ServiceError> {
        let found = self.readable(id).await?;
        if !found.intact {
            return Err(ServiceError::Internal(anyhow::anyhow!("the record was changed since it was made")));
        }
        let mut files = BTreeMap::new();
        for call in &found.calls {
            let stored = self.store().plugin(&call.digest).await?.ok_or_else(|| ServiceError::Unknown {
                what: "plugin",
                name: call.digest.clone(),
                known: "others in the store".to_owned(),
                pointer: "",
            })?;
            files.insert(format!("{PLUGINS}{}.wasm", call.digest.trim_start_matches("sha256:")), stored.bytes);
        }
        let Determination { id, kind, recorded_at, request, calls, answer, hash, .. } = found;
        let packed = Packed { id, kind, recorded_at, request, calls, answer, hash: hex::encode(&hash) };
        files.insert(
            RECORD.to_owned(),
            serde_json::to_vec(&packed).map_err(|error| ServiceError::Internal(error.into()))?,
        );
        archive(files).map_err(|error| ServiceError::Internal(error.into()))
    }
}

fn archive(files: BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    archive.into_inner()
}

/// Runs the determination of a pack again. Needs no store.
pub fn replay(pack: &[u8], sandbox: &Sandbox) -> anyhow::Result<Replay> {
    let mut record: Option<Packed> = None;
    let mut plugins: BTreeMap<String, Arc<Plugin>> = BTreeMap::new();
    for entry in tar::Archive::new(pack).entries().context("it is no pack")? {
        let mut entry = entry.context("it is no pack, or it is cut short")?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.by_ref().take(MAX_FILE).read_to_end(&mut bytes).context("it is cut short")?;
        if path == RECORD {
            record = Some(serde_json::from_slice(&bytes).context("its determination cannot be read")?);
        } else if path.starts_with(PLUGINS) {
            // Whoever made the pack made the components, so they are compiled as anyone's.
            let plugin = sandbox.load("packed", &bytes, Origin::Foreign).context("one of its plugins was refused")?;
            plugins.insert(digest(&bytes), Arc::new(plugin));
        }
    }
    let Packed { id, kind, recorded_at, request, calls, answer, hash } =
        record.with_context(|| format!("it is no pack: it holds no `{RECORD}`"))?;
    let again = calls.iter().map(|call| match (&call.answer, plugins.get(&call.digest)) {
        (Answer::Skipped(_), _) => None,
        (_, Some(plugin)) => Some(answer_again(plugin, call).map_err(|error| error.to_string())),
        (_, None) => Some(Err(format!("the pack does not hold {}", call.digest))),
    });
    let again = again.collect();
    let hash = hex::decode(&hash).context("its hash cannot be read")?;
    let (previous, by, intact) = (Vec::new(), None, true);
    let recorded = Determination { id, kind, recorded_at, request, calls, answer, by, previous, hash, intact };
    Ok(compared(&recorded, again))
}
