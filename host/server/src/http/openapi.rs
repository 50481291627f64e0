//! The OpenAPI document: paths from the handlers, schemas from the types they read and write.

use std::borrow::Cow;

use paratope_domain::Site;
use paratope_domain::clearance::Clearance;
use paratope_domain::payer::{AssessRequest, Assessment, Bill, BillingRequest, PayerProfile, PreferRequest, Preferred};
use paratope_domain::product::{
    DoseRequirements, ManageRequest, Management, NextDoseRequest, NextStep, PlanRequest, ProductMonograph,
    RequirementsRequest, TreatmentPlan,
};
use paratope_domain::request::ClearanceRequest;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;
use utoipa::openapi::{Info, OpenApi, Paths, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::audit::AuditList;
use super::determinations::{Determined, Recorded};
use super::payers::PayerList;
use super::plugins::lifecycle::NewFloor;
use super::problem::Problem;
use super::products::ProductList;
use super::proposals::ProposalList;
use super::publishers::{KeyList, NewKey, RevokedList};
use super::releases::ReleaseList;
use super::shadows::ShadowList;
use super::sites::SiteList;
use super::sites::approvals::{CaseList, Preview};
use super::sites::break_glass::BreakGlassList;
use super::tokens::TokenList;
use crate::access::NewToken;
use crate::function::AsOf;
use crate::lifecycle::{Approval, Rules};
use crate::services::activation::{Because, NewProposal};
use crate::services::approvals::{NewApproval, SiteApprovals};
use crate::services::break_glass::{NewBreakGlass, NewReview};
use crate::services::plan::ProductPlanRequest;
use crate::services::plugins::{PluginDetail, PluginList, PluginSummary};
use crate::services::replay::Replay;
use crate::services::shadow::{NewShadow, ShadowReport};
use crate::services::tokens::Issued;
use crate::store::{BreakGlass, Proposal, Release, Revoked, Shadow};

/// Where OpenAPI keeps schemas.
const SCHEMAS: &str = "/components/schemas";

/// Gives the types of bodies a name that handlers can describe themselves with, and collects their schemas.
macro_rules! described {
    ($($(#[doc = $doc:literal])+ $name:ident = $type:ty;)+) => {
        $(
            $(#[doc = $doc])+
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<utoipa::openapi::schema::Schema> {
                    RefOr::Ref(Ref::from_schema_name(<$type>::schema_name()))
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    <$type>::schema_name()
                }
            }
        )+

        fn describe(generator: &mut SchemaGenerator) {
            $(let _ = generator.subschema_for::<$type>();)+
        }
    };
}

described! {
    /// What went wrong.
    ProblemDoc = Problem;
    /// A clearance that is asked for.
    ClearanceRequestDoc = ClearanceRequest;
    /// A clearance, recorded.
    ClearanceDoc = Determined<Clearance>;
    /// A plan that is asked for.
    PlanRequestDoc = ProductPlanRequest;
    /// A plan, recorded.
    PlanDoc = Determined<TreatmentPlan>;
    /// A plugin's answer, recorded.
    CallDoc = Determined<Value>;
    /// A determination with its calls.
    RecordedDoc = Recorded;
    /// What a replay found.
    ReplayDoc = Replay;
    /// The installed plugins.
    PluginListDoc = PluginList;
    /// One plugin.
    PluginDoc = PluginDetail;
    /// A plugin that was loaded.
    LoadedDoc = PluginSummary;
    /// The products.
    ProductListDoc = ProductList;
    /// What a label says.
    MonographDoc = ProductMonograph;
    /// The payers.
    PayerListDoc = PayerList;
    /// Who a payer is.
    ProfileDoc = PayerProfile;
    /// The sites.
    SiteListDoc = SiteList;
    /// One site.
    SiteDoc = Site;
    /// What was done.
    AuditListDoc = AuditList;
    /// What is asked of a plugin before it may answer.
    RulesDoc = Rules;
    /// A token to be issued.
    NewTokenDoc = NewToken;
    /// A token, with its secret.
    IssuedDoc = Issued;
    /// The tokens.
    TokenListDoc = TokenList;
    /// The keys of publishers.
    KeyListDoc = KeyList;
    /// A key to be enrolled.
    NewKeyDoc = NewKey;
    /// What was revoked with a key.
    RevokedListDoc = RevokedList;
    /// A version that was revoked.
    RevokedDoc = Revoked;
    /// Versions that are kept.
    ReleaseListDoc = ReleaseList;
    /// A version that is kept.
    ReleaseDoc = Release;
    /// A reason.
    BecauseDoc = Because;
    /// A proposal to be made.
    NewProposalDoc = NewProposal;
    /// A proposal.
    ProposalDoc = Proposal;
    /// The proposals.
    ProposalListDoc = ProposalList;
    /// A shadow to be started.
    NewShadowDoc = NewShadow;
    /// A shadow.
    ShadowDoc = Shadow;
    /// The shadows.
    ShadowListDoc = ShadowList;
    /// What a shadow showed.
    ShadowReportDoc = ShadowReport;
    /// A floor to be set.
    NewFloorDoc = NewFloor;
    /// An approval to be given.
    NewApprovalDoc = NewApproval;
    /// An approval.
    ApprovalDoc = Approval;
    /// A site's approvals.
    SiteApprovalsDoc = SiteApprovals;
    /// An override to be asked for.
    NewBreakGlassDoc = NewBreakGlass;
    /// An override.
    BreakGlassDoc = BreakGlass;
    /// The overrides of a site.
    BreakGlassListDoc = BreakGlassList;
    /// What a review found.
    NewReviewDoc = NewReview;
    /// The open cases of a site.
    CaseListDoc = CaseList;
    /// What would change for a site.
    PreviewDoc = Preview;
}

/// The document before the routes are added.
pub(super) fn base() -> OpenApi {
    let mut info = Info::new("Paratope", env!("CARGO_PKG_VERSION"));
    info.description = Some("Clears new starts of bispecific antibodies. Paratope advises; people decide.".to_owned());
    OpenApi::new(info, Paths::new())
}

/// The document with the schemas that the routes name.
pub(super) fn complete(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    if let Some(root) = document.as_object_mut() {
        let components = root.entry("components").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(components) = components.as_object_mut() {
            components.insert("schemas".to_owned(), Value::Object(schemas()));
        }
    }
    document
}

/// Every schema a route names, and those they rest on.
fn schemas() -> serde_json::Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = SCHEMAS.into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    describe(&mut generator);
    fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
        let _ = generator.subschema_for::<T>();
    }
    // What the functions of plugins take and give.
    add::<AsOf>(&mut generator);
    add::<PlanRequest>(&mut generator);
    add::<NextDoseRequest>(&mut generator);
    add::<NextStep>(&mut generator);
    add::<ManageRequest>(&mut generator);
    add::<Management>(&mut generator);
    add::<RequirementsRequest>(&mut generator);
    add::<DoseRequirements>(&mut generator);
    add::<AssessRequest>(&mut generator);
    add::<Assessment>(&mut generator);
    add::<PreferRequest>(&mut generator);
    add::<Preferred>(&mut generator);
    add::<BillingRequest>(&mut generator);
    add::<Bill>(&mut generator);
    generator.take_definitions(true)
}
