//! `cargo xtask attacks`: which test answers which threat, and whether it does.
//!
//! `docs/threats.json` is the one place that maps threats to tests; `docs/THREATS.md` says the same in words, and is checked against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::shell;

const MAPPING: &str = "docs/threats.json";
const WORDS: &str = "docs/THREATS.md";

/// Print the table threat -> test -> result by running the tests.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask attacks\n  cargo xtask attacks --json | tail -n 1"
)]
pub(crate) struct Attacks {
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
    /// Only the rows whose id begins with this.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
}

/// What `docs/threats.json` says.
#[derive(Debug, Deserialize)]
struct Mapping {
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    title: String,
    /// Empty for what is not built.
    #[serde(default)]
    tests: Vec<String>,
    /// Only discussed in words: no test could show it.
    #[serde(default)]
    discussed: bool,
}

/// `package/target::name`, where the target is an integration test or `lib`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test<'a> {
    package: &'a str,
    target: &'a str,
    name: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Pass,
    Fail,
    #[serde(rename = "not built")]
    NotBuilt,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    id: &'a str,
    title: &'a str,
    test: String,
    result: Verdict,
}

impl Attacks {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in the workspace")?;
        let mapping = Mapping::read(root)?;
        let problems = mapping.problems(root)?;
        let rows: Vec<&Row> = mapping
            .rows
            .iter()
            .filter(|row| !row.discussed)
            .filter(|row| {
                self.only
                    .as_ref()
                    .is_none_or(|only| row.id.starts_with(only.as_str()))
            })
            .collect();
        let passed = run_tests(&rows)?;
        let lines: Vec<Line<'_>> = rows.iter().map(|row| row.line(&passed)).collect();
        print_table(&lines);
        for problem in &problems {
            println!("PROBLEM  {problem}");
        }
        let count = |verdict| lines.iter().filter(|line| line.result == verdict).count();
        println!(
            "{} pass, {} fail, {} not built",
            count(Verdict::Pass),
            count(Verdict::Fail),
            count(Verdict::NotBuilt)
        );
        if self.json {
            println!("{}", serde_json::json!({ "rows": lines }));
        }
        Ok(problems.is_empty() && count(Verdict::Fail) == 0)
    }
}

impl Row {
    fn line<'a>(&'a self, passed: &BTreeSet<Test<'_>>) -> Line<'a> {
        let result = if self.tests.is_empty() {
            Verdict::NotBuilt
        } else if self
            .tests
            .iter()
            .all(|test| Test::parse(test).is_ok_and(|test| passed.contains(&test)))
        {
            Verdict::Pass
        } else {
            Verdict::Fail
        };
        let failed = self
            .tests
            .iter()
            .filter(|test| !Test::parse(test).is_ok_and(|test| passed.contains(&test)));
        let named: Vec<&str> = match result {
            Verdict::Fail => failed.map(String::as_str).collect(),
            _ => self.tests.iter().map(String::as_str).collect(),
        };
        Line {
            id: &self.id,
            title: &self.title,
            test: named.join(", "),
            result,
        }
    }
}

impl<'a> Test<'a> {
    fn parse(test: &'a str) -> anyhow::Result<Self> {
        let (package, rest) = test
            .split_once('/')
            .with_context(|| format!("{test}: no package"))?;
        let (target, name) = rest
            .split_once("::")
            .with_context(|| format!("{test}: no target"))?;
        Ok(Self {
            package,
            target,
            name,
        })
    }

    fn function(&self) -> &'a str {
        self.name.rsplit("::").next().unwrap_or(self.name)
    }
}

/// Runs the tests of these rows, one process per test binary; those that passed. A test that does not exist has not.
fn run_tests<'a>(rows: &[&'a Row]) -> anyhow::Result<BTreeSet<Test<'a>>> {
    let mut binaries: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for test in rows.iter().flat_map(|row| &row.tests) {
        let test = Test::parse(test)?;
        binaries
            .entry((test.package, test.target))
            .or_default()
            .insert(test.name);
    }
    let mut passed = BTreeSet::new();
    for ((package, target), names) in binaries {
        let mut cargo = shell::cargo();
        // As in a run of the whole workspace, where the simulation asks for what is optional.
        cargo.args(["test", "--quiet", "--all-features", "-p", package]);
        match target {
            "lib" => cargo.arg("--lib"),
            test => cargo.args(["--test", test]),
        };
        cargo
            .args(["--", "--exact", "--format", "pretty"])
            .args(&names);
        cargo.stderr(std::process::Stdio::inherit());
        let output = cargo.output().context("cannot run cargo test")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let before = passed.len();
        passed.extend(names.into_iter().filter_map(|name| {
            let line = format!("test {name} ... ok");
            text.lines().any(|printed| printed == line).then_some(Test {
                package,
                target,
                name,
            })
        }));
        if !output.status.success() {
            print!("{text}");
        }
        println!("{package} {target}: {} passed", passed.len() - before);
    }
    Ok(passed)
}

