//! `cargo xtask models`: checks the formal models against their pinned results (models/README.md).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::shell;

const TOOL: &str = "verifpal";
/// What the tool's own minimum Rust version asks for is newer than what builds it.
const INSTALL_FLAGS: &[&str] = &["--ignore-rust-version"];

/// Check the formal models against their pinned results.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask models --install\n  cargo xtask models\n  cargo xtask models --only sas\n  cargo xtask models --json"
)]
pub(crate) struct Models {
    /// Print one line of JSON and nothing else on standard output.
    #[arg(long)]
    json: bool,
    /// Build the tool first where it is missing; once, some minutes.
    #[arg(long)]
    install: bool,
    /// Only the models whose file name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The pinned results, beside their models.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/expected.json"))]
    expected: PathBuf,
}

/// `models/expected.json`.
#[derive(Debug, Deserialize)]
struct Pinned {
    version: String,
    models: Vec<PinnedModel>,
}

#[derive(Debug, Deserialize)]
struct PinnedModel {
    file: String,
    sessions: u8,
    queries: BTreeMap<String, Finding>,
}

/// What the search found about one query.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    /// No attack within the bounds of the search.
    Holds,
    Attack,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Attack => "attack",
        })
    }
}

/// What the tool reports, as far as we read it.
#[derive(Debug, Deserialize)]
struct Report {
    version: String,
    models: Vec<ModelReport>,
}

#[derive(Debug, Deserialize)]
struct ModelReport {
    error: Option<String>,
    analysis: Option<Analysis>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    sessions: u8,
    elapsed_ms: u64,
    queries: Vec<QueryReport>,
}

#[derive(Debug, Deserialize)]
struct QueryReport {
    query: String,
    /// Whether an attack was found.
    resolved: bool,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Row {
    model: String,
    query: String,
    expected: Option<Finding>,
    found: Option<Finding>,
    ok: bool,
}

impl Models {
    /// False if a model says something else than what is pinned.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let pinned: Pinned = serde_json::from_slice(
            &fs::read(&self.expected)
                .with_context(|| format!("cannot read {}", self.expected.display()))?,
        )
        .with_context(|| format!("{} is not what it should be", self.expected.display()))?;
        let folder = self.expected.parent().unwrap_or(Path::new("."));
        unpinned(folder, &pinned)?;

        let tool = if self.install {
            shell::tool_with(TOOL, &pinned.version, INSTALL_FLAGS)?
        } else if let Some(tool) = installed(&pinned.version)? {
            tool
        } else {
            let reason = format!(
                "{TOOL} {} is not installed, run cargo xtask models --install",
                pinned.version
            );
            if self.json {
                println!("{}", serde_json::json!({ "skipped": reason, "rows": [] }));
            } else {
                println!("skipped: {reason}");
            }
            return Ok(true);
        };

        let mut all = Vec::new();
        for model in &pinned.models {
            if self
                .only
                .as_ref()
                .is_some_and(|only| !model.file.contains(only))
            {
                continue;
            }
            let (rows, elapsed) = check(&tool, folder, model, &pinned.version)?;
            for row in &rows {
                let line = row.to_string();
                if self.json {
                    eprintln!("{line} ({elapsed} ms)");
                } else {
                    println!("{line} ({elapsed} ms)");
                }
            }
            all.extend(rows);
        }
        if all.is_empty() {
            bail!("no such model in {}", self.expected.display());
        }
        let differing = all.iter().filter(|row| !row.ok).count();
        if self.json {
            println!("{}", serde_json::json!({ "rows": all }));
        } else {
            println!("{} queries, {differing} not as pinned", all.len());
        }
        Ok(differing == 0)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:24} {:48} ", self.model, self.query)?;
        match (self.expected, self.found) {
            (Some(_), Some(found)) if self.ok => write!(f, "{found}, as pinned"),
            (Some(expected), Some(found)) => write!(f, "DIFFERS: {found}, pinned is {expected}"),
            (Some(expected), None) => write!(f, "MISSING: pinned is {expected}"),
            (None, Some(found)) => write!(f, "NOT PINNED: {found}"),
            (None, None) => write!(f, "NOTHING"),
        }
    }
}

/// The tool in our cache or on the path, if it is of exactly this version.
fn installed(version: &str) -> anyhow::Result<Option<PathBuf>> {
    let candidates = [shell::tool_path(TOOL, version)?, PathBuf::from(TOOL)];
    Ok(candidates.into_iter().find(|candidate| {
        let output = Command::new(candidate).arg("--version").output();
        output.is_ok_and(|output| {
            let words = String::from_utf8_lossy(&output.stdout);
            words.split_whitespace().any(|word| word == version)
        })
    }))
}

