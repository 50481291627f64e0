//! What the people of this store agreed on.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::audit::{self, Event};
use super::{Store, StoreError, failed_to};
use crate::lifecycle::Rules;

/// The rules' place among the settings.
const RULES: &str = "rules";

/// The place of rules that wait for another person.
const WAITING: &str = "rules-waiting";

/// Reads rules. Those of before break-glass say of it what they say of two people.
fn read(text: &str) -> Option<Rules> {
    let mut rules: Map<String, Value> = serde_json::from_str(text).ok()?;
    let four_eyes = rules.get("four-eyes").cloned()?;
    rules.entry("break-glass").or_insert(four_eyes);
    serde_json::from_value(Value::Object(rules)).ok()
}

impl Store {
    /// The rules. `None` when nobody set them.
    pub async fn rules(&self) -> Result<Option<Rules>, StoreError> {
        let text: Option<String> = sqlx::query_scalar("select value from settings where name = $1")
            .bind(RULES)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read the rules"))?;
        text.map(|text| read(&text).ok_or(StoreError::Damaged { what: "rule" })).transpose()
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
        let text: Option<String> = sqlx::query_scalar("select value from settings where name = $1")
            .bind(WAITING)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read the rules"))?;
        let unreadable = |_| StoreError::Damaged { what: "rule" };
        text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
    }

    /// Lets rules wait for another person who sets the same.
    pub async fn propose_rules(&self, rules: &Rules, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "keep rules";
        let mut change = self.begin().await?;
        sqlx::query(
            "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
        )
        .bind(WAITING)
        .bind(json!((rules, actor)).to_string())
        .execute(&mut *change)
        .await
        .map_err(failed_to(DOING))?;
        audit::append(&mut change, at, [Event::new(actor, "rules.proposed", RULES, json!(rules))]).await?;
        change.commit().await.map_err(failed_to(DOING))
    }

    /// Sets the rules in place of those before.
    pub async fn set_rules(&self, rules: &Rules, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "set the rules";
        let mut change = self.begin().await?;
        sqlx::query(
            "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
        )
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
