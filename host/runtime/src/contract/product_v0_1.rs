//! Product plugins of track 0.1: their generated types, and the words that are its own.

use super::product::product_track;

/// What the generator makes of the package.
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/published/0.1.0/product"],
        world: "paratope:product/product-plugin@0.1.0",
        with: { "paratope:types/types@0.1.0": crate::contract::types_v0_1::generated::paratope::types::types },
    });
}

use generated::exports::paratope::product::product as wit;

product_track!();

impl FromWit<wit::Medication> for product::Medication {
    fn from_wit(word: wit::Medication) -> Result<Self, Malformed> {
        let wit::Medication { drug, text, need, minutes_before_min, minutes_before_max, citations } = word;
        let citations = FromWit::from_wit(citations).map_err(|wrong: Malformed| wrong.at("citations"))?;
        // What goes on after the dose, this track says in words only.
        Ok(Self { drug, text, need, minutes_before_min, minutes_before_max, days_after: None, citations })
    }
}
