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

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(
                files(&path)
                    .into_iter()
                    .map(|file| format!("{name}/{file}")),
            );
        } else {
            assert!(!path.is_symlink(), "{}", path.display());
            found.push(name);
        }
    }
    found.sort();
    found
}

#[test]
fn the_package_has_the_real_headers_every_source_and_nothing_of_the_tests() {
    let folder = Folder::new("package");
    let mut slices = Vec::new();
    for name in ["aarch64-apple-ios", "aarch64-apple-ios-sim"] {
        let file = folder.0.join(name);
        fs::write(&file, library(name.parse().unwrap(), "")).unwrap();
        slices.push(format!("{name}={}", file.display()).parse().unwrap());
    }
    let out = folder.0.join("out");
    let task = Task {
        slices,
        out: Some(out.clone()),
        check: None,
    };
    assert!(task.run().unwrap());
    assert!(task.run().is_err(), "what is there is not written over");
    let found = files(&out);
    let root = crate::swift::root();
    let (bindings, sources): (Vec<_>, Vec<_>) = found
        .iter()
        .filter_map(|file| file.strip_prefix("Sources/"))
        .partition(|file| file.starts_with("TouchstoneFFI/"));
    assert_eq!(
        bindings,
        [
            "TouchstoneFFI/TouchstoneFFI.swift",
            "TouchstoneFFI/TouchstoneFlow.swift"
        ]
    );
    let written: Vec<String> = files(&root.join("ios/Sources/Touchstone"));
    let written: Vec<String> = written
        .iter()
        .map(|it| format!("Touchstone/{it}"))
        .collect();
    assert_eq!(sources, written);
    let rest: Vec<_> = found
        .iter()
        .filter(|file| !file.starts_with("Sources/"))
        .collect();
    let slice = |name: &str| {
        [
            format!("TouchstoneFFIC.xcframework/{name}/Headers/TouchstoneFFIC/module.modulemap"),
            format!("TouchstoneFFIC.xcframework/{name}/Headers/TouchstoneFFIC/touchstone_ffi.h"),
            format!("TouchstoneFFIC.xcframework/{name}/Headers/TouchstoneFFIC/touchstone_flow.h"),
            format!("TouchstoneFFIC.xcframework/{name}/libtouchstone_ffi.a"),
        ]
    };
    let mut expected: Vec<String> = ["LICENSE-APACHE", "LICENSE-MIT", "Package.swift"]
        .map(str::to_owned)
        .into();
    expected.push("TouchstoneFFIC.xcframework/Info.plist".to_owned());
    expected.extend(slice("ios-arm64"));
    expected.extend(slice("ios-arm64-simulator"));
    expected.sort();
    assert_eq!(rest, expected.iter().collect::<Vec<_>>());
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

#[test]
fn a_framework_without_the_library_of_a_phone_is_refused() {
    let folder = Folder::new("simulators");
    let framework = folder
        .framework(&["aarch64-apple-ios-sim", "aarch64-apple-darwin"], "")
        .unwrap();
    let problems = check(&framework).unwrap();
    assert_eq!(problems, ["Info.plist: no library for a phone"]);
}

#[test]
fn a_slice_that_is_listed_and_missing_is_refused() {
    let problems = problems_after("slice", |framework| {
        fs::remove_dir_all(framework.join("ios-arm64_x86_64-simulator")).unwrap();
    });
    assert!(
        problems.contains("ios-arm64_x86_64-simulator: libtouchstone_ffi.a: "),
        "{problems}"
    );
}

#[test]
fn an_info_plist_that_says_something_else_is_refused() {
    for (from, to, what) in [
        (">XFWK<", ">FMWK<", "not an XCFramework"),
        (">1.0<", ">2.0<", "not an XCFramework"),
        (">simulator<", ">maccatalyst<", "no platform of ours"),
        (">macos<", ">tvos<", "no platform of ours"),
        (
            "<string>x86_64</string>",
            "<string>i386</string>",
            "no architecture of ours",
        ),
        (">Headers<", ">Include<", "paths in Info.plist"),
        (">libtouchstone_ffi.a<", ">other.a<", "paths in Info.plist"),
        (
            "<key>BinaryPath</key>",
            "<key>Binary</key>",
            "unknown field",
        ),
        ("</array>", "", "Info.plist: "),
        (
            "<string>ios-arm64</string>",
            "<string>macos-arm64_x86_64</string>",
            "listed twice",
        ),
    ] {
        let problems = problems_after("plist", |framework| {
            let plist = framework.join("Info.plist");
            let text = fs::read_to_string(&plist).unwrap();
            assert!(text.contains(from), "{text}");
            fs::write(plist, text.replace(from, to)).unwrap();
        });
        assert!(problems.contains(what), "{from} {to}: {problems}");
    }
}
