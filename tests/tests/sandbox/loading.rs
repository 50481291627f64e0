//! What a component can try before it is called.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use paratope_runtime::{Kind, Registry, Track, digest, inspect};

use super::*;
use crate::guests::bombs;

fn refusal(component: &[u8]) -> LoadError {
    match try_load(component) {
        Ok(plugin) => panic!("it was loaded: {plugin:?}"),
        Err(error) => error,
    }
}

#[test]
fn a_plugin_says_what_it_is() {
    let component = good().build();
    let plugin = try_load(&component).unwrap();
    assert_eq!((plugin.name(), plugin.kind(), plugin.track()), ("guest", Kind::Payer, Track::PayerV0_1));
    assert_eq!((plugin.size(), plugin.digest()), (component.len(), digest(&component).as_str()));
    assert!(plugin.payer().is_some() && plugin.product().is_none());
    let inspection = inspect(&component).unwrap();
    assert_eq!(&inspection, plugin.inspection());
    assert_eq!(inspection.exports, ["paratope:payer/payer@0.1.0"]);
    assert!(inspection.imports.iter().all(|import| import.starts_with("paratope:types/")), "{inspection:?}");
}

#[test]
fn things_that_are_not_components_are_refused() {
    assert!(matches!(refusal(&wat::parse_str("(module)").unwrap()), LoadError::CoreModule));
    assert!(matches!(refusal(&vec![0; 50_000_000]), LoadError::TooLarge { size: 50_000_000, .. }));
    assert!(matches!(refusal(&[0; 5_000]), LoadError::Invalid { .. }));
    assert!(matches!(refusal(b""), LoadError::Invalid { .. }));
    assert!(matches!(refusal(b"(component)"), LoadError::Invalid { .. }));
    let whole = good().build();
    for length in [8, 9, whole.len() / 2, whole.len() - 1] {
        try_load(&whole[..length]).unwrap_err();
    }
}

#[test]
fn a_component_with_any_byte_changed_loads_or_is_refused() {
    let whole = good().build();
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        // Looking must never panic; compiling each would only take long.
        let _ = inspect(&changed);
    }
}

#[test]
fn imports_are_refused_by_name() {
    let wasi = wat::parse_str(
        "(component (import \"wasi:cli/environment@0.2.0\" (instance (export \"get-arguments\" (func)))))",
    )
    .unwrap();
    assert!(matches!(refusal(&wasi), LoadError::Wasi { name } if name == "wasi:cli/environment@0.2.0"));
    let other = wat::parse_str("(component (import \"give-me-the-time\" (func (result u64))))").unwrap();
    assert!(matches!(refusal(&other), LoadError::Import { name } if name == "give-me-the-time"));
    let resource = wat::parse_str(
        "(component (import \"paratope:types/types@0.1.0\" (instance (export \"handle\" (type (sub resource))))))",
    )
    .unwrap();
    assert!(matches!(refusal(&resource), LoadError::Import { .. }));
    let module = wat::parse_str("(component (import \"code\" (core module)))").unwrap();
    assert!(matches!(refusal(&module), LoadError::Import { .. }));
}

#[test]
fn another_version_of_the_contract_is_refused_with_both_sides_named() {
    let error = refusal(&guests::payer().contract("@0.1.0", "@0.2.0").build());
    assert_eq!(
        error.to_string(),
        "it exports `paratope:payer/payer@0.2.0`, and this host speaks `paratope:product@0.1`, `paratope:product@0.2`, \
         `paratope:payer@0.1`"
    );
}

#[test]
fn a_patch_of_the_contract_is_the_same_track() {
    let guest = good().contract("@0.1.0", "@0.1.7");
    assert_eq!(profile(&load(guest)).unwrap().answer.unwrap().name, "A good neighbour");
}

#[test]
fn a_component_of_both_kinds_is_refused() {
    let guest = Guest::new(&["types", "product", "payer"], "").world(
        "package test:both; world both { export paratope:payer/payer@0.1.0; export paratope:product/product@0.2.0; }",
        "test:both/both",
    );
    assert!(matches!(refusal(&guest.build()), LoadError::BothKinds { .. }));
}

