//! The Kotlin sources.

use super::{
    ANNOUNCER, BUTTON, Sources, android,
    layout::{layouts, name_of},
    source,
};

pub(super) fn regions_stay(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    kotlin(sources, |path, number, line| {
        let regions = path == ANNOUNCER || line.contains("region_");
        if regions && (line.contains("visibility") || line.contains("isVisible")) {
            problems.push(format!("{path}:{number}: {line}"));
        }
    });
    Ok(problems)
}

#[allow(clippy::unnecessary_wraps, reason = "as every rule")]
pub(super) fn no_deprecated_announcement(sources: &Sources) -> anyhow::Result<Vec<String>> {
    Ok(lines_with(
        sources,
        &[
            "announceForAccessibility",
            "TYPE_ANNOUNCEMENT",
            "Toast",
            "Snackbar",
        ],
    ))
}

pub(super) fn nothing_disabled(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = lines_with(sources, &["isEnabled = ", "setEnabled(", "isClickable = "]);
    layouts(sources, |path, node| {
        if android(node, "enabled").is_some_and(|enabled| enabled != "true") {
            problems.push(format!("{path}: {}", name_of(node)));
        }
        Ok(())
    })?;
    Ok(problems)
}

#[allow(clippy::unnecessary_wraps, reason = "as every rule")]
pub(super) fn no_text_in_code(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    kotlin(sources, |path, number, line| {
        let literal = |property: &str| {
            line.split_once(property)
                .is_some_and(|(_, value)| value.starts_with('"') && !value.starts_with("\"\""))
        };
        let shown = [
            ".text = ",
            ".hint = ",
            "setText(",
            "contentDescription = ",
            "stateDescription = ",
            "accessibilityPaneTitle = ",
        ];
        if shown.iter().any(|property| literal(property)) {
            problems.push(format!("{path}:{number}: {line}"));
        }
    });
    Ok(problems)
}

pub(super) fn passwords(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let button = source(sources, BUTTON)?;
    let needed = [
        "AUTOFILL_HINT_PASSWORD",
        "dispatchSaveInstanceState(container: SparseArray<Parcelable>): Unit = Unit",
    ];
    let mut problems: Vec<String> = needed
        .iter()
        .filter(|needed| !button.contains(*needed))
        .map(|needed| format!("no {needed}"))
        .collect();
    problems.extend(lines_with(
        sources,
        &[
            "isLongClickable",
            "customSelectionActionMode",
            "customInsertionActionMode",
        ],
    ));
    Ok(problems)
}

/// Calls `each` for every line of Kotlin, without comments.
pub(super) fn kotlin(sources: &Sources, mut each: impl FnMut(&str, usize, &str)) {
    for (path, content) in sources.iter().filter(|(path, _)| path.ends_with(".kt")) {
        let mut comment = false;
        for (number, line) in content.lines().enumerate() {
            let code = line.trim();
            comment |= code.starts_with("/*");
            if !comment && !code.starts_with("//") {
                each(path, number + 1, code);
            }
            comment &= !code.contains("*/");
        }
    }
}

/// Every line of Kotlin that contains one of these.
pub(super) fn lines_with(sources: &Sources, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    kotlin(sources, |path, number, line| {
        if words.iter().any(|word| line.contains(word)) {
            found.push(format!("{path}:{number}: {line}"));
        }
    });
    found
}