fn print_table(lines: &[Line<'_>]) {
    println!();
    for line in lines {
        let result = match line.result {
            Verdict::Pass => "pass",
            Verdict::Fail => "FAIL",
            Verdict::NotBuilt => "not built",
        };
        println!("{:<10} {:<11} {}", result, line.id, line.title);
        for test in line.test.split(", ").filter(|test| !test.is_empty()) {
            println!("{:24}{test}", "");
        }
    }
    println!();
}

impl Mapping {
    fn read(root: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(MAPPING)).context(MAPPING)?;
        serde_json::from_str(&text).context(MAPPING)
    }

    /// Where mapping, words and sources disagree, without running anything.
    fn problems(&self, root: &Path) -> anyhow::Result<Vec<String>> {
        let words = fs::read_to_string(root.join(WORDS)).context(WORDS)?;
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for row in &self.rows {
            if !seen.insert(row.id.as_str()) {
                problems.push(format!("{}: twice in {MAPPING}", row.id));
            }
            let heading = format!("## {} ", row.id);
            let Some((_, section)) = words.split_once(&heading) else {
                problems.push(format!("{}: no section in {WORDS}", row.id));
                continue;
            };
            let section = section.split("\n## ").next().unwrap_or(section);
            if row.discussed && !row.tests.is_empty() {
                problems.push(format!("{}: discussed, but has tests", row.id));
            }
            if row.tests.is_empty() && !row.discussed && !section.contains("not built") {
                problems.push(format!("{}: {WORDS} does not say \"not built\"", row.id));
            }
            for test in &row.tests {
                let test = Test::parse(test)?;
                if !section.contains(test.function()) {
                    problems.push(format!("{}: {WORDS} lacks {}", row.id, test.function()));
                }
                if !test.exists(root)? {
                    problems.push(format!("{}: there is no test {}", row.id, test.name));
                }
            }
        }
        for heading in words.lines().filter_map(|line| line.strip_prefix("## ")) {
            let id = heading.split_whitespace().next().unwrap_or_default();
            if !seen.contains(id) {
                problems.push(format!("{id}: not in {MAPPING}"));
            }
        }
        Ok(problems)
    }
}

impl Test<'_> {
    /// Whether a source file of its target has a function of this name.
    fn exists(&self, root: &Path) -> anyhow::Result<bool> {
        let package = root.join("crates").join(self.package);
        ensure!(package.is_dir(), "there is no crate {}", self.package);
        let sources = if self.target == "lib" {
            package.join("src")
        } else {
            package.join("tests")
        };
        let needle = format!("fn {}(", self.function());
        let mut pending = vec![sources];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    pending.push(path);
                } else if path.extension().is_some_and(|ext| ext == "rs")
                    && fs::read_to_string(&path)?.contains(&needle)
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn mapping_words_and_sources_agree() {
        let problems = Mapping::read(root()).unwrap().problems(root()).unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn every_named_attack_is_in_the_mapping() {
        let text = fs::read_to_string(root().join(MAPPING)).unwrap();
        for folder in [
            "crates/touchstone-sim/tests/attacks",
            "crates/touchstone-proto/tests",
        ] {
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|ext| ext != "rs") {
                    continue;
                }
                let source = fs::read_to_string(&path).unwrap();
                for (_, rest) in source
                    .match_indices("#[test]\nfn ")
                    .map(|(at, found)| source.split_at(at + found.len()))
                {
                    let name = rest.split('(').next().unwrap();
                    let numbered = name
                        .strip_prefix(['t', 'r'])
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
                    assert!(
                        !numbered || text.contains(&format!("::{name}\"")),
                        "{name} is in no row of {MAPPING}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_missing_section_test_or_row_is_a_problem() {
        let mapping = |json: &str| serde_json::from_str::<Mapping>(json).unwrap();
        let problems = |json: &str| mapping(json).problems(root()).unwrap().join("\n");
        let nowhere = r#"{"rows":[{"id":"T99","title":"x","tests":[]}]}"#;
        assert!(problems(nowhere).contains("T99: no section"));
        assert!(problems(nowhere).contains("T1: not in"));
        let no_test =
            r#"{"rows":[{"id":"T1","title":"x","tests":["touchstone-sim/attacks::no::such"]}]}"#;
        assert!(problems(no_test).contains("there is no test no::such"));
        let unbuilt = r#"{"rows":[{"id":"T1","title":"x","tests":[]}]}"#;
        assert!(problems(unbuilt).contains("does not say \"not built\""));
    }
}
