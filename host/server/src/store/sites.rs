//! Sites: profiles by id.

use jiff::Timestamp;
use paratope_domain::Site;

use serde_json::json;

use super::audit::{self, Event};
use super::{Store, StoreError, failed_to};

/// A site as it is kept.
#[derive(Debug, Clone)]
pub struct StoredSite {
    /// Its profile.
    pub site: Site,
    /// When it was last changed.
    pub changed_at: String,
}

impl Store {
    /// Keeps a site's profile in place of the one before. True when there was none before.
    pub async fn put_site(&self, site: &Site, actor: &str, at: Timestamp) -> Result<bool, StoreError> {
        let profile = serde_json::to_string(site).map_err(|_| StoreError::Damaged { what: "site" })?;
        let mut transaction = self.begin().await?;
        let known: Option<i64> = sqlx::query_scalar("select 1 from sites where id = $1")
            .bind(&site.id)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed_to("read a site"))?;
        sqlx::query(
            "insert into sites (id, profile, changed_at) values ($1, $2, $3) \
             on conflict (id) do update set profile = excluded.profile, changed_at = excluded.changed_at",
        )
        .bind(&site.id)
        .bind(profile)
        .bind(at.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(failed_to("keep a site"))?;
        let event = Event::new(actor, "site.kept", &site.id, json!({ "new": known.is_none() }));
        audit::append(&mut transaction, at, [event]).await?;
        transaction.commit().await.map_err(failed_to("keep a site"))?;
        Ok(known.is_none())
    }

    /// The site with this id.
    pub async fn site(&self, id: &str) -> Result<Option<StoredSite>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as("select profile, changed_at from sites where id = $1")
            .bind(id)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a site"))?;
        row.map(open).transpose()
    }

    /// Every site, by id.
    pub async fn sites(&self) -> Result<Vec<StoredSite>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as("select profile, changed_at from sites order by id")
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to("list sites"))?;
        rows.into_iter().map(open).collect()
    }
}

fn open((profile, changed_at): (String, String)) -> Result<StoredSite, StoreError> {
    let site = serde_json::from_str(&profile).map_err(|_| StoreError::Damaged { what: "site" })?;
    Ok(StoredSite { site, changed_at })
}
