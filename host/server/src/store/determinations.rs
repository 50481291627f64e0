//! Determinations: sealed before they are written, and read back whole.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use super::cases::About;
use super::{Store, StoreError, chain, failed_to};
use crate::clock::DeterminationId;
use crate::function::{Answer, Function};
use crate::hex;

/// zstd's level: the fastest. Answers repeat their citations, so it takes most of the size away all the same.
const LEVEL: i32 = 1;

/// Shared answers remembered to be kept.
const KNOWN: usize = 10_000;

/// What was determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeterminationKind {
    /// Whether doses may be given and will be paid.
    Clearance,
    /// A course, dose by dose.
    Plan,
    /// One call of one plugin.
    Call,
}

impl DeterminationKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clearance => "clearance",
            Self::Plan => "plan",
            Self::Call => "call",
        }
    }

    fn read(name: &str) -> Result<Self, StoreError> {
        [Self::Clearance, Self::Plan, Self::Call]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| damaged(()))
    }
}

/// One call of a plugin, with what it answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// The plugin's name.
    pub plugin: String,
    /// The digest of the bytes that answered.
    pub digest: String,
    /// The function called.
    pub function: Function,
    /// The request: JSON of the contract.
    pub request: Box<RawValue>,
    /// The answer.
    pub answer: Answer,
}

/// A determination to be recorded.
#[derive(Debug)]
pub struct Draft {
    /// Its id.
    pub id: DeterminationId,
    /// What it is.
    pub kind: DeterminationKind,
    /// Who asked for it.
    pub actor: String,
    /// The case that it settles.
    pub about: Option<About>,
    /// When it was made.
    pub recorded_at: Timestamp,
    /// What was asked: JSON.
    pub request: Box<RawValue>,
    /// The plugin calls, in order.
    pub calls: Vec<Call>,
    /// What was answered: JSON.
    pub answer: Box<RawValue>,
}

/// A determination as it was recorded.
#[derive(Debug, Clone)]
pub struct Determination {
    /// Its id.
    pub id: DeterminationId,
    /// What it is.
    pub kind: DeterminationKind,
    /// When it was made, RFC 3339.
    pub recorded_at: String,
    /// What was asked: JSON.
    pub request: Box<RawValue>,
    /// The plugin calls, in order.
    pub calls: Vec<Call>,
    /// What was answered: JSON.
    pub answer: Box<RawValue>,
    /// Who asked for it. The oldest records do not tell.
    pub by: Option<String>,
    /// The hash of the row before it.
    pub previous: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
    /// Whether its hash is the hash of what it says.
    pub intact: bool,
}

/// A determination in a list.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Listed {
    /// Its id.
    #[schemars(with = "String")]
    pub id: DeterminationId,
    /// What it is.
    pub kind: DeterminationKind,
    /// When it was made.
    pub recorded_at: String,
}

/// How the chain of all determinations stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Chain {
    /// Rows looked at.
    pub rows: u64,
    /// Rows that do not follow from the row before them.
    pub broken: u64,
}

