//! What the sources of the Swift package must and must not contain, so that everyone can use what they draw.
//!
//! The parts that need Apple's frameworks cannot be compiled here; these rules read their syntax trees, inactive `#if` branches included.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

mod source;

use source::Source;

/// The sources that are read.
const FOLDERS: [&str; 2] = ["ios/Sources/Touchstone", "examples/ios-app"];
/// What the views cannot be without, and the criterion it is for.
const NEEDED: [(&str, &str, &str); 8] = [
    ("X15", "accessibilityAddTraits", ".isHeader"),
    ("X15", "accessibilityAddTraits", ".updatesFrequently"),
    ("X15", "accessibilityAddTraits", ".isSelected"),
    ("X15", "accessibilityInputLabels", ""),
    ("X15", "accessibilityAction", ".magicTap"),
    ("X15", "accessibilityAction", ".escape"),
    ("X15", "accessibilityFocused", ".field"),
    ("X10", "textContentType", ".password"),
];
/// What the system asks the person for, in the example as in the guide.
const INFO: &str = "examples/ios-app/Info.plist";
const PERMISSION: &str = "NSBluetoothAlwaysUsageDescription";
/// Something that keeps somebody from using the component.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// In the criteria of accessibility.
    criterion: &'static str,
    file: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line) = (self.file.display(), self.line);
        write!(f, "{file}:{line}: {} ({})", self.what, self.criterion)
    }
}

/// Everything that is wrong with the sources of the Swift package and of the example.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn examine() -> anyhow::Result<Vec<Problem>> {
    let root = super::root();
    let mut problems = Vec::new();
    let mut calls = Vec::new();
    for folder in FOLDERS {
        for path in sources(&root.join(folder))? {
            let text = fs::read_to_string(&path)?;
            let source = Source::parse(&text)?;
            let file = path.strip_prefix(&root).unwrap_or(&path);
            problems.extend(source.problems(file));
            calls.extend(source.calls().map(|call| (call.name, call.arguments)));
        }
    }
    problems.extend(permissions(&fs::read(root.join(INFO))?)?);
    for (criterion, modifier, argument) in NEEDED {
        let found =
            |(name, arguments): &(String, String)| name == modifier && arguments.contains(argument);
        if !calls.iter().any(found) {
            problems.push(Problem {
                criterion,
                file: FOLDERS[0].into(),
                line: 0,
                what: format!("nothing has .{modifier}({argument})"),
            });
        }
    }
    Ok(problems)
}

/// The criteria that something breaks; what it is, is printed.
///
/// # Errors
/// When the sources cannot be read.
pub(crate) fn broken() -> anyhow::Result<BTreeSet<&'static str>> {
    let problems = examine()?;
    for problem in &problems {
        println!("{problem}");
    }
    Ok(problems.iter().map(|problem| problem.criterion).collect())
}

/// One permission, and no other.
fn permissions(info: &[u8]) -> anyhow::Result<Vec<Problem>> {
    let info: plist::Dictionary = plist::from_bytes(info).context(INFO)?;
    let asked: Vec<&String> = info
        .keys()
        .filter(|key| key.ends_with("UsageDescription"))
        .collect();
    Ok(if asked == [PERMISSION] {
        Vec::new()
    } else {
        vec![Problem {
            criterion: "X11",
            file: INFO.into(),
            line: 0,
            what: format!("asks for {asked:?}, not for {PERMISSION} alone"),
        }]
    })
}

/// Every Swift file in a folder.
pub(super) fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|it| it == "swift") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_permission_is_asked_for_and_no_other() {
        let plist = |keys: &[&str]| {
            let keys = keys
                .iter()
                .map(|key| format!("<key>{key}</key><string>a</string>"));
            let body = keys.collect::<String>();
            let problems = permissions(format!("<plist><dict>{body}</dict></plist>").as_bytes());
            problems.unwrap().len()
        };
        assert_eq!(plist(&["CFBundleName", PERMISSION]), 0);
        assert_eq!(plist(&["CFBundleName"]), 1);
        assert_eq!(plist(&[PERMISSION, "NSCameraUsageDescription"]), 1);
    }

    #[test]
    fn the_sources_of_the_package_pass() {
        assert_eq!(examine().unwrap(), Vec::new());
        assert_eq!(broken().unwrap(), BTreeSet::new());
    }
}