/// Runs one model; its rows and how long the search took in milliseconds.
fn check(
    tool: &Path,
    folder: &Path,
    model: &PinnedModel,
    version: &str,
) -> anyhow::Result<(Vec<Row>, u64)> {
    let output = Command::new(tool)
        .args(["verify", "--format", "json", "--sessions"])
        .arg(model.sessions.to_string())
        .arg(folder.join(&model.file))
        .output()
        .with_context(|| format!("cannot run {}", tool.display()))?;
    let report: Report = serde_json::from_slice(&output.stdout).with_context(|| {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("{TOOL} has no report on {}: {errors}", model.file)
    })?;
    if report.version != version {
        bail!("this is {TOOL} {}, pinned is {version}", report.version);
    }
    let [model_report] = report.models.as_slice() else {
        bail!("{TOOL} reports on more or less than {}", model.file);
    };
    let analysis = model_report.analysis.as_ref().with_context(|| {
        let error = model_report.error.as_deref().unwrap_or("no reason given");
        format!("{} was not analysed: {error}", model.file)
    })?;
    if analysis.sessions != model.sessions {
        bail!("{} ran at {} sessions", model.file, analysis.sessions);
    }
    Ok((compare(model, &analysis.queries), analysis.elapsed_ms))
}

/// Every query that is pinned or reported, once.
fn compare(model: &PinnedModel, reported: &[QueryReport]) -> Vec<Row> {
    let found: BTreeMap<&str, Finding> = reported
        .iter()
        .map(|query| {
            let finding = if query.resolved {
                Finding::Attack
            } else {
                Finding::Holds
            };
            (query.query.as_str(), finding)
        })
        .collect();
    let names: BTreeSet<&str> = model
        .queries
        .keys()
        .map(String::as_str)
        .chain(found.keys().copied())
        .collect();
    names
        .into_iter()
        .map(|name| {
            let expected = model.queries.get(name).copied();
            let found = found.get(name).copied();
            Row {
                model: model.file.clone(),
                query: name.to_owned(),
                expected,
                found,
                ok: expected.is_some() && expected == found,
            }
        })
        .collect()
}

/// A model nobody pinned says nothing: there is none.
fn unpinned(folder: &Path, pinned: &Pinned) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_model = path.extension().is_some_and(|extension| extension == "vp");
        if is_model && !pinned.models.iter().any(|model| model.file == name) {
            bail!("{} has no pinned results", path.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

    fn committed() -> Pinned {
        let text = fs::read(Path::new(COMMITTED).join("expected.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// A report that says exactly what is pinned.
    fn agreeing(model: &PinnedModel) -> Vec<QueryReport> {
        model
            .queries
            .iter()
            .map(|(query, finding)| QueryReport {
                query: query.clone(),
                resolved: *finding == Finding::Attack,
            })
            .collect()
    }

    #[test]
    fn a_report_as_pinned_passes() {
        for model in committed().models {
            let rows = compare(&model, &agreeing(&model));
            assert!(!rows.is_empty());
            assert!(rows.iter().all(|row| row.ok), "{rows:?}");
        }
    }

    #[test]
    fn a_flipped_expectation_is_detected_in_every_model() {
        for mut model in committed().models {
            let reported = agreeing(&model);
            for query in model.queries.clone().keys() {
                let pinned = model.queries[query];
                let flipped = match pinned {
                    Finding::Holds => Finding::Attack,
                    Finding::Attack => Finding::Holds,
                };
                model.queries.insert(query.clone(), flipped);
                let wrong: Vec<_> = compare(&model, &reported)
                    .into_iter()
                    .filter(|row| !row.ok)
                    .map(|row| row.query)
                    .collect();
                assert_eq!(wrong, std::slice::from_ref(query), "{}", model.file);
                model.queries.insert(query.clone(), pinned);
            }
        }
    }

    #[test]
    fn a_query_that_was_taken_out_of_its_model_is_detected() {
        for model in committed().models {
            let rows = compare(&model, &[]);
            assert!(rows.iter().all(|row| !row.ok));
            assert_eq!(rows.len(), model.queries.len());
        }
    }

    #[test]
    fn a_query_that_nobody_pinned_is_detected() {
        let mut model = committed().models.remove(0);
        let reported = agreeing(&model);
        model.queries.clear();
        assert!(compare(&model, &reported).iter().all(|row| !row.ok));
    }

    #[test]
    fn a_model_without_pinned_results_is_refused() {
        let mut pinned = committed();
        unpinned(Path::new(COMMITTED), &pinned).unwrap();
        pinned.models.pop();
        assert!(unpinned(Path::new(COMMITTED), &pinned).is_err());
    }

    #[test]
    fn every_pinned_query_is_in_its_model() {
        for model in committed().models {
            let text = fs::read_to_string(Path::new(COMMITTED).join(&model.file)).unwrap();
            for query in model.queries.keys() {
                assert!(text.contains(query.as_str()), "{}: {query}", model.file);
            }
        }
    }
}
