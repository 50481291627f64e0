//! Plugins made by hand, most of them hostile. Each is a core module in text that honours the canonical ABI, made a
//! component with the contract of `wit/`.
//!
//! A [`Guest`] exports every function of its world. Those that were given no body trap.

// Each test program uses some of these.
#![allow(dead_code, reason = "each test program uses some of the guests")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a guest that cannot be made is a failed test")]

use std::{collections::BTreeMap, path::Path};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Resolve, WorldItem, WorldKey,
    abi::{AbiVariant, WasmType},
};

pub mod answers;
pub mod bombs;

/// Where a guest's answers are laid out. `cabi_realloc` hands out memory above.
pub const ANSWER: u32 = 1024;
const HEAP: u32 = 65_536;

/// A plugin in the making.
pub struct Guest {
    sources: Vec<String>,
    world: String,
    bodies: BTreeMap<String, String>,
    data: Vec<(u32, Vec<u8>)>,
    pages: u32,
    fields: String,
}

/// A payer plugin of which every function traps.
pub fn payer() -> Guest {
    Guest::new(&["types", "payer"], "paratope:payer/payer-plugin@0.1.0")
}

/// A product plugin of which every function traps.
pub fn product() -> Guest {
    Guest::new(&["types", "product"], "paratope:product/product-plugin@0.2.0")
}

impl Guest {
    /// A guest of `world`, described in the folders `packages` of `wit/`.
    pub fn new(packages: &[&str], world: &str) -> Self {
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let sources = packages
            .iter()
            .map(|package| std::fs::read_to_string(wit.join(package).join(format!("{package}.wit"))).unwrap())
            .collect();
        Self {
            sources,
            world: world.to_owned(),
            bodies: BTreeMap::new(),
            data: Vec::new(),
            pages: 2,
            fields: String::new(),
        }
    }

    /// Changes the contract the guest is built for: every `from` becomes `to`, in the sources and the world's name.
    pub fn contract(mut self, from: &str, to: &str) -> Self {
        assert!(self.sources.iter().any(|source| source.contains(from)), "`{from}` is not in the contract");
        for source in &mut self.sources {
            *source = source.replace(from, to);
        }
        self.world = self.world.replace(from, to);
        self
    }

    /// One more source of WIT, and the world in it to build for.
    pub fn world(mut self, source: &str, world: &str) -> Self {
        self.sources.push(source.to_owned());
        self.world = world.to_owned();
        self
    }

    /// What `function` does: instructions that leave the address of the answer. Parameters are locals from 0.
    pub fn body(mut self, function: &str, instructions: impl Into<String>) -> Self {
        self.bodies.insert(function.to_owned(), instructions.into());
        self
    }

    /// Lets `function` answer with `bytes`, laid out from [`ANSWER`].
    pub fn answers(self, function: &str, bytes: Vec<u8>) -> Self {
        self.data(ANSWER, bytes).body(function, format!("i32.const {ANSWER}"))
    }

    /// Puts `bytes` in memory at `address`.
    pub fn data(mut self, address: u32, bytes: Vec<u8>) -> Self {
        self.data.push((address, bytes));
        self
    }

    /// Pages of memory to begin with, 64 KiB each.
    pub fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    /// More fields of the core module.
    pub fn fields(mut self, fields: &str) -> Self {
        self.fields.push_str(fields);
        self
    }

    /// The component.
    pub fn build(self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let packages: Vec<_> = self
            .sources
            .iter()
            .enumerate()
            .map(|(i, source)| resolve.push_str(format!("{i}.wit"), source).unwrap())
            .collect();
        let world = resolve.select_world(&packages, Some(&self.world)).unwrap();

        let mut functions = String::new();
        for (key, item) in &resolve.worlds[world].exports {
            let WorldItem::Interface { id, .. } = item else { panic!("the world exports more than interfaces") };
            let interface = resolve.name_world_key(key);
            assert!(matches!(key, WorldKey::Interface(_)));
            for function in resolve.interfaces[*id].functions.values() {
                let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
                let list = |keyword: &str, types: &[WasmType]| match types {
                    [] => String::new(),
                    types => format!("({keyword} {})", types.iter().map(|ty| text(*ty)).collect::<Vec<_>>().join(" ")),
                };
                let body = self.bodies.get(&function.name).map_or("unreachable", String::as_str);
                functions.push_str(&format!(
                    "(func (export \"{interface}#{}\") {} {} {body})\n",
                    function.name,
                    list("param", &signature.params),
                    list("result", &signature.results),
                ));
            }
        }
        let data: String = self
            .data
            .iter()
            .map(|(address, bytes)| format!("(data (i32.const {address}) \"{}\")\n", escape(bytes)))
            .collect();
        let module = format!(
            "(module
              (memory (export \"memory\") {pages})
              (global $next (mut i32) (i32.const {HEAP}))
              (func $realloc (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (block $fits
                  (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
                  (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1)))))
                (local.get $at))
              {functions}
              {fields}
              {data})",
            pages = self.pages,
            fields = self.fields,
        );
        let mut module = wat::parse_str(&module).unwrap_or_else(|error| panic!("{error}\n{module}"));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }
}

fn text(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

fn escape(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
