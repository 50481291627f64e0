//! From documents to a plugin, with an engine of a few lines.

use paratope_domain::ProductError;
use paratope_runtime::{Document, DocumentEngine, Limits, Severity, SnapshotError};

use super::*;
use crate::guests::answers::Layout;

/// An engine that keeps its one document and answers every `monograph` with its text. An empty document is an error
/// at line 7; `loop` keeps it busy for ever.
fn engine() -> Vec<u8> {
    let configured = Layout::new(32).u32(4, 64).u32(8, 4).build();
    let refused = Layout::new(12).u8(0, 1).list(4, &Layout::new(40).u32(8, 7).u32(12, 3).build(), 1).build();
    Guest::new(&["types", "product", "payer", "engine"], "paratope:engine/label-engine@0.1.0")
        .data(64, b"toy!".to_vec())
        .data(guests::ANSWER, refused)
        .data(2048, configured)
        .data(4096, answers::error(b"").build())
        .body(
            "configure",
            "(if (i32.eqz (i32.load (i32.add (local.get 0) (i32.const 12)))) (then (return (i32.const 1024))))
             (loop $busy (br_if $busy
               (i32.eq (i32.load (i32.load (i32.add (local.get 0) (i32.const 8)))) (i32.const 0x706f6f6c))))
             (i32.store (i32.const 4104) (i32.load (i32.add (local.get 0) (i32.const 8))))
             (i32.store (i32.const 4108) (i32.load (i32.add (local.get 0) (i32.const 12))))
             i32.const 2048",
        )
        .body("monograph", "i32.const 4096")
        .build()
}

fn document_engine() -> DocumentEngine {
    sandbox().document_engine(&engine()).unwrap()
}

fn document(text: &str) -> [Document; 1] {
    [Document { path: "label/2026-03-05.toml".into(), text: text.into() }]
}

#[test]
fn documents_become_an_ordinary_plugin() {
    let snapshot = document_engine().snapshot(&document("twelve rules")).unwrap();
    assert_eq!(snapshot.summary.subject, "toy!");
    let plugin = sandbox().load("toy", &snapshot.component, Origin::Snapshot).unwrap();
    assert_eq!(plugin.inspection().exports, ["paratope:product/product@0.2.0"]);
    let reply = plugin.product().unwrap().monograph(day()).unwrap();
    assert_eq!(reply.answer, Err(ProductError::Other("twelve rules".into())));
    assert!(reply.stats.fuel_used < 1_000, "nothing is parsed when the plugin is called");
}

#[test]
fn the_same_documents_make_the_same_bytes_and_others_do_not() {
    let engine = document_engine();
    let first = engine.snapshot(&document("one")).unwrap();
    assert_eq!(first, engine.snapshot(&document("one")).unwrap());
    assert_eq!(first, document_engine().snapshot(&document("one")).unwrap());
    assert_ne!(first.component, engine.snapshot(&document("two")).unwrap().component);
}

#[test]
fn documents_with_errors_come_back_with_the_place() {
    let Err(SnapshotError::Documents(diagnostics)) = document_engine().snapshot(&document("")) else {
        panic!("an empty document is an error")
    };
    let [diagnostic] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!((diagnostic.line, diagnostic.column, diagnostic.severity), (7, 3, Severity::Error));
}

#[test]
fn an_engine_that_never_ends_is_stopped() {
    let publishing = Limits { fuel: 5_000_000, ..Limits::PUBLISH };
    let sandbox = Sandbox::new(SandboxSettings { publishing, ..SandboxSettings::default() }).unwrap();
    let engine = sandbox.document_engine(&engine()).unwrap();
    let error = engine.snapshot(&document("loop")).unwrap_err();
    assert!(matches!(error, SnapshotError::Configure(CallError::Fuel { limit: 5_000_000 })), "{error}");
    engine.snapshot(&document("calm")).expect("the next one is not affected");
}

#[test]
fn an_engine_without_documents_is_no_plugin() {
    let error = sandbox().load("engine", &engine(), Origin::Foreign).unwrap_err();
    assert!(matches!(error, LoadError::Unconfigured { name } if name == "paratope:engine/configure@0.1.0"));
}

#[test]
fn what_is_no_engine_is_refused() {
    for component in [good().build(), wat::parse_str("(module)").unwrap(), b"text".to_vec()] {
        let refused = sandbox().document_engine(&component).and_then(|engine| engine.snapshot(&document("x")));
        assert!(matches!(refused, Err(SnapshotError::Engine { .. })), "{refused:?}");
    }
}
