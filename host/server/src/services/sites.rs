//! Sites: read, listed, replaced whole.

use paratope_domain::Site;

use super::ServiceError;
use crate::host::Host;

impl Host {
    /// The site with this id.
    pub async fn site(&self, id: &str) -> Result<Site, ServiceError> {
        if let Some(stored) = self.store().site(id).await? {
            return Ok(stored.site);
        }
        let known: Vec<String> = self.sites().await?.into_iter().map(|site| site.id).collect();
        Err(ServiceError::unknown("site", id, &known, ""))
    }

    /// Every site, by id.
    pub async fn sites(&self) -> Result<Vec<Site>, ServiceError> {
        Ok(self.store().sites().await?.into_iter().map(|stored| stored.site).collect())
    }

    /// Keeps a site's profile in place of the one before. True when it is new.
    pub async fn put_site(&self, site: &Site) -> Result<bool, ServiceError> {
        site.check().map_err(|(pointer, reason)| ServiceError::bad(pointer, reason))?;
        Ok(self.store().put_site(site, self.actor(), self.now()).await?)
    }
}
