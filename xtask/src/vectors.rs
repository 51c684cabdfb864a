//! `cargo xtask vectors`: replays recorded EDHOC exchanges in both roles.

use std::fs;
use std::path::PathBuf;

#[path = "../../crates/touchstone-proto/tests/support/replay.rs"]
mod replay;

use replay::{Outcome, Summary, replay_file};

/// Replays transcripts in the format of `crates/touchstone-proto/vectors/edhoc-p256-crosschecked.json`.
#[derive(Debug, clap::Args)]
pub(crate) struct Vectors {
    /// Print one line of JSON with the counts and nothing else on standard output.
    #[arg(long)]
    json: bool,
    /// Files of transcripts; without any, the committed ones.
    files: Vec<PathBuf>,
}

impl Vectors {
    /// Runs the subcommand; false if any transcript failed.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        run(self.json, &self.files)
    }
}

/// Replays every transcript of `files` and prints what became of each; false if any failed.
///
/// # Errors
/// None of a file's: one that cannot be read counts as failed.
pub(crate) fn run(json: bool, files: &[PathBuf]) -> anyhow::Result<bool> {
    let committed = [PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/touchstone-proto/vectors/edhoc-p256-crosschecked.json"
    ))];
    let files = if files.is_empty() { &committed } else { files };

    let mut summary = Summary::default();
    for file in files {
        let outcomes = match fs::read_to_string(file) {
            Ok(contents) => replay_file(&contents),
            Err(error) => vec![Outcome::Failed(error.to_string())],
        };
        for (index, outcome) in outcomes.iter().enumerate() {
            summary.count(outcome);
            let line = match outcome {
                Outcome::Replayed => "replayed".to_owned(),
                Outcome::Failed(why) => format!("FAILED: {why}"),
                Outcome::Unsupported(why) => format!("unsupported: {why}"),
            };
            let line = format!("{} [{index}] {line}", file.display());
            if json {
                eprintln!("{line}");
            } else {
                println!("{line}");
            }
        }
    }

    let Summary {
        replayed,
        failed,
        unsupported,
    } = summary;
    if json {
        let counts = [
            ("replayed", replayed),
            ("failed", failed),
            ("unsupported", unsupported),
        ];
        let fields: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("\"{name}\":{count}"))
            .collect();
        println!("{{{}}}", fields.join(","));
    } else {
        println!("{replayed} replayed, {failed} failed, {unsupported} unsupported");
    }
    Ok(failed == 0)
}
