//! The layouts.

use anyhow::Context;
use roxmltree::{Document, Node};

use super::{DIMENS, SCREEN, Sources, android, code::lines_with, source};

const LAYOUTS: [&str; 2] = [
    "android/src/main/res/layout/",
    "examples/android-app/src/main/res/layout/",
];
const STYLES: &str = "android/src/main/res/values/touchstone_styles.xml";
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

pub(super) fn live_regions(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn heading_and_pane(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn targets(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn name_of(node: Node<'_, '_>) -> String {
    let id = android(node, "id").unwrap_or_default();
    format!("{} {id}", node.tag_name().name())
}

pub(super) fn one_button(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn no_text_in_layouts(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn start_and_end(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn text_grows(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn images_are_described(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

/// Calls `each` for every element of every layout.
pub(super) fn layouts(
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
