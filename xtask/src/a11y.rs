//! `cargo xtask a11y`: the criteria of accessibility, and the test that speaks for each.

mod audio;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use anyhow::bail;

use crate::{
    android,
    catalogue::{self, Rule},
    shell, swift, web,
};

/// Most announcements of a set-up in which nothing goes wrong.
const MOST_UTTERANCES: usize = 8;
/// Most speech of the same at 175 words a minute, in seconds.
const MOST_SPEECH: f64 = 25.0;
/// What the person hears in it.
const MAIN_SCENARIO: &str = "success";
/// Says what is tested and what is not.
const DOCUMENT: &str = "docs/ACCESSIBILITY.md";

/// Print the criteria X1 to X18, and what says that each is met.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask a11y\n  cargo xtask a11y --json | tail -1")]
pub(crate) struct Task {
    /// End with the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// What has to hold for a criterion.
enum Evidence {
    /// This test passes; it is in `touchstone-flow` or `touchstone-sim`.
    Test(&'static str),
    /// No text of any language breaks this rule.
    Texts(Rule),
    /// The main scenario keeps its budget.
    Budget,
    /// This check of the reference page finds nothing on it, and finds what is broken for it.
    Page(&'static str),
    /// The Android package keeps the rules of this criterion.
    Android(&'static str),
    /// So does the Swift package.
    Swift(&'static str),
    /// The document has its parts.
    Document,
}

/// What no test of this workspace can tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Nothing,
    /// A device in someone's hands.
    Device,
}

struct Criterion {
    id: &'static str,
    what: &'static str,
    evidence: &'static [Evidence],
    beyond: Beyond,
}

use Evidence::{Android, Budget, Document, Page, Swift, Test, Texts};

const CRITERIA: [Criterion; 18] = [
    Criterion {
        id: "X1",
        what: "complete without sight",
        evidence: &[
            Test("every_path_ends_in_an_announcement_that_must_be_delivered"),
            Test("every_scenario_is_a_story_whose_end_is_said"),
            Test("every_stop_has_a_next_step_and_the_button_to_take_it"),
            Test("every_story_reads_as_it_was_reviewed"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X2",
        what: "complete without hearing",
        evidence: &[
            Test("dropping_every_cue_leaves_every_story_passable"),
            Test("whatever_is_said_is_also_shown"),
            Test("someone_who_gets_no_cue_at_all_reaches_the_end_with_the_large_button_alone"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X3",
        what: "complete by braille",
        evidence: &[
            Texts(Rule::Braille),
            Test("whatever_is_said_is_also_shown"),
            Page("axe"),
            Page("tree"),
            Page("keyboard"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X4",
        what: "one control",
        evidence: &[
            Test("every_screen_offers_at_most_four_controls_cancel_first_and_help_last"),
            Page("primary"),
            Page("stops"),
            Page("targets"),
            Android("X4"),
            Swift("X4"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X5",
        what: "no time limit",
        evidence: &[
            Test("half_an_hour_before_the_touch_loses_nothing"),
            Test("half_an_hour_before_the_confirmation_loses_nothing"),
            Test("half_an_hour_before_the_list_of_networks_is_used_loses_nothing"),
            Test("half_an_hour_before_the_password_loses_nothing"),
            Test("half_an_hour_before_a_password_is_corrected_loses_nothing"),
            Test("half_an_hour_before_a_network_is_mended_loses_nothing"),
            Test("half_an_hour_before_a_permission_or_bluetooth_is_given_loses_nothing"),
            Test("half_an_hour_at_the_end_loses_nothing"),
            Test("nothing_is_lost_by_thirty_minutes_of_waiting_anywhere"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X6",
        what: "not chatty",
        evidence: &[
            Budget,
            Test("nobody_is_reminded_more_than_three_times_of_the_same"),
            Test("reminders_back_off_and_stop_after_three"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X7",
        what: "on time",
        evidence: &[
            Test("what_must_be_delivered_is_said_within_a_second"),
            Test("a_touch_is_acknowledged_within_300_ms_of_its_record"),
            Test("a_touch_is_felt_heard_and_said_the_moment_its_screen_appears"),
            Test("it_is_never_silent_for_more_than_fifteen_seconds_while_something_is_under_way"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X8",
        what: "plain words",
        evidence: &[
            Texts(Rule::Grade),
            Texts(Rule::Banned),
            Texts(Rule::Words),
            Texts(Rule::Speech),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X9",
        what: "errors help",
        evidence: &[
            Test("every_stop_has_a_next_step_and_the_button_to_take_it"),
            Test("every_stop_says_what_is_so_and_what_to_do"),
            Test(
                "every_row_has_the_button_text_politeness_haptic_earcon_and_interruption_of_the_table",
            ),
            Test("fewer_than_one_fault_in_a_hundred_ends_in_the_general_failure"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X10",
        what: "nothing asked twice",
        evidence: &[
            Test("a_wrong_password_is_corrected_in_place_and_nothing_else_is_asked_again"),
            Test("a_retry_after_a_failure_asks_nothing_twice"),
            Test("another_device_keeps_the_network"),
            Android("X10"),
            Swift("X10"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X11",
        what: "few prompts",
        evidence: &[Android("X11"), Swift("X11")],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X12",
        what: "secrets safe in speech",
        evidence: &[
            Test("no_message_contains_a_password_or_an_unverified_name"),
            Test("no_devices_name_is_shown_before_its_touch"),
            Test("direction_overrides_and_controls_are_removed_from_a_network_name"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X13",
        what: "localisable",
        evidence: &[
            Texts(Rule::Ids),
            Texts(Rule::Placeholders),
            Texts(Rule::Plurals),
            Texts(Rule::Characters),
            Texts(Rule::Drift),
            Test("every_number_has_the_category_that_cldr_gives_it"),
            Test("a_name_in_another_script_stays_within_its_isolates_in_arabic"),
            Page("direction"),
            Android("X13"),
            Swift("X13"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X14",
        what: "presence for all",
        evidence: &[Test(
            "every_row_has_the_button_text_politeness_haptic_earcon_and_interruption_of_the_table",
        )],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X15",
        what: "platform use",
        evidence: &[Android("X15"), Swift("X15")],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X16",
        what: "contrast, zoom, motion",
        evidence: &[
            Page("contrast"),
            Page("forced colours"),
            Page("reflow"),
            Page("reduced motion"),
            Android("X16"),
            Swift("X16"),
        ],
        beyond: Beyond::Nothing,
    },
    Criterion {
        id: "X17",
        what: "real screen readers",
        evidence: &[],
        beyond: Beyond::Device,
    },
    Criterion {
        id: "X18",
        what: "honest documentation",
        evidence: &[Document],
        beyond: Beyond::Nothing,
    },
];

/// What was found out, once for all criteria.
struct Findings {
    /// Whether each test passed, by the last part of its name.
    tests: BTreeMap<String, bool>,
    problems: Vec<catalogue::Problem>,
    unmeasured: Vec<Rule>,
    utterances: usize,
    speech: f64,
    /// The same by the planner's formula.
    estimate: f64,
    document: bool,
    page: web::Findings,
    /// Criteria whose rules the Android package breaks.
    android: BTreeSet<&'static str>,
    /// Criteria whose rules the Swift package breaks.
    swift: BTreeSet<&'static str>,
}

impl Task {
    /// Runs the subcommand; false if a criterion fails.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let findings = Findings::gather()?;
        let mut rows = Vec::new();
        let mut passed = true;
        for criterion in &CRITERIA {
            let failures = findings.failures(criterion);
            let result = match criterion.beyond {
                _ if !failures.is_empty() => "fail",
                Beyond::Nothing => "pass",
                Beyond::Device => "needs a device",
            };
            passed &= result != "fail";
            println!("{:4} {:14} {}", criterion.id, result, criterion.what);
            for evidence in criterion.evidence {
                let name = evidence.name();
                let mark = if failures.contains(&name) {
                    "FAILED "
                } else {
                    ""
                };
                println!("     {:14}   {mark}{name}", "");
            }
            rows.push((criterion.id, result));
        }
        println!(
            "X3, X4, X13 and X16 are judged on the reference page and the sources of the components; no component was seen on a phone."
        );
        println!(
            "The main scenario: {} of at most {MOST_UTTERANCES} utterances, {:.1} of at most {MOST_SPEECH:.0} s of speech at 175 words a minute (espeak-ng; {:.1} s by the planner's formula).",
            findings.utterances, findings.speech, findings.estimate
        );
        if self.json {
            println!("{}", as_json(&rows, findings.utterances, findings.speech));
        }
        Ok(passed)
    }
}

/// `speech` in seconds; tenths of them are told.
fn as_json(rows: &[(&str, &str)], utterances: usize, speech: f64) -> serde_json::Value {
    let row = |(id, result): &(&str, &str)| serde_json::json!({"id": id, "result": result});
    serde_json::json!({
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "utterances": utterances,
        "speech_seconds": (speech * 10.0).round() / 10.0,
    })
}

impl Findings {
    fn gather() -> anyhow::Result<Self> {
        let (problems, unmeasured) = catalogue::examine()?;
        for problem in &problems {
            println!("{problem}");
        }
        let mut tests = BTreeMap::new();
        let mut flow = shell::cargo();
        flow.args(["test", "-p", "touchstone-flow"]);
        let mut sim = shell::cargo();
        sim.args(["test", "-p", "touchstone-sim"]);
        sim.args(["--test", "experience", "--test", "golden"]);
        for command in [&mut flow, &mut sim] {
            tests.extend(results(command)?);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let heard = audio::write(MAIN_SCENARIO)?;
        println!("{heard}");
        let page = web::check()?;
        page.print();
        let document = fs::read_to_string(root.join(DOCUMENT)).unwrap_or_default();
        Ok(Self {
            tests,
            problems,
            unmeasured,
            utterances: heard.utterances,
            speech: heard.speech,
            estimate: heard.estimate,
            document: is_complete(&document),
            page,
            android: android::broken()?,
            swift: swift::lint::broken()?,
        })
    }

    /// The evidence that is missing.
    fn failures(&self, criterion: &Criterion) -> Vec<String> {
        let missing = criterion.evidence.iter().filter(|evidence| match evidence {
            Test(name) => self.tests.get(*name) != Some(&true),
            Texts(rule) => {
                self.unmeasured.contains(rule)
                    || self.problems.iter().any(|problem| problem.rule == *rule)
            }
            Budget => self.utterances > MOST_UTTERANCES || self.speech > MOST_SPEECH,
            Page(name) => !self.page.passed(name),
            Android(id) => self.android.contains(id),
            Swift(id) => self.swift.contains(id),
            Document => !self.document,
        });
        missing.map(Evidence::name).collect()
    }
}

impl Evidence {
    fn name(&self) -> String {
        match self {
            Test(name) => (*name).to_owned(),
            Texts(rule) => format!("cargo xtask catalogue --check ({rule:?})"),
            Budget => format!("the scenario {MAIN_SCENARIO} as it is heard"),
            Page(name) => format!("cargo xtask web ({name})"),
            Android(id) => format!("cargo xtask android --check ({id})"),
            Swift(id) => format!("cargo xtask swift --lint ({id})"),
            Document => DOCUMENT.to_owned(),
        }
    }
}

/// Runs tests and reads how each went.
fn results(command: &mut Command) -> anyhow::Result<BTreeMap<String, bool>> {
    let output = command.arg("--no-fail-fast").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let results = parse(&text);
    if results.is_empty() {
        bail!("no test ran:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    if !output.status.success() {
        eprintln!("{text}");
    }
    Ok(results)
}

/// What libtest prints: `test module::name ... ok`. A test of this name that fails anywhere has failed.
fn parse(text: &str) -> BTreeMap<String, bool> {
    let mut results = BTreeMap::new();
    for line in text.lines() {
        let Some((name, result)) = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... "))
        else {
            continue;
        };
        let name = name.rsplit("::").next().unwrap_or(name).to_owned();
        let passed = results.entry(name).or_insert(true);
        *passed &= result == "ok";
    }
    results
}

/// Whether the document says what it has to.
fn is_complete(document: &str) -> bool {
    let heading = |words: &str| {
        document
            .lines()
            .any(|line| line.starts_with("##") && line.to_lowercase().contains(words))
    };
    [
        "what is tested",
        "what is not tested",
        "release checklist",
        "known gaps",
        "makers",
    ]
    .into_iter()
    .all(heading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_an_ignored_and_a_passed_test_are_told_apart() {
        let results = parse(
            "running 3 tests\ntest a::b ... ok\ntest c ... FAILED\ntest d ... ignored\ntest result: FAILED. 1 passed",
        );
        let found: Vec<_> = results
            .iter()
            .map(|(name, ok)| (name.as_str(), *ok))
            .collect();
        assert_eq!(found, [("b", true), ("c", false), ("d", false)]);
    }

    #[test]
    fn a_criterion_without_its_test_fails() {
        let mut findings = Findings {
            tests: [("reminders_back_off_and_stop_after_three".to_owned(), true)].into(),
            problems: Vec::new(),
            unmeasured: vec![Rule::Braille],
            utterances: 9,
            speech: 1.0,
            estimate: 1.0,
            document: false,
            page: web::Findings::default(),
            android: BTreeSet::from(["X11"]),
            swift: BTreeSet::from(["X11", "X15"]),
        };
        let failures = |findings: &Findings, id| {
            let criterion = CRITERIA
                .iter()
                .find(|criterion| criterion.id == id)
                .unwrap();
            findings.failures(criterion).len()
        };
        assert_eq!(failures(&findings, "X6"), 2);
        assert_eq!(failures(&findings, "X3"), 5);
        assert_eq!(failures(&findings, "X18"), 1);
        assert_eq!(failures(&findings, "X11"), 2);
        assert_eq!(failures(&findings, "X15"), 1);
        findings.utterances = 8;
        findings.document = true;
        assert_eq!(failures(&findings, "X6"), 1);
        assert_eq!(failures(&findings, "X18"), 0);
    }

    #[test]
    fn the_result_as_json_has_a_row_for_each_criterion_and_the_measures_of_the_main_scenario() {
        let document = as_json(&[("X1", "pass"), ("X17", "needs a device")], 5, 14.634);
        let expected = r#"{"rows":[{"id":"X1","result":"pass"},{"id":"X17","result":"needs a device"}],"utterances":5,"speech_seconds":14.6}"#;
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(document, expected);
    }

    #[test]
    fn the_criteria_are_x1_to_x18() {
        for (index, criterion) in CRITERIA.iter().enumerate() {
            assert_eq!(criterion.id, format!("X{}", index + 1));
        }
    }
}
