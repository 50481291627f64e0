//! Product plugins of track 0.2: their generated types, and the words that are its own.

use super::product::product_track;

/// What the generator makes of the package.
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/product"],
        world: "paratope:product/product-plugin@0.2.0",
        with: { "paratope:types/types@0.1.0": crate::contract::types_v0_1::generated::paratope::types::types },
    });
}

use generated::exports::paratope::product::product as wit;

product_track!();

records_from! {
    wit::Medication => product::Medication {
        drug, text, need, minutes_before_min, minutes_before_max, days_after, citations,
    }
}
