//! Development tasks: `cargo xtask <task>`.

use std::process::ExitCode;

use clap::Parser;

mod shell;
mod test;
mod vectors;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Development tasks")]
enum Task {
    /// Replay recorded EDHOC exchanges in both roles.
    Vectors(vectors::Vectors),
    /// Run every check and every test.
    Test(test::Test),
}

fn main() -> anyhow::Result<ExitCode> {
    let passed = match Task::parse() {
        Task::Vectors(task) => task.run()?,
        Task::Test(task) => task.run()?,
    };
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
