//! `paratope`: clears new starts of bispecific antibodies through sandboxed product and payer plugins.

use std::process::ExitCode;

fn main() -> ExitCode {
    paratope_server::cli::main()
}
