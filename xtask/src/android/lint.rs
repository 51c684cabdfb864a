//! What manifest, layouts and Kotlin of the Android package must and must not say.
//!
//! Each rule comes with a change to the real sources that it must find.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use roxmltree::{Document, Node};

/// The namespace of Android's attributes.
pub(super) const ANDROID: &str = "http://schemas.android.com/apk/res/android";

const MANIFEST: &str = "android/src/main/AndroidManifest.xml";
const APP_MANIFEST: &str = "examples/android-app/src/main/AndroidManifest.xml";
const LAYOUTS: [&str; 2] = [
    "android/src/main/res/layout/",
    "examples/android-app/src/main/res/layout/",
];
const SCREEN: &str = "android/src/main/res/layout/touchstone_connect.xml";
const DIMENS: &str = "android/src/main/res/values/touchstone_dimens.xml";
const STYLES: &str = "android/src/main/res/values/touchstone_styles.xml";
const BUTTON: &str = "android/src/main/kotlin/dev/touchstone/ui/ConnectButton.kt";
const ANNOUNCER: &str = "android/src/main/kotlin/dev/touchstone/ui/Announcer.kt";

/// The whole list of permissions, with the newest Android each is asked on.
const PERMISSIONS: [(&str, Option<&str>); 6] = [
    ("android.permission.BLUETOOTH_SCAN", None),
    ("android.permission.BLUETOOTH_CONNECT", None),
    ("android.permission.BLUETOOTH", Some("30")),
    ("android.permission.BLUETOOTH_ADMIN", Some("30")),
    ("android.permission.ACCESS_FINE_LOCATION", Some("30")),
    ("android.permission.VIBRATE", None),
];
/// In dp: everything that can be pressed, and the one large button.
const TARGET: u32 = 48;
const PRIMARY_TARGET: u32 = 64;
/// Texts that a person would read.
const TEXTS: [&str; 4] = [
    "text",
    "hint",
    "contentDescription",
    "accessibilityPaneTitle",
];

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
        find: permissions,
        broken_by: (
            MANIFEST,
            "android.permission.VIBRATE",
            "android.permission.CAMERA",
        ),
    },
    Rule {
        criterion: "X11",
        what: "the scan is never for location",
        find: never_for_location,
        broken_by: (
            MANIFEST,
            "android:usesPermissionFlags=\"neverForLocation\"",
            "",
        ),
    },
    Rule {
        criterion: "X11",
        what: "the app asks for nothing that the library does not ask for",
        find: no_permission_of_the_app,
        broken_by: (
            APP_MANIFEST,
            "<application",
            "<uses-permission android:name=\"android.permission.INTERNET\" /><application",
        ),
    },
    Rule {
        criterion: "X13",
        what: "the app supports writing from right to left",
        find: supports_rtl,
        broken_by: (APP_MANIFEST, "android:supportsRtl=\"true\"", ""),
    },
    Rule {
        criterion: "X15",
        what: "one polite and one assertive live region are there from the start, never hidden",
        find: live_regions,
        broken_by: (
            SCREEN,
            "android:accessibilityLiveRegion=\"polite\"",
            "android:accessibilityLiveRegion=\"polite\" android:visibility=\"gone\"",
        ),
    },
    Rule {
        criterion: "X15",
        what: "no code hides a live region",
        find: regions_stay,
        broken_by: (
            ANNOUNCER,
            "other.text = \"\"",
            "other.visibility = View.GONE",
        ),
    },
    Rule {
        criterion: "X15",
        what: "one heading, and a pane title",
        find: heading_and_pane,
        broken_by: (SCREEN, "android:accessibilityHeading=\"true\"", ""),
    },
    Rule {
        criterion: "X15",
        what: "no announcement that bypasses the live regions, no toast",
        find: no_deprecated_announcement,
        broken_by: (
            ANNOUNCER,
            "region.text = text",
            "region.announceForAccessibility(text)",
        ),
    },
    Rule {
        criterion: "X4",
        what: "everything that can be pressed is at least 48 dp high, the button 64 dp",
        find: targets,
        broken_by: (
            DIMENS,
            "\"touchstone_primary_height\">64dp",
            "\"touchstone_primary_height\">48dp",
        ),
    },
    Rule {
        criterion: "X4",
        what: "nothing is ever disabled",
        find: nothing_disabled,
        broken_by: (
            BUTTON,
            "set(primary,",
            "primary.isEnabled = !screen.busy; set(primary,",
        ),
    },
    Rule {
        criterion: "X4",
        what: "the button is one view, drawn once and never replaced",
        find: one_button,
        broken_by: (
            BUTTON,
            "drawSecondary(screen.secondary)",
            "removeView(primary)",
        ),
    },
    Rule {
        criterion: "X13",
        what: "no text is written into a layout",
        find: no_text_in_layouts,
        broken_by: (SCREEN, "@string/ts_idle", "Ready"),
    },
    Rule {
        criterion: "X13",
        what: "no text is written into the code",
        find: no_text_in_code,
        broken_by: (
            BUTTON,
            "set(title, texts.text(screen.title))",
            "title.text = \"Connect\"",
        ),
    },
    Rule {
        criterion: "X13",
        what: "start and end, never left and right",
        find: start_and_end,
        broken_by: (
            SCREEN,
            "android:fillViewport",
            "android:paddingLeft=\"8dp\" android:fillViewport",
        ),
    },
    Rule {
        criterion: "X16",
        what: "text grows to any size: no fixed height, no line limit, no size in dp, and it scrolls",
        find: text_grows,
        broken_by: (
            SCREEN,
            "style=\"@style/Touchstone.Title\"",
            "style=\"@style/Touchstone.Title\" android:maxLines=\"1\"",
        ),
    },
    Rule {
        criterion: "X15",
        what: "every image has a description or is left out for the screen reader",
        find: images_are_described,
        broken_by: (SCREEN, "<ScrollView", "<ImageView /><!-- --><ScrollView"),
    },
    Rule {
        criterion: "X10",
        what: "a password can be pasted and filled in, and is in no saved state",
        find: passwords,
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

/// Calls `each` for every element of every layout.
fn layouts(
    sources: &Sources,
    mut each: impl FnMut(&str, Node<'_, '_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for (path, content) in sources {
        if LAYOUTS.iter().any(|folder| path.starts_with(folder)) {
            // More than one root is a mistake of its own, which aapt reports.
            let wrapped = format!("<layouts>{}</layouts>", without_declaration(content));
            let document = Document::parse(&wrapped).with_context(|| path.clone())?;
            for node in document.descendants().filter(Node::is_element).skip(1) {
                each(path, node)?;
            }
        }
    }
    Ok(())
}

fn without_declaration(xml: &str) -> &str {
    xml.split_once("?>").map_or(xml, |(_, rest)| rest)
}

/// Calls `each` for every line of Kotlin, without comments.
fn kotlin(sources: &Sources, mut each: impl FnMut(&str, usize, &str)) {
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
fn lines_with(sources: &Sources, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    kotlin(sources, |path, number, line| {
        if words.iter().any(|word| line.contains(word)) {
            found.push(format!("{path}:{number}: {line}"));
        }
    });
    found
}

fn permissions(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, MANIFEST)?)?;
    let mut asked: Vec<(&str, Option<&str>)> = document
        .descendants()
        .filter(|node| node.tag_name().name().starts_with("uses-permission"))
        .map(|node| {
            (
                android(node, "name").unwrap_or_default(),
                android(node, "maxSdkVersion"),
            )
        })
        .collect();
    let mut expected = PERMISSIONS.to_vec();
    asked.sort_unstable();
    expected.sort_unstable();
    Ok(if asked == expected {
        Vec::new()
    } else {
        vec![format!("{asked:?}")]
    })
}

fn never_for_location(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, MANIFEST)?)?;
    let never = document.descendants().any(|node| {
        android(node, "name") == Some("android.permission.BLUETOOTH_SCAN")
            && android(node, "usesPermissionFlags") == Some("neverForLocation")
    });
    Ok(if never {
        vec![]
    } else {
        vec![MANIFEST.to_owned()]
    })
}

