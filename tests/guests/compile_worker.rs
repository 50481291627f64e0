//! A compile worker for tests: nothing but what the host's own hidden subcommand does.

fn main() -> std::process::ExitCode {
    paratope_runtime::compile_worker_main()
}
