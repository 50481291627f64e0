//! What the people of this store agreed on.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sqlx::any::Any;
use sqlx::{AnyExecutor, Transaction};

use super::audit::{self, Event};
use super::tokens::has_tokens;
use super::{Store, StoreError, failed_to};
use crate::lifecycle::Rules;

/// The rules' place among the settings.
const RULES: &str = "rules";

/// The place of rules that wait for another person.
const WAITING: &str = "rules-waiting";

const SET: &str =
    "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";

const DOING: &str = "set the rules";

/// Reads rules. Those of before break-glass say of it what they say of two people.
fn read(text: &str) -> Option<Rules> {
    let mut rules: Map<String, Value> = serde_json::from_str(text).ok()?;
    let four_eyes = rules.get("four-eyes").cloned()?;
    rules.entry("break-glass").or_insert(four_eyes);
    serde_json::from_value(Value::Object(rules)).ok()
}

/// A setting's value.
async fn setting<'c>(store: impl AnyExecutor<'c>, name: &str) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("select value from settings where name = $1")
        .bind(name)
        .fetch_optional(store)
        .await
        .map_err(failed_to("read the rules"))
}

fn opened(text: Option<String>) -> Result<Option<Rules>, StoreError> {
    text.map(|text| read(&text).ok_or(StoreError::Damaged { what: "rule" })).transpose()
}

/// The rules that hold, within a change.
pub(super) async fn rules_within(change: &mut Transaction<'static, Any>) -> Result<Rules, StoreError> {
    Ok(opened(setting(&mut **change, RULES).await?)?.unwrap_or_default())
}

impl Store {
    /// The rules. `None` when nobody set them.
    pub async fn rules(&self) -> Result<Option<Rules>, StoreError> {
        opened(setting(&self.reads, RULES).await?)
    }

    /// Whether nobody used this store yet: no rules, sites, tokens or determinations.
    pub async fn is_unused(&self) -> Result<bool, StoreError> {
        let used: i64 = sqlx::query_scalar(
            "select (select count(*) from settings) + (select count(*) from sites) + (select count(*) from tokens) \
             + (select count(*) from (select 1 as one from determinations limit 1) as recorded)",
        )
        .fetch_one(&self.reads)
        .await
        .map_err(failed_to("look whether it is used"))?;
        Ok(used == 0)
    }

    /// Sets the rules in place of those before. Where two people decide they wait, false, until another sets the same; the first
    /// rules of a store that lets nobody else in are set by one. `is_oneself` tells whom whoever acts could be.
    pub async fn agree_on_rules(
        &self,
        rules: &Rules,
        actor: &str,
        is_oneself: impl Fn(&str) -> bool,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut change = self.begin().await?;
        let before = opened(setting(&mut *change, RULES).await?)?;
        let waiting: Option<(Rules, String)> = setting(&mut *change, WAITING)
            .await?
            .map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Damaged { what: "rule" }))
            .transpose()?;
        let is_alone = match &before {
            Some(rules) => !rules.four_eyes,
            None => !has_tokens(&mut *change).await?,
        };
        let is_agreed = is_alone || waiting.is_some_and(|(same, by)| same == *rules && !is_oneself(&by));
        let (name, value, action) = if is_agreed {
            (RULES, json!(rules), "rules.set")
        } else {
            (WAITING, json!((rules, actor)), "rules.proposed")
        };
        sqlx::query(SET).bind(name).bind(value.to_string()).execute(&mut *change).await.map_err(failed_to(DOING))?;
        if is_agreed {
            sqlx::query("delete from settings where name = $1")
                .bind(WAITING)
                .execute(&mut *change)
                .await
                .map_err(failed_to(DOING))?;
        }
        audit::append(&mut change, at, [Event::new(actor, action, RULES, json!(rules))]).await?;
        change.commit().await.map_err(failed_to(DOING))?;
        Ok(is_agreed)
    }
}