/// A record as it is kept.
#[derive(Serialize, Deserialize)]
struct Record {
    request: Box<RawValue>,
    calls: Vec<KeptCall>,
    answer: Box<RawValue>,
    /// Left out in the oldest records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

impl Record {
    /// Its JSON. Most of it is text already, so its length is known beforehand.
    fn text(&self) -> Result<Vec<u8>, StoreError> {
        const REST: usize = 512;
        let calls: usize = self.calls.iter().map(|call| call.request.get().len() + call.answer.len() + REST).sum();
        let mut text = Vec::with_capacity(self.request.get().len() + calls + self.answer.get().len() + REST);
        serde_json::to_writer(&mut text, self).map_err(damaged)?;
        Ok(text)
    }
}

impl KeptAnswer {
    fn len(&self) -> usize {
        match self {
            Self::Ok(json) | Self::Error(json) => json.get().len(),
            Self::Failed(text) | Self::Skipped(text) | Self::Shared(text) => text.len(),
        }
    }
}

/// A call as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct KeptCall {
    plugin: String,
    digest: String,
    function: Function,
    request: Box<RawValue>,
    answer: KeptAnswer,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeptAnswer {
    Ok(Box<RawValue>),
    Error(Box<RawValue>),
    Failed(String),
    Skipped(String),
    /// It holds for every patient and is kept beside: the hash of its text, in hexadecimal.
    Shared(String),
}

/// An answer kept beside.
#[derive(Debug)]
pub(super) struct Shared {
    /// What was asked: the plugin's digest and the request.
    asked: (String, String),
    hash: String,
    /// The hash of its text.
    pub(super) key: Vec<u8>,
    /// The text, compressed.
    pub(super) text: Vec<u8>,
}

impl KeptCall {
    /// Sets apart what holds for every patient.
    fn keep(call: Call, known: &Known, shared: &mut Vec<Shared>) -> Result<Self, StoreError> {
        let Call { plugin, digest, function, request, answer } = call;
        let answer = match answer {
            Answer::Ok(json) if matches!(function, Function::Monograph | Function::Profile) => {
                let asked = (digest.clone(), request.get().to_owned());
                KeptAnswer::Shared(match known.hash(&asked) {
                    Some(hash) => hash,
                    None => {
                        let key = Sha256::digest(json.get()).to_vec();
                        let hash = hex::encode(&key);
                        shared.push(Shared {
                            asked,
                            hash: hash.clone(),
                            key,
                            text: compressed(json.get().as_bytes())?,
                        });
                        hash
                    }
                })
            }
            Answer::Ok(json) => KeptAnswer::Ok(json),
            Answer::Error(json) => KeptAnswer::Error(json),
            Answer::Failed(reason) => KeptAnswer::Failed(reason),
            Answer::Skipped(reason) => KeptAnswer::Skipped(reason),
        };
        Ok(Self { plugin, digest, function, request, answer })
    }
}

/// The shared answers that are kept already, by what was asked: a plugin gives one answer to one question.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<(String, String), String>>);

impl Known {
    fn hash(&self, asked: &(String, String)) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(asked).cloned()
    }

    fn add(&self, entries: Vec<((String, String), String)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > KNOWN {
            known.clear();
        }
        known.extend(entries);
    }
}

/// A determination ready to be written: compressed, and its content hashed.
#[derive(Debug)]
pub struct Sealed {
    pub(super) id: DeterminationId,
    pub(super) kind: DeterminationKind,
    pub(super) actor: String,
    pub(super) about: Option<About>,
    /// The plugins that answered, with their digests.
    plugins: Vec<(String, String)>,
    pub(super) at: Timestamp,
    pub(super) recorded_at: String,
    pub(super) record: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) shared: Vec<Shared>,
}

impl Sealed {
    fn new(draft: Draft, known: &Known) -> Result<Self, StoreError> {
        let mut shared = Vec::new();
        let plugins = draft.calls.iter().map(|call| (call.plugin.clone(), call.digest.clone())).collect();
        let calls = draft.calls.into_iter().map(|call| KeptCall::keep(call, known, &mut shared));
        let calls = calls.collect::<Result<_, _>>()?;
        let record = Record { calls, request: draft.request, answer: draft.answer, by: Some(draft.actor.clone()) };
        let record = compressed(&record.text()?)?;
        let recorded_at = draft.recorded_at.to_string();
        let content = content(&draft.id.to_string(), draft.kind, &recorded_at, &record);
        let Draft { id, kind, actor, about, recorded_at: at, .. } = draft;
        Ok(Self { id, kind, actor, about, plugins, at, content, record, recorded_at, shared })
    }

    /// The digest of the bytes that answered for a plugin. Empty when it was not asked.
    pub(super) fn digest_of(&self, plugin: &str) -> String {
        self.plugins.iter().find(|(name, _)| name == plugin).map_or_else(String::new, |(_, digest)| digest.clone())
    }
}

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    recorded_at: String,
    record: Vec<u8>,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl Row {
    /// Opens the row, with the calls as they are kept.
    fn open(self) -> Result<(Determination, Vec<KeptCall>), StoreError> {
        let kind = DeterminationKind::read(&self.kind)?;
        let content = content(&self.id, kind, &self.recorded_at, &self.record);
        let Record { request, calls, answer, by } = serde_json::from_str(&plain(&self.record)?).map_err(damaged)?;
        let determination = Determination {
            id: self.id.parse().map_err(damaged)?,
            kind,
            recorded_at: self.recorded_at,
            request,
            calls: Vec::new(),
            answer,
            by,
            intact: chain::link(&self.previous, &content) == self.hash,
            previous: self.previous,
            hash: self.hash,
        };
        Ok((determination, calls))
    }
}