#[test]
fn a_component_of_no_contract_is_refused() {
    let empty = wat::parse_str("(component)").unwrap();
    assert_eq!(refusal(&empty).to_string(), "it exports neither a product nor a payer; it exports nothing");
    let guest = Guest::new(&[], "").world("package test:other; interface x { f: func(); } world w { export x; }", "w");
    assert!(matches!(refusal(&guest.build()), LoadError::NoContract { exports } if exports == "`test:other/x`"));
}

#[test]
fn wrong_types_behind_the_right_names_are_refused() {
    let grown =
        guests::payer().contract("    submission: list<statement>,", "    submission: list<statement>, more: bool,");
    let error = refusal(&grown.build());
    assert!(
        matches!(&error, LoadError::WrongTypes { function, .. } if function == "paratope:payer/payer@0.1.0#assess"),
        "{error}"
    );
    let missing = guests::payer().contract("  prefer: func(request: prefer-request) -> result<preferred, error>;", "");
    assert!(
        matches!(refusal(&missing.build()), LoadError::WrongTypes { function, .. } if function.ends_with("#prefer"))
    );
}

#[test]
fn a_start_that_fails_is_refused() {
    let trap = guests::payer().fields("(func $start unreachable) (start $start)");
    assert!(matches!(refusal(&trap.build()), LoadError::Start(CallError::Trapped { .. })));
    let endless = guests::payer().fields("(func $start (loop $l (br $l))) (start $start)");
    assert!(matches!(refusal(&endless.build()), LoadError::Start(CallError::Fuel { .. })));
}

#[test]
fn memory_and_tables_too_large_from_the_start_are_refused() {
    try_load(&guests::payer().pages(2_000).build()).unwrap_err();
    try_load(&guests::payer().fields("(table 1000000 funcref)").build()).unwrap_err();
    try_load(&guests::payer().pages(65_536).build()).unwrap_err();
}

#[test]
fn compile_bombs_are_refused_before_they_are_compiled() {
    let excess = |component: &[u8]| match refusal(component) {
        LoadError::Excess { what, .. } => what,
        error => panic!("{error}"),
    };
    assert_eq!(excess(&bombs::locals(4_000)), "locals in a function");
    assert_eq!(excess(&bombs::jump_table(1_000_000)), "bytes in a function");
    assert_eq!(excess(&bombs::jump_table(100_000)), "targets in a jump table");
    assert_eq!(excess(&bombs::functions(30_000)), "functions");
    assert_eq!(excess(&bombs::long_function(200_000)), "bytes in a function");
}

#[test]
fn instructions_no_plugin_needs_are_refused() {
    for field in [
        "(func (result v128) (v128.const i64x2 0 0))",
        "(memory 1 1 shared)",
        "(memory i64 1)",
        "(func $f (return_call $f))",
        "(tag $t)",
        "(type (struct))",
    ] {
        let component = format!("(component (core module {field}))");
        assert!(matches!(refusal(&wat::parse_str(&component).unwrap()), LoadError::Invalid { .. }), "{field}");
    }
}

#[test]
fn a_swap_is_seen_by_new_calls_and_not_by_those_under_way() {
    let plugins = Registry::default();
    let named = |name: &[u8]| load(guests::payer().answers("profile", answers::profile(name).build()));
    assert!(plugins.put("guest", named(b"first")).is_none());
    let held = plugins.get("guest").unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen_second = false;
                    while !stop.load(Ordering::Relaxed) {
                        let name = profile(&plugins.get("guest").unwrap()).unwrap().answer.unwrap().name;
                        assert!(name == "second" || (name == "first" && !seen_second), "{name}");
                        seen_second |= name == "second";
                    }
                    seen_second
                })
            })
            .collect();
        thread::sleep(std::time::Duration::from_millis(50));
        let replaced = plugins.put("guest", named(b"second")).unwrap();
        assert_eq!(replaced.digest(), held.digest());
        thread::sleep(std::time::Duration::from_millis(50));
        stop.store(true, Ordering::Relaxed);
        assert!(callers.into_iter().all(|caller| caller.join().unwrap()));
    });
    assert_eq!(profile(&held).unwrap().answer.unwrap().name, "first");
    assert_eq!(plugins.all().len(), 1);
    assert!(plugins.remove("guest").is_some() && plugins.get("guest").is_none());
}
