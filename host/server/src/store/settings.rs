//! What the people of this store agreed on.

use jiff::Timestamp;
use serde_json::json;

use super::audit::{self, Event};
use super::{Store, StoreError, failed_to};
use crate::lifecycle::Rules;

/// The rules' place among the settings.
const RULES: &str = "rules";

impl Store {
    /// The rules. `None` when nobody set them.
    pub async fn rules(&self) -> Result<Option<Rules>, StoreError> {
        let text: Option<String> = sqlx::query_scalar("select value from settings where name = $1")
            .bind(RULES)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read the rules"))?;
        let unreadable = |_| StoreError::Damaged { what: "rule" };
        text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
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
        audit::append(&mut change, at, [Event::new(actor, "rules.set", RULES, json!(rules))]).await?;
        change.commit().await.map_err(failed_to(DOING))
    }
}