/// What is kept cannot be read.
fn damaged<E>(_: E) -> StoreError {
    StoreError::Damaged { what: "determination" }
}

impl Store {
    /// Makes a determination ready to be recorded. This takes a while, so it is done where plugins are called.
    pub fn seal(&self, draft: Draft) -> Result<Sealed, StoreError> {
        Sealed::new(draft, &self.known)
    }

    /// Records a determination. It is durable when this returns.
    pub async fn record(&self, sealed: Sealed) -> Result<(), StoreError> {
        let shared = sealed.shared.iter().map(|shared| (shared.asked.clone(), shared.hash.clone())).collect();
        self.writer.write(sealed).await?;
        self.known.add(shared);
        Ok(())
    }

    /// The determination with this id.
    pub async fn determination(&self, id: DeterminationId) -> Result<Option<Determination>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("select id, kind, recorded_at, record, previous, hash from determinations where id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.reads)
                .await
                .map_err(failed_to("read a determination"))?;
        let Some(row) = row else { return Ok(None) };
        let (mut determination, calls) = row.open()?;
        for KeptCall { plugin, digest, function, request, answer } in calls {
            let answer = match answer {
                KeptAnswer::Ok(json) => Answer::Ok(json),
                KeptAnswer::Error(json) => Answer::Error(json),
                KeptAnswer::Failed(reason) => Answer::Failed(reason),
                KeptAnswer::Skipped(reason) => Answer::Skipped(reason),
                KeptAnswer::Shared(hash) => {
                    let text = self.shared(&hash).await?;
                    determination.intact &= hex::encode(&Sha256::digest(&text)) == hash;
                    Answer::Ok(RawValue::from_string(text).map_err(|_| StoreError::Damaged { what: "answer" })?)
                }
            };
            determination.calls.push(Call { plugin, digest, function, request, answer });
        }
        Ok(Some(determination))
    }

    /// The shared answer with this hash.
    async fn shared(&self, hash: &str) -> Result<String, StoreError> {
        let text: Option<Vec<u8>> = sqlx::query_scalar("select text from shared_answers where hash = $1")
            .bind(hex::decode(hash).unwrap_or_default())
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read an answer"))?;
        plain(&text.ok_or(StoreError::Damaged { what: "answer" })?)
    }

    /// The determinations recorded after `after`, oldest first, at most `limit`.
    pub async fn determinations(&self, after: Option<DeterminationId>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "select id, kind, recorded_at from determinations \
             where seq > coalesce((select seq from determinations where id = $1), 0) order by seq limit $2",
        )
        .bind(after.map(|id| id.to_string()))
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list determinations"))?;
        rows.into_iter()
            .map(|(id, kind, recorded_at)| {
                let id = id.parse().map_err(damaged)?;
                Ok(Listed { id, kind: DeterminationKind::read(&kind)?, recorded_at })
            })
            .collect()
    }

    /// Walks the chain and counts the rows that do not follow from the row before them. What a row says is checked
    /// when it is read.
    pub async fn chain(&self) -> Result<Chain, StoreError> {
        let counted: (i64, i64) = sqlx::query_as(
            "select count(*), cast(coalesce(sum(case when previous = coalesce(before, $1) then 0 else 1 end), 0) as bigint) \
             from (select previous, lag(hash) over (order by seq) as before from determinations) as rows",
        )
        .bind(chain::START.as_slice())
        .fetch_one(&self.reads)
        .await
        .map_err(failed_to("walk the chain"))?;
        let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Chain { rows: unsigned(counted.0), broken: unsigned(counted.1) })
    }
}

/// The hash of everything a row says but its place.
fn content(id: &str, kind: DeterminationKind, recorded_at: &str, record: &[u8]) -> Vec<u8> {
    let parts = [id.as_bytes(), kind.name().as_bytes(), recorded_at.as_bytes(), record];
    chain::content("paratope determination 1", &parts)
}

fn compressed(text: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(text, LEVEL).map_err(damaged)
}