fn no_permission_of_the_app(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, APP_MANIFEST)?)?;
    Ok(document
        .descendants()
        .filter(|node| node.tag_name().name().starts_with("uses-permission"))
        .map(|node| format!("{:?}", android(node, "name")))
        .collect())
}

fn supports_rtl(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, APP_MANIFEST)?)?;
    let supported = document.descendants().any(|node| {
        node.has_tag_name("application") && android(node, "supportsRtl") == Some("true")
    });
    Ok(if supported {
        vec![]
    } else {
        vec![APP_MANIFEST.to_owned()]
    })
}

fn live_regions(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, SCREEN)?)?;
    let mut problems = Vec::new();
    for politeness in ["polite", "assertive"] {
        let regions: Vec<_> = document
            .descendants()
            .filter(|node| android(*node, "accessibilityLiveRegion") == Some(politeness))
            .collect();
        let [region] = regions.as_slice() else {
            problems.push(format!("{} {politeness} regions", regions.len()));
            continue;
        };
        let hidden = region.ancestors().any(|node| {
            android(node, "visibility").is_some_and(|visibility| visibility != "visible")
                || android(node, "importantForAccessibility")
                    .is_some_and(|value| value.starts_with("no"))
        });
        if hidden || android(*region, "text").is_some() || !region.has_tag_name("TextView") {
            problems.push(format!(
                "the {politeness} region is hidden, not empty, or no text"
            ));
        }
    }
    Ok(problems)
}

