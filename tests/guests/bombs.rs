//! Valid components that a compiler would choke on.

use super::payer;

/// One function with `count` locals.
pub fn locals(count: usize) -> Vec<u8> {
    payer().fields(&format!("(func (local {}))", "i32 ".repeat(count))).build()
}

/// One jump table with `count` targets.
pub fn jump_table(count: usize) -> Vec<u8> {
    payer().fields(&format!("(func (param i32) (br_table {} (local.get 0)))", "0 ".repeat(count))).build()
}

/// `count` functions.
pub fn functions(count: usize) -> Vec<u8> {
    payer().fields(&"(func)".repeat(count)).build()
}

/// One function of `count` additions.
pub fn long_function(count: usize) -> Vec<u8> {
    let body = "i32.const 1 i32.add ".repeat(count);
    payer().fields(&format!("(func (export \"long\") (param i32) (result i32) local.get 0 {body})")).build()
}

/// Within every limit of a part, and slow all the same: `functions` functions that each keep `locals` values alive
/// through `blocks` branches.
pub fn slow(functions: usize, locals: usize, blocks: usize) -> Vec<u8> {
    let mut body = String::new();
    for block in 0..blocks {
        let (a, b) = (block % locals, (block * 7 + 1) % locals);
        body.push_str(&format!(
            "(if (local.get 0) (then (local.set {} (i32.add (local.get {}) (local.get {})))))\n",
            a + 1,
            b + 1,
            (a + b) % locals + 1
        ));
    }
    let function = format!("(func (param i32) (result i32) (local {}) {body} (local.get 1))\n", "i32 ".repeat(locals));
    let table = format!("(table funcref (elem {}))", (0..functions).map(|i| format!("$f{i} ")).collect::<String>());
    let all: String = (0..functions).map(|i| function.replacen("(func", &format!("(func $f{i}"), 1)).collect();
    payer().fields(&format!("{table}{all}")).build()
}