fn plain(bytes: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(zstd::stream::decode_all(bytes).map_err(damaged)?).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::testing::{Opened, stores};
    use super::*;
    use crate::clock::Ids;

    fn json(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn call(answer: Answer) -> Call {
        Call {
            plugin: "exemplimab".to_owned(),
            digest: "sha256:00".to_owned(),
            function: Function::Monograph,
            request: json("{\"as-of\":\"2026-11-23\"}"),
            answer,
        }
    }

    fn draft(ids: &Ids, request: &str) -> Draft {
        let now = Timestamp::from_millisecond(1_764_000_000_000).unwrap();
        Draft {
            id: ids.next(now),
            kind: DeterminationKind::Call,
            actor: "r.okafor".to_owned(),
            about: None,
            recorded_at: now,
            request: json(request),
            calls: vec![call(Answer::Error(json("{ \"other\" : \"x\" }"))), call(Answer::Ok(json("{ \"brand\": 1 }")))],
            answer: json("{}"),
        }
    }

    #[tokio::test]
    async fn a_determination_reads_back_byte_for_byte() {
        for Opened { store, .. } in &stores().await {
            let draft = draft(&Ids::default(), "{\"a\": 1}");
            let (id, calls) = (draft.id, serde_json::to_string(&draft.calls).unwrap());
            store.record(store.seal(draft).unwrap()).await.unwrap();
            let found = store.determination(id).await.unwrap().unwrap();
            assert_eq!((found.request.get(), found.answer.get()), ("{\"a\": 1}", "{}"));
            assert_eq!(serde_json::to_string(&found.calls).unwrap(), calls);
            assert!(found.intact);
        }
    }

    #[tokio::test]
    async fn many_at_once_form_one_chain() {
        for Opened { store, .. } in &stores().await {
            let ids = Ids::default();
            let mut writes = tokio::task::JoinSet::new();
            for number in 0..300 {
                let (store, draft) = (store.clone(), draft(&ids, &number.to_string()));
                writes.spawn(async move { store.record(store.seal(draft).unwrap()).await });
            }
            while let Some(written) = writes.join_next().await {
                written.unwrap().unwrap();
            }
            assert_eq!(store.chain().await.unwrap(), Chain { rows: 300, broken: 0 });
            assert_eq!(store.determinations(None, 500).await.unwrap().len(), 300);
            let listed = store.determinations(None, 10).await.unwrap();
            let next = store.determinations(listed.last().map(|one| one.id), 10).await.unwrap();
            assert_eq!((listed.len(), next.len()), (10, 10));
        }
    }

    #[tokio::test]
    async fn a_row_that_was_changed_or_taken_out_shows() {
        for Opened { store, .. } in &stores().await {
            let ids = Ids::default();
            let mut kept = Vec::new();
            for number in 0..4 {
                let draft = draft(&ids, &number.to_string());
                kept.push(draft.id);
                store.record(store.seal(draft).unwrap()).await.unwrap();
            }
            let rows = "delete from determinations where seq = 2";
            assert!(sqlx::query(rows).execute(&store.writes).await.is_err());
            let triggers: &[&str] = match store.kind {
                Kind::Sqlite => &[
                    "drop trigger determinations_never_go",
                    "drop trigger determinations_never_change",
                    "drop trigger shared_answers_never_change",
                ],
                Kind::Postgres => &[
                    "drop trigger determinations_never_change on determinations",
                    "drop trigger shared_answers_never_change on shared_answers",
                ],
            };
            let changed = "update determinations set recorded_at = 'then' where seq = 4";
            for statement in triggers.iter().chain(&[rows, changed]) {
                sqlx::query(*statement).execute(&store.writes).await.unwrap();
            }
            assert_eq!(store.chain().await.unwrap(), Chain { rows: 3, broken: 1 });
            assert!(store.determination(kept[2]).await.unwrap().unwrap().intact);
            assert!(!store.determination(kept[3]).await.unwrap().unwrap().intact);
            let other = compressed(b"{ \"brand\": 2 }").unwrap();
            sqlx::query("update shared_answers set text = $1").bind(other).execute(&store.writes).await.unwrap();
            assert!(!store.determination(kept[2]).await.unwrap().unwrap().intact);
        }
    }
}
