//! A component of a stranger: it is refused, or it can be said what it is. Nothing of it runs.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(inspection) = paratope_runtime::inspect(bytes) {
        assert_eq!(inspection.size, bytes.len());
    }
});
