//! What manifest, layouts and Kotlin of the Android package must and must not say.
//!
//! Each rule comes with a change to the real sources that it must find.

mod code;
mod layout;
mod manifest;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use roxmltree::Node;

/// The namespace of Android's attributes.
pub(super) const ANDROID: &str = "http://schemas.android.com/apk/res/android";

const MANIFEST: &str = "android/src/main/AndroidManifest.xml";
const APP_MANIFEST: &str = "examples/android-app/src/main/AndroidManifest.xml";
const SCREEN: &str = "android/src/main/res/layout/touchstone_connect.xml";
const DIMENS: &str = "android/src/main/res/values/touchstone_dimens.xml";
const BUTTON: &str = "android/src/main/kotlin/dev/touchstone/ui/ConnectButton.kt";
const ANNOUNCER: &str = "android/src/main/kotlin/dev/touchstone/ui/Announcer.kt";

/// Paths below the repository, and what is in them.
type Sources = BTreeMap<String, String>;

pub(crate) struct Rule {
    /// In the criteria of accessibility, which this belongs to.
    pub(crate) criterion: &'static str,
    pub(crate) what: &'static str,
    find: fn(&Sources) -> anyhow::Result<Vec<String>>,
    /// A file, a part of it, and what breaks the rule in its place.
    #[cfg_attr(not(test), allow(dead_code))]
    broken_by: (&'static str, &'static str, &'static str),
}

pub(crate) const RULES: [Rule; 17] = [
    Rule {
        criterion: "X11",
        what: "the list of permissions is exact, location only up to Android 11",
        find: manifest::permissions,
        broken_by: (
            MANIFEST,
            "android.permission.VIBRATE",
            "android.permission.CAMERA",
        ),
    },
    Rule {
        criterion: "X11",
        what: "the scan is never for location",
        find: manifest::never_for_location,
        broken_by: (
            MANIFEST,
            "android:usesPermissionFlags=\"neverForLocation\"",
            "",
        ),
    },
    Rule {
        criterion: "X11",
        what: "the app asks for nothing that the library does not ask for",
        find: manifest::no_permission_of_the_app,
        broken_by: (
            APP_MANIFEST,
            "<application",
            "<uses-permission android:name=\"android.permission.INTERNET\" /><application",
        ),
    },
    Rule {
        criterion: "X13",
        what: "the app supports writing from right to left",
        find: manifest::supports_rtl,
        broken_by: (APP_MANIFEST, "android:supportsRtl=\"true\"", ""),
    },
    Rule {
        criterion: "X15",
        what: "one polite and one assertive live region are there from the start, never hidden",
        find: layout::live_regions,
        broken_by: (
            SCREEN,
            "android:accessibilityLiveRegion=\"polite\"",
            "android:accessibilityLiveRegion=\"polite\" android:visibility=\"gone\"",
        ),
    },
    Rule {
        criterion: "X15",
        what: "no code hides a live region",
        find: code::regions_stay,
        broken_by: (
            ANNOUNCER,
            "other.text = \"\"",
            "other.visibility = View.GONE",
        ),
    },
    Rule {
        criterion: "X15",
        what: "one heading, and a pane title",
        find: layout::heading_and_pane,
        broken_by: (SCREEN, "android:accessibilityHeading=\"true\"", ""),
    },
    Rule {
        criterion: "X15",
        what: "no announcement that bypasses the live regions, no toast",
        find: code::no_deprecated_announcement,
        broken_by: (
            ANNOUNCER,
            "region.text = text",
            "region.announceForAccessibility(text)",
        ),
    },
    Rule {
        criterion: "X4",
        what: "everything that can be pressed is at least 48 dp high, the button 64 dp",
        find: layout::targets,
        broken_by: (
            DIMENS,
            "\"touchstone_primary_height\">64dp",
            "\"touchstone_primary_height\">48dp",
        ),
    },
    Rule {
        criterion: "X4",
        what: "nothing is ever disabled",
        find: code::nothing_disabled,
        broken_by: (
            BUTTON,
            "set(primary,",
            "primary.isEnabled = !screen.busy; set(primary,",
        ),
    },
    Rule {
        criterion: "X4",
        what: "the button is one view, drawn once and never replaced",
        find: layout::one_button,
        broken_by: (
            BUTTON,
            "drawSecondary(screen.secondary)",
            "removeView(primary)",
        ),
    },
    Rule {
        criterion: "X13",
        what: "no text is written into a layout",
        find: layout::no_text_in_layouts,
        broken_by: (SCREEN, "@string/ts_idle", "Ready"),
    },
    Rule {
        criterion: "X13",
        what: "no text is written into the code",
        find: code::no_text_in_code,
        broken_by: (
            BUTTON,
            "set(title, texts.text(screen.title))",
            "title.text = \"Connect\"",
        ),
    },
    Rule {
        criterion: "X13",
        what: "start and end, never left and right",
        find: layout::start_and_end,
        broken_by: (
            SCREEN,
            "android:fillViewport",
            "android:paddingLeft=\"8dp\" android:fillViewport",
        ),
    },
    Rule {
        criterion: "X16",
        what: "text grows to any size: no fixed height, no line limit, no size in dp, and it scrolls",
        find: layout::text_grows,
        broken_by: (
            SCREEN,
            "style=\"@style/Touchstone.Title\"",
            "style=\"@style/Touchstone.Title\" android:maxLines=\"1\"",
        ),
    },
    Rule {
        criterion: "X15",
        what: "every image has a description or is left out for the screen reader",
        find: layout::images_are_described,
        broken_by: (SCREEN, "<ScrollView", "<ImageView /><!-- --><ScrollView"),
    },
    Rule {
        criterion: "X10",
        what: "a password can be pasted and filled in, and is in no saved state",
        find: code::passwords,
        broken_by: (BUTTON, "dispatchSaveInstanceState", "onSaveNothing"),
    },
];

/// Every problem of every rule, with the criterion it belongs to.
pub(crate) fn everything() -> anyhow::Result<Vec<(&'static str, String)>> {
    let sources = sources()?;
    let mut problems = Vec::new();
    for rule in &RULES {
        for problem in (rule.find)(&sources)? {
            problems.push((rule.criterion, format!("{}: {problem}", rule.what)));
        }
    }
    Ok(problems)
}

fn sources() -> anyhow::Result<Sources> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Sources::new();
    let mut folders = vec![
        root.join("android/src/main"),
        root.join("examples/android-app/src/main"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let wanted = path
                .extension()
                .is_some_and(|extension| extension == "xml" || extension == "kt");
            if path.is_dir() {
                folders.push(path);
            } else if wanted {
                let name = path.strip_prefix(&root)?.display().to_string();
                sources.insert(name, fs::read_to_string(&path)?);
            }
        }
    }
    Ok(sources)
}

fn source<'a>(sources: &'a Sources, path: &str) -> anyhow::Result<&'a str> {
    let content = sources.get(path).map(String::as_str);
    content.with_context(|| format!("{path} is missing"))
}

fn android<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attribute((ANDROID, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_keep_every_rule() {
        assert_eq!(everything().unwrap(), []);
    }

    #[test]
    fn every_rule_finds_what_breaks_it() {
        for rule in &RULES {
            let (path, part, instead) = rule.broken_by;
            let mut sources = sources().unwrap();
            let content = sources.get_mut(path).unwrap();
            assert!(content.contains(part), "{path} has no {part}");
            *content = content.replacen(part, instead, 1);
            let found = (rule.find)(&sources);
            assert!(
                found.is_err() || found.is_ok_and(|problems| !problems.is_empty()),
                "{} does not find {instead}",
                rule.what
            );
        }
    }

    #[test]
    fn a_comment_is_no_code() {
        let sources = Sources::from([(
            "x.kt".to_owned(),
            "/** A Toast.\n * Toast */\n// Toast\nval toast = Toast()\n".to_owned(),
        )]);
        assert_eq!(
            code::no_deprecated_announcement(&sources).unwrap(),
            ["x.kt:4: val toast = Toast()"]
        );
    }
}
