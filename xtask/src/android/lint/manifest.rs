//! The manifests of the package and of the example.

use roxmltree::Document;

use super::{APP_MANIFEST, MANIFEST, Sources, android, source};

/// The whole list of permissions, with the newest Android each is asked on.
const PERMISSIONS: [(&str, Option<&str>); 6] = [
    ("android.permission.BLUETOOTH_SCAN", None),
    ("android.permission.BLUETOOTH_CONNECT", None),
    ("android.permission.BLUETOOTH", Some("30")),
    ("android.permission.BLUETOOTH_ADMIN", Some("30")),
    ("android.permission.ACCESS_FINE_LOCATION", Some("30")),
    ("android.permission.VIBRATE", None),
];

pub(super) fn permissions(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn never_for_location(sources: &Sources) -> anyhow::Result<Vec<String>> {
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

pub(super) fn no_permission_of_the_app(sources: &Sources) -> anyhow::Result<Vec<String>> {
    let document = Document::parse(source(sources, APP_MANIFEST)?)?;
    Ok(document
        .descendants()
        .filter(|node| node.tag_name().name().starts_with("uses-permission"))
        .map(|node| format!("{:?}", android(node, "name")))
        .collect())
}

pub(super) fn supports_rtl(sources: &Sources) -> anyhow::Result<Vec<String>> {
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
