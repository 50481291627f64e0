//! What the people of this store agreed on.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sqlx::any::Any;
use sqlx::{AnyExecutor, Transaction};

use super::audit::{self, Event};
use super::{Store, StoreError, failed_to};
use crate::lifecycle::Rules;

/// The rules' place among the settings.
const RULES: &str = "rules";

/// The place of rules that wait for another person.
const WAITING: &str = "rules-waiting";

const SET: &str =
    "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";

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

    /// The rules that one person set and that wait for another, and who that was.
    pub async fn waiting_rules(&self) -> Result<Option<(Rules, String)>, StoreError> {
        let text = setting(&self.reads, WAITING).await?;
        let unreadable = |_| StoreError::Damaged { what: "rule" };
        text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
    }

    /// Lets rules wait for another person who sets the same.
    pub async fn propose_rules(&self, rules: &Rules, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(SET).bind(WAITING).bind(json!((rules, actor)).to_string());
        let event = Event::new(actor, "rules.proposed", RULES, json!(rules));
        self.alter("keep rules", statement, event, at).await.map(drop)
    }

    /// Sets the rules in place of those before.
    pub async fn set_rules(&self, rules: &Rules, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "set the rules";
        let mut change = self.begin().await?;
        sqlx::query(SET)
            .bind(RULES)
            .bind(json!(rules).to_string())
            .execute(&mut *change)
            .await
            .map_err(failed_to(DOING))?;
        sqlx::query("delete from settings where name = $1")
            .bind(WAITING)
            .execute(&mut *change)
            .await
            .map_err(failed_to(DOING))?;
        audit::append(&mut change, at, [Event::new(actor, "rules.set", RULES, json!(rules))]).await?;
        change.commit().await.map_err(failed_to(DOING))
    }
}
