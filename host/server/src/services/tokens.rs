//! Tokens: issued, shown once, listed, revoked.

use schemars::JsonSchema;
use serde::Serialize;

use super::ServiceError;
use crate::access::{self, NewToken, Token};
use crate::host::Host;

/// A token that was issued, with its secret.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Issued {
    /// What the person shows as `Authorization: Bearer`. It is told this once and kept nowhere.
    pub secret: String,
    /// The token.
    pub token: Token,
}

impl Host {
    /// Issues a token.
    pub async fn issue(&self, asked: NewToken) -> Result<Issued, ServiceError> {
        if let Some((pointer, reason)) = asked.problem() {
            return Err(ServiceError::bad(pointer, reason));
        }
        for site in &asked.sites {
            self.site(site).await?;
        }
        let now = self.now();
        let secret = access::draw().map_err(ServiceError::Internal)?;
        let token = asked.issued(self.next_id(now).to_string(), self.actor(), now);
        self.store().issue(&token, &access::hash(&secret), self.actor(), now).await?;
        self.look().await.map_err(ServiceError::Internal)?;
        Ok(Issued { secret, token })
    }

    /// Lets a token open nothing any more.
    pub async fn revoke_token(&self, id: &str) -> Result<(), ServiceError> {
        if self.store().revoke_token(id, self.actor(), self.now()).await? {
            return self.look().await.map_err(ServiceError::Internal);
        }
        Err(ServiceError::unknown("token", "", &[], ""))
    }

    /// Every token, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, ServiceError> {
        Ok(self.store().tokens().await?)
    }
}
