//! Cases: which clearance holds for each, and whether it must be cleared again.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::Any;
use sqlx::{FromRow, Transaction};

use super::{Store, StoreError, failed_to};

/// What a clearance is about.
#[derive(Debug, Clone)]
pub struct About {
    /// The site.
    pub site: String,
    /// The site's own id of the case.
    pub case: String,
    /// The product.
    pub product: String,
    /// The payer.
    pub payer: String,
    /// The day of its last dose.
    pub last_day: String,
    /// The overrides that the order was told of.
    pub overrides: Vec<String>,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema, FromRow)]
#[serde(rename_all = "kebab-case")]
pub struct OpenCase {
    /// The site.
    pub site: String,
    /// The site's own id of it.
    #[sqlx(rename = "case_id")]
    pub case: String,
    /// The clearance that holds.
    pub determination: String,
    /// The product.
    pub product: String,
    /// The payer.
    pub payer: String,
    /// The day of the last dose it cleared. The case is open until then.
    pub last_day: String,
    /// Why it must be cleared again.
    pub reopened_because: Option<String>,
}

/// Lets a clearance hold for its case, within the change that records it.
pub(super) async fn settle(
    change: &mut Transaction<'static, Any>,
    about: &About,
    determination: &str,
    digest_of: impl Fn(&str) -> String,
) -> Result<(), StoreError> {
    // A call that was under way while its plugin was revoked settles nothing.
    sqlx::query(
        "insert into cases (site, case_id, determination, product, product_digest, payer, payer_digest, last_day, \
         reopened_because) values ($1, $2, $3, $4, $5, $6, $7, $8, \
         (select 'a plugin was revoked: ' || reason from revocations where digest = $5 or digest = $7 limit 1)) \
         on conflict (site, case_id) do update set \
         determination = excluded.determination, product = excluded.product, product_digest = excluded.product_digest, \
         payer = excluded.payer, payer_digest = excluded.payer_digest, last_day = excluded.last_day, \
         reopened_because = excluded.reopened_because",
    )
    .bind(&about.site)
    .bind(&about.case)
    .bind(determination)
    .bind(&about.product)
    .bind(digest_of(&about.product))
    .bind(&about.payer)
    .bind(digest_of(&about.payer))
    .bind(&about.last_day)
    .execute(&mut **change)
    .await
    .map(drop)
    .map_err(failed_to("note a case"))
}

impl Store {
    /// The cases of a site that are open on a day, by id.
    pub async fn open_cases(&self, site: &str, today: &str) -> Result<Vec<OpenCase>, StoreError> {
        sqlx::query_as(
            "select site, case_id, determination, product, payer, last_day, reopened_because from cases \
             where site = $1 and last_day >= $2 order by case_id",
        )
        .bind(site)
        .bind(today)
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list cases"))
    }
}
