//! The command line: what each command is called and what it promises. Each has a file of its own.

mod app;
mod audit;
mod break_glass;
mod call;
mod clear;
mod db;
mod demo;
mod plan;
mod plugin;
mod publisher;
mod receipt;
mod replay;
mod rules;
mod serve;
mod site;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::app::App;
use crate::services::ServiceError;
use crate::session::AskError;
use crate::terminal::safe_lines;

/// Exit codes, the same for every command.
const EXIT_CODES: &str = "Exit codes:
  0  done, and cleared where something was to be cleared
  1  something failed or differs
  2  the input or the command line cannot be used
  3  not cleared: blocked, or waiting for something";

/// Clears new starts of bispecific antibodies through sandboxed product and payer plugins.
#[derive(Debug, Parser)]
#[command(name = "paratope", version, after_help = EXIT_CODES)]
struct Cli {
    /// Where the store is [default: $XDG_DATA_HOME/paratope or ~/.local/share/paratope].
    #[arg(long, global = true, env = "PARATOPE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The PostgreSQL database that holds the store in place of a file, as postgres://USER:PASSWORD@HOST/NAME. Better told by
    /// the environment, where other users cannot read it.
    #[arg(long, global = true, env = "PARATOPE_DATABASE", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
    /// Who gives the command, where that is not the user of this machine: events tell both.
    #[arg(long = "as", global = true, value_name = "NAME")]
    acting_as: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Clears a dozen synthetic patients at three synthetic sites, and says where to look next.
    Demo(demo::Demo),
    /// Serves the HTTP API.
    Serve(serve::Serve),
    /// Clears an order: may these doses be given here, and will they be paid?
    Clear(clear::Clear),
    /// Plans a course dose by dose: days, amounts, monitoring, vials, units.
    Plan(plan::Plan),
    /// Calls one function of one plugin.
    Call(call::Call),
    /// Runs recorded determinations again and compares byte for byte.
    Replay(replay::Replay),
    /// Shows and keeps the sites where doses are given.
    #[command(subcommand)]
    Site(site::Site),
    /// Writes, builds, tests, signs and publishes plugins, and lets them answer.
    #[command(subcommand)]
    Plugin(Box<plugin::Plugin>),
    /// Shows and keeps the keys whose signatures count.
    #[command(subcommand)]
    Publisher(publisher::Publisher),
    /// Shows and sets what is asked of a plugin before it may answer.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Sets checkpoints aside: two people, for a time, reviewed by a third.
    #[command(subcommand)]
    BreakGlass(break_glass::BreakGlass),
    /// Issues, lists and revokes the tokens that people show over HTTP.
    #[command(subcommand)]
    Token(token::Token),
    /// Gives a signed receipt of a determination, or checks one.
    Receipt(receipt::Receipt),
    /// Copies the store, and makes one of a copy.
    #[command(subcommand)]
    Db(db::Db),
    /// Shows what was done, by whom, and checks that the list of it is whole.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Prints what a shell needs to complete commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Compiles a foreign component: the sandbox starts it, nobody else.
    #[command(hide = true)]
    CompileWorker,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done,
    Failed,
    BadInput,
    NotCleared,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::NotCleared => 3,
        })
    }
}

/// Why a command did not end well: its exit code, and the words for the terminal.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// The input cannot be used.
    fn bad_input(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::BadInput, error: error.into() }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Failed, error }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { exit: Exit::Failed, error: error.into() }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let is_input = match &error {
            ServiceError::BadRequest(_) | ServiceError::Unknown { .. } => true,
            ServiceError::Ask(ask) => {
                matches!(ask, AskError::Unknown { .. } | AskError::WrongKind { .. } | AskError::NotApproved { .. })
            }
            ServiceError::Refused(_) | ServiceError::Forbidden(_) => true,
            ServiceError::NoAnswer { code, .. } => code == "bad-request",
            ServiceError::Install(install) => !install.passes(),
            ServiceError::Nothing { .. } | ServiceError::Store(_) | ServiceError::Internal(_) => false,
        };
        Self { exit: if is_input { Exit::BadInput } else { Exit::Failed }, error: error.into() }
    }
}

type Outcome = Result<Exit, Failure>;

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let app = App { data: cli.data, database: cli.database.map(Into::into), acting_as: cli.acting_as };
    let outcome = match cli.command {
        Command::Demo(command) => demo::run(&app, &command),
        Command::Serve(command) => serve::run(&app, &command),
        Command::Clear(command) => clear::run(&app, &command),
        Command::Plan(command) => plan::run(&app, &command),
        Command::Call(command) => call::run(&app, &command),
        Command::Replay(command) => replay::run(&app, &command),
        Command::Site(command) => site::run(&app, &command),
        Command::Plugin(command) => plugin::run(&app, *command),
        Command::Publisher(command) => publisher::run(&app, command),
        Command::Rules(command) => rules::run(&app, &command),
        Command::BreakGlass(command) => break_glass::run(&app, command),
        Command::Token(command) => token::run(&app, command),
        Command::Receipt(command) => receipt::run(&app, &command),
        Command::Db(command) => db::run(&app, &command),
        Command::Audit(command) => audit::run(&app, &command),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "paratope", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::CompileWorker => return paratope_runtime::compile_worker_main(),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("error: {}", safe_lines(&format!("{:#}", failure.error)));
            failure.exit.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
