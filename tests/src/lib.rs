//! Tests from the outside are in `tests/tests`, hostile guests in `tests/guests`, benchmarks in `tests/benches`.
