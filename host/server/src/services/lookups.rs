//! What plugins say that is about no patient. It is looked up, not determined, so it is not recorded.

use paratope_domain::Day;
use paratope_domain::payer::PayerProfile;
use paratope_domain::product::ProductMonograph;
use paratope_runtime::Kind;

use super::ServiceError;
use crate::clock::DeterminationId;
use crate::host::Host;
use crate::services::record::{Determined, plugins_of};
use crate::store::DeterminationKind;

impl Host {
    /// A product's monograph on a day, today when none is named.
    pub async fn monograph(&self, product: &str, as_of: Option<Day>) -> Result<ProductMonograph, ServiceError> {
        self.known_plugin(Kind::Product, "product", product, "")?;
        let as_of = self.day(as_of)?;
        let name = product.to_owned();
        let answer = self.with_session(&[product], None, move |mut session| session.monograph(&name, as_of)).await?;
        answer?.map_err(|error| ServiceError::Nothing { plugin: product.to_owned(), message: error.to_string() })
    }

    /// A payer's profile on a day, today when none is named.
    pub async fn profile(&self, payer: &str, as_of: Option<Day>) -> Result<PayerProfile, ServiceError> {
        self.known_plugin(Kind::Payer, "payer", payer, "")?;
        let as_of = self.day(as_of)?;
        let name = payer.to_owned();
        let answer = self.with_session(&[payer], None, move |mut session| session.profile(&name, as_of)).await?;
        answer?.map_err(|error| ServiceError::Nothing { plugin: payer.to_owned(), message: error.to_string() })
    }

    fn day(&self, named: Option<Day>) -> Result<Day, ServiceError> {
        let unset = || ServiceError::Internal(anyhow::anyhow!("the machine's clock shows no day of the calendar"));
        named.or_else(|| self.today()).ok_or_else(unset)
    }

    /// A determination of one kind, as it was answered.
    pub async fn recorded_as(&self, id: DeterminationId, kind: DeterminationKind) -> Result<Determined, ServiceError> {
        let found = self.readable(id).await?;
        if found.kind != kind {
            return Err(ServiceError::unknown(kind.name(), "", &[], ""));
        }
        Ok(Determined {
            id,
            kind,
            recorded_at: found.recorded_at,
            plugins: plugins_of(&found.calls),
            answer: found.answer,
        })
    }
}
