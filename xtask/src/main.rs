//! Development tasks: `cargo xtask <task>`.

use std::process::ExitCode;

use clap::Parser;

mod a11y;
mod aar;
mod android;
mod attacks;
mod bench;
mod bindings;
mod catalogue;
mod cross;
mod e2e;
mod fuzz;
mod models;
mod natives;
mod reference;
mod shell;
mod swift;
mod test;
mod vectors;
mod web;
mod xcframework;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Development tasks")]
enum Task {
    /// Replay recorded EDHOC exchanges in both roles.
    Vectors(vectors::Vectors),
    A11y(a11y::Task),
    Aar(aar::Task),
    Android(android::Task),
    Attacks(attacks::Attacks),
    E2e(e2e::E2e),
    Bench(bench::Bench),
    Bindings(bindings::Task),
    Catalogue(catalogue::Task),
    Cross(cross::Cross),
    Natives(natives::Natives),
    /// Run the fuzz targets.
    Fuzz(fuzz::Fuzz),
    /// Check the formal models against their pinned results.
    Models(models::Models),
    Swift(swift::Task),
    Xcframework(xcframework::Task),
    /// Run every check and every test.
    Test(test::Test),
    Web(web::Task),
}

fn main() -> anyhow::Result<ExitCode> {
    let passed = match Task::parse() {
        Task::Vectors(task) => task.run()?,
        Task::A11y(task) => task.run()?,
        Task::Aar(task) => task.run()?,
        Task::Android(task) => task.run()?,
        Task::Attacks(task) => task.run()?,
        Task::E2e(task) => !matches!(task.run()?, shell::Outcome::Failed(_)),
        Task::Bench(task) => task.run()?,
        Task::Bindings(task) => task.run()?,
        Task::Catalogue(task) => task.run()?,
        Task::Cross(task) => task.run()?,
        Task::Natives(task) => task.run()?,
        Task::Fuzz(task) => task.run()?,
        Task::Models(task) => task.run()?,
        Task::Xcframework(task) => task.run()?,
        Task::Swift(task) => passed(&task.run()?),
        Task::Test(task) => task.run()?,
        Task::Web(task) => task.run()?,
    };
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A task that cannot run here has failed nothing; why is said.
fn passed(outcome: &shell::Outcome) -> bool {
    if let shell::Outcome::Skipped(why) = outcome {
        eprintln!("skipped: {why}");
    }
    !matches!(outcome, shell::Outcome::Failed(_))
}