fn regions_stay(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    kotlin(sources, |path, number, line| {
        let regions = path == ANNOUNCER || line.contains("region_");
        if regions && (line.contains("visibility") || line.contains("isVisible")) {
            problems.push(format!("{path}:{number}: {line}"));
        }
    });
    Ok(problems)
}

fn heading_and_pane(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, SCREEN)?)?;
    let count = |name: &str, value: Option<&str>| {
        document
            .descendants()
            .filter(|node| android(*node, name).is_some_and(|is| value.is_none_or(|v| v == is)))
            .count()
    };
    let mut problems = Vec::new();
    if count("accessibilityHeading", Some("true")) != 1 {
        problems.push("not exactly one heading".to_owned());
    }
    if count("accessibilityPaneTitle", None) != 1 {
        problems.push("not exactly one pane".to_owned());
    }
    if lines_with(sources, &["accessibilityPaneTitle ="]).is_empty() {
        problems.push("the pane's title does not follow the screen".to_owned());
    }
    Ok(problems)
}

#[allow(clippy::unnecessary_wraps, reason = "as every rule")]
fn no_deprecated_announcement(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

/// The value of an attribute of this element: its own, or its style's, or that of the style's parents in our own styles.
fn styled(sources: &Sources, node: Node<'_, '_>, name: &str) -> anyhow::Result<Option<String>> {
    if let Some(own) = android(node, name) {
        return Ok(Some(own.to_owned()));
    }
    let document = Document::parse(source(sources, STYLES)?)?;
    let mut style = node
        .attribute("style")
        .and_then(|style| style.strip_prefix("@style/"))
        .map(str::to_owned);
    while let Some(this) = style.take() {
        let element = document.descendants().find(|element| {
            element.has_tag_name("style") && element.attribute("name") == Some(&this)
        });
        let Some(element) = element else { break };
        let wanted = format!("android:{name}");
        let item = element
            .children()
            .find(|item| item.attribute("name") == Some(&wanted));
        if let Some(value) = item.and_then(|item| item.text()) {
            return Ok(Some(value.to_owned()));
        }
        style = element.attribute("parent").map(str::to_owned);
    }
    Ok(None)
}

/// A height in dp, looked up when it has a name.
fn dp(sources: &Sources, value: &str) -> anyhow::Result<Option<u32>> {
    let looked_up = match value.strip_prefix("@dimen/") {
        Some(name) => {
            let document = Document::parse(source(sources, DIMENS)?)?;
            let dimen = document
                .descendants()
                .find(|node| node.attribute("name") == Some(name));
            dimen
                .and_then(|node| node.text())
                .unwrap_or_default()
                .to_owned()
        }
        None => value.to_owned(),
    };
    Ok(looked_up.strip_suffix("dp").and_then(|dp| dp.parse().ok()))
}

fn targets(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    layouts(sources, |path, node| {
        let pressed = [
            "Button",
            "RadioButton",
            "EditText",
            "CheckBox",
            "ImageButton",
            "Switch",
        ]
        .contains(&node.tag_name().name())
            || android(node, "clickable") == Some("true");
        if !pressed {
            return Ok(());
        }
        let least = if android(node, "id") == Some("@+id/touchstone_primary") {
            PRIMARY_TARGET
        } else {
            TARGET
        };
        let height = match styled(sources, node, "minHeight")? {
            Some(value) => dp(sources, &value)?,
            None => None,
        };
        if height.is_none_or(|height| height < least) {
            problems.push(format!("{path}: {} is {height:?} dp high", name_of(node)));
        }
        Ok(())
    })?;
    Ok(problems)
}

fn name_of(node: Node<'_, '_>) -> String {
    let id = android(node, "id").unwrap_or_default();
    format!("{} {id}", node.tag_name().name())
}

fn nothing_disabled(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = lines_with(sources, &["isEnabled = ", "setEnabled(", "isClickable = "]);
    layouts(sources, |path, node| {
        if android(node, "enabled").is_some_and(|enabled| enabled != "true") {
            problems.push(format!("{path}: {}", name_of(node)));
        }
        Ok(())
    })?;
    Ok(problems)
}

fn one_button(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, SCREEN)?)?;
    let primary: Vec<_> = document
        .descendants()
        .filter(|node| android(*node, "id") == Some("@+id/touchstone_primary"))
        .collect();
    let mut problems = lines_with(
        sources,
        &[
            "primary.visibility",
            "removeView(primary",
            "removeAllViews(primary",
            "primary = Button",
        ],
    );
    if primary.len() != 1
        || primary
            .iter()
            .any(|node| android(*node, "visibility").is_some())
    {
        problems.push(format!("{} buttons", primary.len()));
    }
    Ok(problems)
}

