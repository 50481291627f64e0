//! Generated from `wit/`. The rest of the SDK re-exports what authors use; nobody names this module.
#![allow(missing_docs, reason = "documented in wit/")]
#![allow(clippy::all, clippy::pedantic, reason = "generated")]

/// The shared words, generated once.
pub mod types {
    wit_bindgen::generate!({
        inline: "package paratope:sdk; world words { import paratope:types/types@0.1.0; }",
        path: ["../../wit/types"],
        world: "paratope:sdk/words",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

/// The product contract.
pub mod product {
    wit_bindgen::generate!({
        path: ["../../wit/types", "../../wit/product"],
        world: "paratope:product/product-plugin@0.2.0",
        with: { "paratope:types/types@0.1.0": crate::bindings::types::paratope::types::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_product",
        default_bindings_module: "paratope_sdk::bindings::product",
        runtime_path: "paratope_sdk::wit_bindgen::rt",
    });
}

/// The payer contract.
pub mod payer {
    wit_bindgen::generate!({
        path: ["../../wit/types", "../../wit/payer"],
        world: "paratope:payer/payer-plugin@0.1.0",
        with: { "paratope:types/types@0.1.0": crate::bindings::types::paratope::types::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_payer",
        default_bindings_module: "paratope_sdk::bindings::payer",
        runtime_path: "paratope_sdk::wit_bindgen::rt",
    });
}

/// How the host hands documents to an engine.
pub mod configure {
    wit_bindgen::generate!({
        path: ["../../wit/types", "../../wit/product", "../../wit/payer", "../../wit/engine"],
        world: "paratope:engine/configurator@0.1.0",
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_configure",
        default_bindings_module: "paratope_sdk::bindings::configure",
        runtime_path: "paratope_sdk::wit_bindgen::rt",
    });
}
