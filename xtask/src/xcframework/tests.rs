use object::{
    BinaryFormat, Endianness,
    write::{MachOBuildVersion, Object},
};

use super::*;

/// An object made for this platform, in a static library.
fn library(target: Target, content: &str) -> Vec<u8> {
    let architecture = match target.architecture {
        Architecture::Arm64 => object::Architecture::Aarch64,
        Architecture::X86_64 => object::Architecture::X86_64,
    };
    let mut code = Object::new(BinaryFormat::MachO, architecture, Endianness::Little);
    let mut version = MachOBuildVersion::default();
    version.platform = inspect::number(target.platform);
    code.set_macho_build_version(version);
    let section = code.section_id(object::write::StandardSection::ReadOnlyData);
    code.append_section_data(section, content.as_bytes(), 1);
    let mut code = code.write().unwrap();
    code.resize(code.len().next_multiple_of(2), 0);
    let mut archive = b"!<arch>\n".to_vec();
    let header = format!(
        "{:16}{:12}{:6}{:6}{:8}{:<10}`\n",
        "code.o/",
        0,
        0,
        0,
        644,
        code.len()
    );
    archive.extend(header.as_bytes());
    archive.extend(code);
    archive
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("xcframework-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(path.join("headers")).unwrap();
        fs::write(
            path.join("headers/module.modulemap"),
            "module TouchstoneFFIC {\n    header \"a.h\"\n    export *\n}\n",
        )
        .unwrap();
        fs::write(path.join("headers/a.h"), "").unwrap();
        Self(path)
    }

    /// Lays out a framework of these targets, each library containing `content`.
    fn framework(&self, targets: &[&str], content: &str) -> anyhow::Result<PathBuf> {
        let mut slices = Vec::new();
        for (index, name) in targets.iter().enumerate() {
            let target: Target = name.parse()?;
            let file = self.0.join(index.to_string());
            fs::write(&file, library(target, content))?;
            slices.push(Slice { target, file });
        }
        let framework = self.0.join("TouchstoneFFIC.xcframework");
        lay_out(&slices, &self.0.join("headers"), &framework)?;
        Ok(framework)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const ALL: [&str; 5] = [
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
    "x86_64-apple-ios",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
];

/// What is found wrong after `change` was made to a good framework.
fn problems_after(name: &str, change: impl FnOnce(&Path)) -> String {
    let folder = Folder::new(name);
    let framework = folder.framework(&ALL, "").unwrap();
    change(&framework);
    check(&framework).unwrap().join("\n")
}

#[test]
fn every_platform_has_a_folder_and_its_architectures_share_a_library() {
    let folder = Folder::new("good");
    let framework = folder.framework(&ALL, "").unwrap();
    assert_eq!(check(&framework).unwrap(), Vec::<String>::new());
    for name in [
        "ios-arm64",
        "ios-arm64_x86_64-simulator",
        "macos-arm64_x86_64",
    ] {
        assert!(framework.join(name).join(LIBRARY).is_file(), "{name}");
        let map = "Headers/TouchstoneFFIC/module.modulemap";
        assert!(framework.join(name).join(map).is_file(), "{name}");
    }
    let info = fs::read_to_string(framework.join("Info.plist")).unwrap();
    assert!(info.contains("<key>SupportedPlatformVariant</key>"));
}

#[test]
fn a_library_with_the_simulator_in_it_is_refused() {
    let folder = Folder::new("marker");
    let framework = folder
        .framework(&["aarch64-apple-ios"], shell::SIMULATOR_MARKER)
        .unwrap();
    let problems = check(&framework).unwrap().join("\n");
    assert!(problems.contains("not for release"), "{problems}");
}

#[test]
fn two_libraries_for_one_target_are_refused() {
    let folder = Folder::new("twice");
    let twice = folder.framework(&["aarch64-apple-ios", "aarch64-apple-ios"], "");
    assert!(twice.unwrap_err().to_string().contains("two libraries"));
}

#[test]
fn a_library_for_another_platform_is_refused() {
    let wrong = library("aarch64-apple-ios-sim".parse().unwrap(), "");
    let problems = problems_after("platform", |framework| {
        fs::write(framework.join("ios-arm64").join(LIBRARY), &wrong).unwrap();
    });
    assert!(problems.contains("made for platform"), "{problems}");
}

#[test]
fn a_library_of_another_architecture_is_refused() {
    let wrong = library("aarch64-apple-darwin".parse().unwrap(), "");
    let problems = problems_after("architecture", |framework| {
        let both = framework.join("macos-arm64_x86_64").join(LIBRARY);
        fs::write(both, &wrong).unwrap();
    });
    assert!(problems.contains("is of {Arm64}"), "{problems}");
}

#[test]
fn what_is_no_static_library_is_refused() {
    for content in [
        &b"\x7fELF"[..],
        b"!<arch>\n",
        b"\xca\xfe\xba\xbe\0\0\0\x01",
        b"",
    ] {
        let problems = problems_after("content", |framework| {
            fs::write(framework.join("ios-arm64").join(LIBRARY), content).unwrap();
        });
        assert!(problems.starts_with("ios-arm64: "), "{problems}");
    }
}

#[test]
fn a_missing_header_module_map_or_library_is_noticed() {
    let map = "ios-arm64/Headers/TouchstoneFFIC/module.modulemap";
    let header = "ios-arm64/Headers/TouchstoneFFIC/a.h";
    for (file, what) in [
        (map, "module.modulemap"),
        (header, "a.h"),
        ("ios-arm64/libtouchstone_ffi.a", "libtouchstone_ffi.a"),
        ("Info.plist", "Info.plist"),
    ] {
        let problems = problems_after("missing", |framework| {
            fs::remove_file(framework.join(file)).unwrap();
        });
        assert!(problems.contains(what), "{file}: {problems}");
    }
}

#[test]
fn a_folder_that_is_not_listed_or_is_named_wrongly_is_noticed() {
    let extra = problems_after("extra", |framework| {
        fs::create_dir(framework.join("tvos-arm64")).unwrap();
    });
    assert!(extra.contains("tvos-arm64: not in Info.plist"), "{extra}");
    let renamed = problems_after("renamed", |framework| {
        let plist = framework.join("Info.plist");
        let text = fs::read_to_string(&plist).unwrap();
        fs::write(plist, text.replace(">ios-arm64<", ">ios-arm<")).unwrap();
        fs::rename(framework.join("ios-arm64"), framework.join("ios-arm")).unwrap();
    });
    assert!(renamed.contains("should be ios-arm64"), "{renamed}");
}
