//! `cargo xtask catalogue`: from one TOML per language to what each platform reads, and the rules every text keeps.

mod android;
mod apple;
mod lint;
mod measure;
mod rust;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

pub(crate) use self::lint::{Problem, Rule};
use self::source::Catalogue;

/// Write the texts of every platform from the catalogue.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask catalogue\n  cargo xtask catalogue --check")]
pub(crate) struct Task {
    /// Write nothing: check the texts, and that what is committed is what would be written.
    #[arg(long)]
    check: bool,
}

/// A generated file: its path from the root of the repository, and its content.
type Generated = (PathBuf, String);

impl Task {
    /// Runs the subcommand; false if a text breaks a rule or a file is out of date.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let root = root();
        let catalogue = Catalogue::read(&root)?;
        let mut problems = lint::lint(&catalogue);
        if self.check {
            problems.extend(drift(&root, &catalogue)?);
            let measured = measure::measure(&catalogue)?;
            print!("{}", measured.summary());
            problems.extend(measured.problems);
        } else if problems.is_empty() {
            for (path, content) in generate(&catalogue) {
                let path = root.join(path);
                fs::create_dir_all(path.parent().context("a file has a folder")?)?;
                fs::write(&path, content).with_context(|| path.display().to_string())?;
            }
        }
        for problem in &problems {
            println!("{problem}");
        }
        println!(
            "{} texts in {} languages, {} problems",
            catalogue.source().messages.len(),
            catalogue.languages.len(),
            problems.len()
        );
        Ok(problems.is_empty())
    }
}

/// Everything the check finds, for `cargo xtask a11y`.
pub(crate) fn examine() -> anyhow::Result<(Vec<Problem>, Vec<Rule>)> {
    let root = root();
    let catalogue = Catalogue::read(&root)?;
    let mut problems = lint::lint(&catalogue);
    problems.extend(drift(&root, &catalogue)?);
    let measured = measure::measure(&catalogue)?;
    problems.extend(measured.problems);
    Ok((problems, measured.unmeasured))
}

/// An English text as it is spoken at 175 words a minute: 16-bit samples, one channel.
pub(crate) fn voice(text: &str) -> anyhow::Result<Vec<i16>> {
    measure::voice("en", text)
}

fn generate(catalogue: &Catalogue) -> Vec<Generated> {
    let mut files = rust::generate(catalogue);
    files.extend(android::generate(catalogue));
    files.push(apple::generate(catalogue));
    files
}

fn drift(root: &Path, catalogue: &Catalogue) -> anyhow::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for (path, content) in generate(catalogue) {
        if fs::read_to_string(root.join(&path)).ok().as_ref() != Some(&content) {
            problems.push(Problem {
                rule: Rule::Drift,
                language: String::new(),
                id: path.display().to_string(),
                what: "is not what `cargo xtask catalogue` writes".to_owned(),
            });
        }
    }
    Ok(problems)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_catalogue_keeps_every_rule_that_needs_no_tool() {
        let catalogue = Catalogue::read(&root()).unwrap();
        let problems: Vec<_> = lint::lint(&catalogue)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn the_committed_files_are_the_generated_ones() {
        let catalogue = Catalogue::read(&root()).unwrap();
        let problems = drift(&root(), &catalogue).unwrap();
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn the_same_catalogue_gives_the_same_files() {
        let catalogue = Catalogue::read(&root()).unwrap();
        assert_eq!(generate(&catalogue), generate(&catalogue));
    }
}