fn no_text_in_layouts(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    layouts(sources, |path, node| {
        for name in TEXTS {
            if let Some(text) = android(node, name)
                && !text.starts_with("@string/")
            {
                problems.push(format!("{path}: {name}=\"{text}\""));
            }
        }
        Ok(())
    })?;
    Ok(problems)
}

#[allow(clippy::unnecessary_wraps, reason = "as every rule")]
fn no_text_in_code(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

fn start_and_end(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    layouts(sources, |path, node| {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let sided = |text: &str| text.contains("Left") || text.contains("Right");
            let gravity = name.to_lowercase().contains("gravity")
                && value
                    .split('|')
                    .any(|side| side == "left" || side == "right");
            if sided(name) || gravity {
                problems.push(format!("{path}: {name}=\"{value}\""));
            }
        }
        Ok(())
    })?;
    problems.extend(lines_with(sources, &["Gravity.LEFT", "Gravity.RIGHT"]));
    Ok(problems)
}

fn text_grows(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let limits = ["maxLines", "lines", "singleLine", "ellipsize", "maxHeight"];
    layouts(sources, |path, node| {
        let texts =
            ["TextView", "Button", "RadioButton", "EditText"].contains(&node.tag_name().name());
        let region = android(node, "accessibilityLiveRegion").is_some();
        if !texts || region {
            return Ok(());
        }
        for limit in limits {
            if styled(sources, node, limit)?.is_some() {
                problems.push(format!("{path}: {} has {limit}", name_of(node)));
            }
        }
        let height = styled(sources, node, "layout_height")?;
        if height.as_deref() != Some("wrap_content") {
            problems.push(format!(
                "{path}: {} has the height {height:?}",
                name_of(node)
            ));
        }
        if styled(sources, node, "textSize")?.is_some_and(|size| !size.ends_with("sp")) {
            problems.push(format!("{path}: {} has a size not in sp", name_of(node)));
        }
        Ok(())
    })?;
    if !source(sources, SCREEN)?.contains("<ScrollView") {
        problems.push("the screen does not scroll".to_owned());
    }
    Ok(problems)
}

fn images_are_described(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    layouts(sources, |path, node| {
        let image = node.tag_name().name().starts_with("Image");
        let described = android(node, "contentDescription").is_some()
            || android(node, "importantForAccessibility") == Some("no");
        if image && !described {
            problems.push(format!("{path}: {}", name_of(node)));
        }
        Ok(())
    })?;
    Ok(problems)
}

fn passwords(sources: &Sources) -> anyhow::Result<Vec<String>> {
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
            no_deprecated_announcement(&sources).unwrap(),
            ["x.kt:4: val toast = Toast()"]
        );
    }
}
