//! Whether an XCFramework is what it says.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context;
use object::{
    LittleEndian,
    macho::{self, MachHeader64},
    read::{archive::ArchiveFile, macho::MachHeader},
};

use crate::shell;

use super::{Architecture, Info, LIBRARY, Library, MODULE, Platform};

/// Everything that is wrong with this framework.
///
/// # Errors
/// When it cannot be read.
pub(super) fn check(framework: &Path) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let plist = framework.join("Info.plist");
    let info: Info = match plist::from_file(&plist) {
        Ok(info) => info,
        Err(error) => return Ok(vec![format!("Info.plist: {error}")]),
    };
    if (info.package_type.as_str(), info.format.as_str()) != ("XFWK", "1.0") {
        problems.push("Info.plist: not an XCFramework of format 1.0".to_owned());
    }
    let device = |library: &Library| {
        library.supported_platform == Platform::Ios.name()
            && library.supported_platform_variant.is_none()
    };
    if !info.available_libraries.iter().any(device) {
        problems.push("Info.plist: no library for a phone".to_owned());
    }
    let mut expected = BTreeSet::from(["Info.plist".to_owned()]);
    for library in &info.available_libraries {
        let name = &library.library_identifier;
        if !expected.insert(name.clone()) {
            problems.push(format!("{name}: listed twice"));
        }
        let folder = framework.join(name);
        let found = examine(library, &folder)?;
        problems.extend(
            found
                .into_iter()
                .map(|problem| format!("{name}: {problem}")),
        );
    }
    for name in names(framework)? {
        if !expected.contains(&name) {
            problems.push(format!("{name}: not in Info.plist"));
        }
    }
    Ok(problems)
}

fn examine(library: &Library, folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let variant = library.supported_platform_variant.as_deref();
    let Some(platform) = Platform::ALL.into_iter().find(|platform| {
        platform.name() == library.supported_platform && platform.variant() == variant
    }) else {
        return Ok(vec!["no platform of ours".to_owned()]);
    };
    let mut architectures = Vec::new();
    for name in &library.supported_architectures {
        match Architecture::ALL.into_iter().find(|it| it.name() == name) {
            Some(architecture) => architectures.push(architecture),
            None => problems.push(format!("no architecture of ours: {name}")),
        }
    }
    let described = Library::new(platform, architectures.iter().copied());
    if described.library_identifier != library.library_identifier {
        problems.push(format!("should be {}", described.library_identifier));
    }
    if [&library.library_path, &library.binary_path] != [LIBRARY, LIBRARY]
        || library.headers_path != "Headers"
    {
        problems.push("paths in Info.plist are not those of the layout".to_owned());
    }
    problems.extend(headers(&folder.join("Headers"))?);
    match fs::read(folder.join(LIBRARY)) {
        Ok(content) => problems.extend(binary(&content, platform, &architectures)),
        Err(error) => problems.push(format!("{LIBRARY}: {error}")),
    }
    Ok(problems)
}

/// A module map of its own folder, so that it meets no other's, and every header it names.
fn headers(folder: &Path) -> anyhow::Result<Vec<String>> {
    let module = folder.join(MODULE);
    let Ok(map) = fs::read_to_string(module.join("module.modulemap")) else {
        return Ok(vec![format!("no Headers/{MODULE}/module.modulemap")]);
    };
    let mut problems = Vec::new();
    if !map.contains(&format!("module {MODULE} ")) {
        problems.push(format!("the module map is not of {MODULE}"));
    }
    let mut expected = BTreeSet::from(["module.modulemap".to_owned()]);
    for part in map.split("header \"").skip(1) {
        expected.extend(part.split('"').next().map(str::to_owned));
    }
    if expected.len() == 1 {
        problems.push("the module map names no header".to_owned());
    }
    let present: BTreeSet<String> = names(&module)?.into_iter().collect();
    for header in expected.symmetric_difference(&present) {
        problems.push(format!(
            "{header}: in the module map or in the folder, not in both"
        ));
    }
    Ok(problems)
}

/// The library has these architectures, made for this platform, and nothing of the simulator.
fn binary(content: &[u8], platform: Platform, architectures: &[Architecture]) -> Vec<String> {
    let mut problems = Vec::new();
    let marker = shell::SIMULATOR_MARKER.as_bytes();
    if content.windows(marker.len()).any(|bytes| bytes == marker) {
        problems.push(format!(
            "{LIBRARY} contains the simulator: it is not for release"
        ));
    }
    let parts = match parts(content) {
        Ok(parts) => parts,
        Err(error) => {
            problems.push(format!("{LIBRARY}: {error:#}"));
            return problems;
        }
    };
    let mut found = BTreeSet::new();
    for part in parts {
        match archive(part, platform) {
            Ok(architecture) => drop(found.insert(architecture)),
            Err(error) => problems.push(format!("{LIBRARY}: {error:#}")),
        }
    }
    if problems.is_empty() && found != architectures.iter().copied().collect() {
        problems.push(format!("{LIBRARY} is of {found:?}"));
    }
    problems
}

/// The libraries in a library of several architectures; otherwise it is the only one.
fn parts(content: &[u8]) -> anyhow::Result<Vec<&[u8]>> {
    let number = |at: usize| -> anyhow::Result<usize> {
        let bytes = content.get(at..at + 4).context("cut off")?;
        Ok(usize::try_from(u32::from_be_bytes(bytes.try_into()?))?)
    };
    if !content.starts_with(&[0xca, 0xfe, 0xba, 0xbe]) {
        return Ok(vec![content]);
    }
    (0..number(4)?)
        .map(|index| {
            let entry = 8 + index * 20;
            let (offset, size) = (number(entry + 8)?, number(entry + 12)?);
            let end = offset.checked_add(size).context("cut off")?;
            content.get(offset..end).context("cut off")
        })
        .collect()
}

/// The one architecture of a static library, every object of which is for this platform.
fn archive(content: &[u8], platform: Platform) -> anyhow::Result<Architecture> {
    let archive = ArchiveFile::parse(content).context("not a static library")?;
    let mut architecture = None;
    for member in archive.members() {
        let member = member?;
        let object = member.data(content)?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        let found = mach(object, platform).with_context(|| name.clone())?;
        anyhow::ensure!(
            architecture.is_none_or(|before| before == found),
            "{name}: of another architecture than the rest"
        );
        architecture = Some(found);
    }
    architecture.context("an empty library")
}

fn mach(object: &[u8], platform: Platform) -> anyhow::Result<Architecture> {
    let header = MachHeader64::<LittleEndian>::parse(object, 0).context("not a Mach-O object")?;
    let kind = header.cputype(LittleEndian).0;
    let architecture = Architecture::ALL
        .into_iter()
        .find(|architecture| architecture.cpu().0 == kind)
        .with_context(|| format!("architecture {kind:#x}"))?;
    let mut commands = header.load_commands(LittleEndian, object, 0)?;
    while let Some(command) = commands.next()? {
        if let Some((version, _)) = command.build_version(LittleEndian)? {
            let made_for = version.platform.get(LittleEndian);
            anyhow::ensure!(
                made_for == number(platform),
                "made for platform {made_for:?}, not for {} {}",
                platform.name(),
                platform.variant().unwrap_or("devices")
            );
        }
    }
    Ok(architecture)
}

pub(super) const fn number(platform: Platform) -> macho::Platform {
    match platform {
        Platform::Ios => macho::PLATFORM_IOS,
        Platform::IosSimulator => macho::PLATFORM_IOSSIMULATOR,
        Platform::Macos => macho::PLATFORM_MACOS,
    }
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
