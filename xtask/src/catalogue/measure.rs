//! What only a braille translator, a voice and a dictionary of syllables can tell.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, bail};

use super::{
    lint::{MAX_GRADE, Problem, Rule, grade, is_graded},
    source::{Catalogue, Language, Message, example},
};
use crate::shell;

/// No announcement takes longer.
const MAX_SPEECH: Duration = Duration::from_secs(6);
/// Words a minute: how fast a screen reader speaks before it is made faster.
const RATE: &str = "175";
/// Samples a second of every voice of espeak-ng.
const VOICE_RATE: u32 = 22_050;

/// Grades of texts, by syllables that are looked up; newer releases fetch their dictionary while they run. It still needs `pkg_resources`.
const TEXTSTAT: [&str; 3] = ["textstat==0.7.3", "pyphen==0.18.0", "setuptools<81"];
const GRADES: &str = "import json, sys, textstat
print(json.dumps([textstat.flesch_kincaid_grade(text) for text in json.load(sys.stdin)]))";

/// What was measured, and what breaks a rule.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(super) problems: Vec<Problem>,
    /// Rules that could not be looked at.
    pub(super) unmeasured: Vec<Rule>,
    lines: Vec<String>,
}

impl Measured {
    /// One line for each language.
    pub(super) fn summary(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// The braille table and the voice of a language; neither reads kanji aloud.
fn tools(tag: &str) -> (&'static str, Option<&'static str>) {
    match tag {
        "de" => ("de-g2.ctb", Some("de")),
        "es" => ("es-g2.ctb", Some("es")),
        "fr" => ("fr-bfu-g2.ctb", Some("fr-fr")),
        "ar" => ("ar-ar-g2.ctb", Some("ar")),
        "ja" => ("ja-kantenji.utb", None),
        "pl" => ("Pl-Pl-g1.utb", Some("pl")),
        _ => ("en-ueb-g2.ctb", Some("en-us")),
    }
}

/// Measures every text of every language, and installs what that takes on a Debian where this may be done.
pub(super) fn measure(catalogue: &Catalogue) -> anyhow::Result<Measured> {
    let mut measured = Measured::default();
    let braille = is_there("lou_translate", "liblouis-bin");
    let voice = is_there("espeak-ng", "espeak-ng");
    if !braille {
        measured.unmeasured.push(Rule::Braille);
    }
    if !voice {
        measured.unmeasured.push(Rule::Speech);
    }
    let graded = graded(catalogue.source());
    let grades = grades(&graded);
    if let Err(error) = &grades {
        measured.lines.push(format!("{error:#}"));
        measured.unmeasured.push(Rule::Grade);
    }
    for rule in &measured.unmeasured {
        if std::env::var_os("CI").is_some() {
            bail!("{rule:?} cannot be measured");
        }
        measured.lines.push(format!("{rule:?} is not measured"));
    }
    for language in &catalogue.languages {
        let rows: Vec<(&Message, String)> = language
            .messages
            .iter()
            .flat_map(|message| {
                message
                    .forms()
                    .into_iter()
                    .map(move |text| (message, example(text)))
            })
            .collect();
        let mut line = format!("{}: {} texts", language.tag, rows.len());
        if braille {
            line += &in_braille(catalogue.source(), language, &rows, &mut measured.problems)?;
        }
        if voice {
            line += &aloud(language, &rows, &mut measured.problems)?;
        }
        if language.tag == catalogue.source().tag
            && let Ok(grades) = &grades
        {
            line += &in_school(&graded, grades, &mut measured.problems);
        }
        measured.lines.push(line);
    }
    Ok(measured)
}

fn is_there(program: &str, package: &str) -> bool {
    let runs = || {
        Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    runs() || (shell::debian(&[package]).is_ok() && runs())
}

/// The texts that have a grade, with their ids.
fn graded(source: &Language) -> Vec<(&str, String)> {
    let sentences = source
        .messages
        .iter()
        .filter(|message| message.is_sentence());
    sentences
        .map(|message| (message.id.as_str(), example(message.general())))
        .filter(|(_, text)| is_graded(text))
        .collect()
}

fn in_school(graded: &[(&str, String)], grades: &[f64], problems: &mut Vec<Problem>) -> String {
    for ((id, text), found) in graded.iter().zip(grades) {
        if *found > MAX_GRADE {
            problems.push(Problem {
                rule: Rule::Grade,
                language: "en".to_owned(),
                id: (*id).to_owned(),
                what: format!("grade {found:.1} by textstat: {text}"),
            });
        }
    }
    let highest = |grades: &mut dyn Iterator<Item = f64>| grades.fold(f64::MIN, f64::max);
    format!(
        ", grade at most {:.1} by textstat and {:.1} by our formula",
        highest(&mut grades.iter().copied()),
        highest(&mut graded.iter().map(|(_, text)| grade(text)))
    )
}

/// The Flesch-Kincaid grade of each text.
fn grades(graded: &[(&str, String)]) -> anyhow::Result<Vec<f64>> {
    let python = shell::python(&TEXTSTAT)?;
    let mut child = Command::new(python)
        .args(["-c", GRADES])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let texts: Vec<&str> = graded.iter().map(|(_, text)| text.as_str()).collect();
    // It answers only when it has read everything.
    let mut input = child.stdin.take().context("it reads")?;
    input.write_all(&serde_json::to_vec(&texts)?)?;
    drop(input);
    let output = child.wait_with_output()?;
    let grades: Vec<f64> = serde_json::from_slice(&output.stdout).context("textstat")?;
    if grades.len() != graded.len() {
        bail!("textstat: {} texts, {} grades", graded.len(), grades.len());
    }
    Ok(grades)
}

fn in_braille(
    source: &Language,
    language: &Language,
    rows: &[(&Message, String)],
    problems: &mut Vec<Problem>,
) -> anyhow::Result<String> {
    let (table, _) = tools(&language.tag);
    let texts: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
    let (mut longest, mut longest_label) = (0, 0);
    for ((message, text), cells) in rows.iter().zip(cells(table, &texts)?) {
        let original = source
            .messages
            .iter()
            .find(|original| original.id == message.id);
        let limit = original.unwrap_or(message).max_cells();
        let longest = if message.is_label() {
            &mut longest_label
        } else {
            &mut longest
        };
        *longest = cells.max(*longest);
        if cells > limit {
            problems.push(Problem {
                rule: Rule::Braille,
                language: language.tag.clone(),
                id: message.id.clone(),
                what: format!("takes {cells} cells, not {limit}: {text}"),
            });
        }
    }
    Ok(format!(
        ", at most {longest} cells, {longest_label} on a control"
    ))
}

/// The length of each text in braille cells.
fn cells(table: &str, texts: &[&str]) -> anyhow::Result<Vec<usize>> {
    let mut child = Command::new("lou_translate")
        .args(["--forward", &format!("unicode.dis,{table}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run lou_translate")?;
    let mut input = child.stdin.take().context("it reads")?;
    let lines = texts.join("\n") + "\n";
    // It answers while it is still being asked.
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output()?;
    drop(writer.join());
    let cells: Vec<usize> = String::from_utf8(output.stdout)?
        .lines()
        .map(|line| line.chars().count())
        .collect();
    if cells.len() != texts.len() {
        bail!("{table}: {} texts, {} in braille", texts.len(), cells.len());
    }
    Ok(cells)
}

fn aloud(
    language: &Language,
    rows: &[(&Message, String)],
    problems: &mut Vec<Problem>,
) -> anyhow::Result<String> {
    let texts: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
    let Some(lengths) = speech(&language.tag, &texts)? else {
        return Ok(", not spoken".to_owned());
    };
    let mut longest = Duration::ZERO;
    for ((message, text), length) in rows.iter().zip(lengths) {
        longest = longest.max(length);
        if length > MAX_SPEECH {
            problems.push(Problem {
                rule: Rule::Speech,
                language: language.tag.clone(),
                id: message.id.clone(),
                what: format!("takes {:.1} s to say: {text}", length.as_secs_f64()),
            });
        }
    }
    Ok(format!(", at most {:.1} s", longest.as_secs_f64()))
}

/// How long each text takes to say; `None` when there is no voice for the language.
pub(super) fn speech(tag: &str, texts: &[&str]) -> anyhow::Result<Option<Vec<Duration>>> {
    if tools(tag).1.is_none() || !is_there("espeak-ng", "espeak-ng") {
        return Ok(None);
    }
    let lengths = texts.iter().map(|text| {
        let samples = voice(tag, text)?.len();
        Ok(Duration::from_secs(1).mul_f64(samples as f64 / f64::from(VOICE_RATE)))
    });
    lengths.collect::<anyhow::Result<_>>().map(Some)
}

/// A text as it is spoken: 16-bit samples, one channel.
pub(super) fn voice(tag: &str, text: &str) -> anyhow::Result<Vec<i16>> {
    let (_, Some(voice)) = tools(tag) else {
        bail!("nobody speaks {tag}");
    };
    let name = format!("touchstone-voice-{}.wav", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut command = Command::new("espeak-ng");
    command.args(["-v", voice, "-s", RATE, "-w"]).arg(&path);
    let status = command.args(["--", text]).status();
    let samples = read(&path).with_context(|| format!("espeak-ng says nothing to {text:?}"));
    drop(std::fs::remove_file(&path));
    if !status.context("cannot run espeak-ng")?.success() {
        bail!("espeak-ng cannot say {text:?}");
    }
    samples
}

fn read(path: &Path) -> anyhow::Result<Vec<i16>> {
    let reader = hound::WavReader::open(path)?;
    let spec = reader.spec();
    if (spec.channels, spec.sample_rate) != (1, VOICE_RATE) {
        bail!("an unexpected voice: {spec:?}");
    }
    Ok(reader.into_samples().collect::<Result<_, _>>()?)
}
