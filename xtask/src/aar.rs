//! `cargo xtask aar`: the Android package, as a Maven repository in a folder.

mod weight;

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use object::{Architecture, BinaryFormat, Object, ObjectSegment};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    android::{self, Build, MIN_SDK},
    shell,
};

pub(crate) use weight::Weight;

const GROUP: &str = "dev.touchstone";
const ARTIFACT: &str = "touchstone-android";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The native library of each ABI, below the folder that is given and in the AAR.
pub(crate) const LIBRARY: &str = "libtouchstone_ffi.so";
/// Android's name of each ABI, its machine, and whether its pages may have 16 KiB.
const ABIS: [(&str, Architecture, bool); 4] = [
    ("arm64-v8a", Architecture::Aarch64, true),
    ("armeabi-v7a", Architecture::Arm, false),
    ("x86", Architecture::I386, false),
    ("x86_64", Architecture::X86_64, true),
];
const PAGE: u64 = 16 * 1024;
/// What the AAR is built against; an app may compile against anything newer than its oldest Android.
const METADATA: &str = "aarFormatVersion=1.0\naarMetadataVersion=1.0\nminCompileSdk=1\n";
/// Kotlin, in every AAR and nowhere else documented: what must be in the classes.
const NEEDED: [&str; 5] = [
    "dev/touchstone/Touchstone.class",
    "dev/touchstone/ui/ConnectButton.class",
    "dev/touchstone/ffi/Provisioner.class",
    "dev/touchstone/internal/Native.class",
    "com/nonpolynomial/btleplug/android/impl/Adapter.class",
];

/// Pack the Android package into a local Maven repository.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask aar --out /tmp/repository\n  cargo xtask aar --natives target/jniLibs --out /tmp/repository"
)]
pub(crate) struct Task {
    /// A folder with `<abi>/libtouchstone_ffi.so` for each ABI. Without it the package has no native library and serves only to compile against.
    #[arg(long, value_name = "DIR")]
    natives: Option<PathBuf>,
    /// The repository to write into.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Files of an archive by name, which is also their order.
pub(crate) type Entries = BTreeMap<String, Vec<u8>>;

impl Task {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let build = Build::prepare()?;
        build.compile()?;
        let aar = packed(&build, self.natives.as_deref())?;
        let path = write(&self.out, &aar)?;
        println!("{}: {}", path.display(), Weight::of(&aar)?);
        Ok(true)
    }
}

/// The AAR of what was compiled, checked.
pub(crate) fn packed(build: &Build, folder: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let natives = match folder {
        Some(folder) => natives(folder)?,
        None => Entries::new(),
    };
    let aar = pack(&entries(build, natives)?)?;
    check(&aar)?;
    Ok(aar)
}

/// Where the AAR of a repository is.
pub(crate) fn path(repository: &Path) -> PathBuf {
    repository
        .join(GROUP.replace('.', "/"))
        .join(ARTIFACT)
        .join(VERSION)
        .join(format!("{ARTIFACT}-{VERSION}.aar"))
}

/// Puts the AAR and its POM where Maven looks for them.
pub(crate) fn write(repository: &Path, aar: &[u8]) -> anyhow::Result<PathBuf> {
    let path = path(repository);
    fs::create_dir_all(path.parent().context("a file has a folder")?)?;
    fs::write(&path, aar)?;
    fs::write(path.with_extension("pom"), pom()?)?;
    Ok(path)
}

/// Everything in the AAR.
fn entries(build: &Build, natives: Entries) -> anyhow::Result<Entries> {
    let source = android::folder();
    let mut entries = Entries::from([
        (
            "AndroidManifest.xml".to_owned(),
            Build::manifest()?.into_bytes(),
        ),
        (
            "META-INF/com/android/build/gradle/aar-metadata.properties".to_owned(),
            METADATA.into(),
        ),
        ("R.txt".to_owned(), fs::read(build.symbols())?),
        ("classes.jar".to_owned(), pack(&classes(build)?)?),
        (
            "proguard.txt".to_owned(),
            fs::read(source.join("consumer-rules.pro"))?,
        ),
    ]);
    for (name, content) in files(&source.join("src/main/res"))? {
        entries.insert(format!("res/{name}"), content);
    }
    entries.extend(natives);
    Ok(entries)
}

/// The compiled classes without those of the resources, which the app's build makes anew.
fn classes(build: &Build) -> anyhow::Result<Entries> {
    let mut classes = Entries::new();
    for folder in build.classes() {
        classes.extend(files(&folder)?);
    }
    classes.retain(|name, _| {
        let resources = name
            .strip_prefix("dev/touchstone/R")
            .is_some_and(|rest| rest.starts_with(['.', '$']));
        !resources && !name.starts_with("META-INF/maven/")
    });
    Ok(classes)
}

/// Every file below a folder, by its path there.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Entries> {
    let mut entries = Entries::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)?
                    .to_str()
                    .context("a name in UTF-8")?;
                entries.insert(name.replace('\\', "/"), fs::read(&path)?);
            }
        }
    }
    Ok(entries)
}

/// The native libraries of a folder, each looked at before it may go along.
fn natives(folder: &Path) -> anyhow::Result<Entries> {
    let mut entries = Entries::new();
    for (abi, machine, large_pages) in ABIS {
        let path = folder.join(abi).join(LIBRARY);
        if path.exists() {
            let library = fs::read(&path)?;
            fit(&library, machine, large_pages).with_context(|| path.display().to_string())?;
            entries.insert(format!("jni/{abi}/{LIBRARY}"), library);
        }
    }
    if entries.is_empty() {
        bail!("{} has no <abi>/{LIBRARY}", folder.display());
    }
    Ok(entries)
}

/// Whether a library may be shipped for this machine.
///
/// # Errors
/// When it has the simulator in it, is for another machine, or cannot be loaded with pages of 16 KiB.
fn fit(library: &[u8], machine: Architecture, large_pages: bool) -> anyhow::Result<()> {
    let marker = shell::SIMULATOR_MARKER.as_bytes();
    if library.windows(marker.len()).any(|part| part == marker) {
        bail!("has the simulator in it; build it without");
    }
    let elf = object::File::parse(library).context("is no library")?;
    if elf.format() != BinaryFormat::Elf || elf.architecture() != machine {
        bail!("is not a library for this ABI");
    }
    if large_pages && elf.segments().any(|segment| segment.align() < PAGE) {
        bail!("is not aligned to 16 KiB; link it with -Wl,-z,max-page-size=16384");
    }
    Ok(())
}

/// The same bytes for the same entries, whenever and wherever.
pub(crate) fn pack(entries: &Entries) -> anyhow::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    for (name, content) in entries {
        archive.start_file(name, options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn unpack(archive: &[u8]) -> anyhow::Result<Entries> {
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    let mut entries = Entries::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        entries.insert(file.name()?.into_owned(), content);
    }
    Ok(entries)
}

/// The classes of an AAR, as an archive.
pub(crate) fn classes_jar(aar: &[u8]) -> anyhow::Result<Vec<u8>> {
    unpack(aar)?
        .remove("classes.jar")
        .context("an AAR has classes")
}

/// What an AAR consists of besides its native libraries, as documented in docs/guide/android.md.
pub(crate) fn documented() -> anyhow::Result<Vec<String>> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/android.md");
    let guide = fs::read_to_string(guide)?;
    let (_, list) = guide
        .split_once("<!-- entries -->\n```text\n")
        .context("the guide lists the entries")?;
    let (list, _) = list.split_once("```").context("the list ends")?;
    Ok(list.lines().map(str::to_owned).collect())
}

/// Whether this is the AAR that is documented.
fn check(aar: &[u8]) -> anyhow::Result<()> {
    let entries = unpack(aar)?;
    let native = |name: &str| {
        ABIS.iter()
            .any(|(abi, ..)| name == format!("jni/{abi}/{LIBRARY}"))
    };
    let packed: Vec<&String> = entries.keys().filter(|name| !native(name)).collect();
    let documented = documented()?;
    if packed != documented.iter().collect::<Vec<_>>() {
        bail!("the AAR has {packed:#?}, and docs/guide/android.md lists {documented:#?}");
    }
    let classes = unpack(entries.get("classes.jar").context("classes")?)?;
    for needed in NEEDED {
        if !classes.contains_key(needed) {
            bail!("classes.jar has no {needed}");
        }
    }
    let foreign: Vec<&String> = classes
        .keys()
        .filter(|name| {
            ![
                "dev/touchstone/",
                "com/nonpolynomial/",
                "io/github/gedgygedgy/",
                "META-INF/",
            ]
            .iter()
            .any(|own| name.starts_with(own))
                || name.starts_with("dev/touchstone/sim/")
        })
        .collect();
    if !foreign.is_empty() {
        bail!("classes.jar has {foreign:?}");
    }
    let symbols = String::from_utf8_lossy(entries.get("R.txt").context("symbols")?).into_owned();
    if !symbols.contains("int string ts_done ")
        || !symbols.contains("int layout touchstone_connect ")
    {
        bail!("R.txt does not name the resources");
    }
    let manifest = String::from_utf8_lossy(entries.get("AndroidManifest.xml").context("manifest")?)
        .into_owned();
    if !manifest.contains(&format!("android:minSdkVersion=\"{MIN_SDK}\"")) {
        bail!("the manifest names no oldest Android");
    }
    Ok(())
}

/// What the package needs, from `android/pom.xml`.
fn pom() -> anyhow::Result<String> {
    let build = fs::read_to_string(android::folder().join("pom.xml"))?;
    let mut dependencies = String::new();
    for (group, artifact, property, kind) in [
        ("org.jetbrains.kotlin", "kotlin-stdlib", "kotlin", ""),
        (
            "org.jetbrains.kotlinx",
            "kotlinx-coroutines-core",
            "coroutines",
            "",
        ),
        // The archive for Android: with its native half for every ABI.
        ("net.java.dev.jna", "jna", "jna", "\n      <type>aar</type>"),
    ] {
        let version = android::version(&build, property)
            .with_context(|| format!("pom.xml sets {property}.version"))?;
        dependencies += &format!(
            "    <dependency>\n      <groupId>{group}</groupId>\n      <artifactId>{artifact}</artifactId>\n      <version>{version}</version>{kind}\n      <scope>compile</scope>\n    </dependency>\n"
        );
    }
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n  <groupId>{GROUP}</groupId>\n  <artifactId>{ARTIFACT}</artifactId>\n  <version>{VERSION}</version>\n  <packaging>aar</packaging>\n  <name>Touchstone for Android</name>\n  <description>Brings a new device onto Wi-Fi with one button and one touch</description>\n  <licenses>\n    <license><name>MIT</name></license>\n    <license><name>Apache-2.0</name></license>\n  </licenses>\n  <dependencies>\n{dependencies}  </dependencies>\n</project>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_twice_it_is_the_same_to_the_byte() {
        let entries = Entries::from([
            ("b".to_owned(), vec![7; 5000]),
            ("a/c".to_owned(), b"text".to_vec()),
        ]);
        let packed = pack(&entries).unwrap();
        assert_eq!(packed, pack(&entries).unwrap());
        assert_eq!(unpack(&packed).unwrap(), entries);
    }

    const AARCH64: u8 = 183;
    const ARM: u8 = 40;
    const X86_64: u8 = 62;

    /// A header of 64 bytes and one segment that is loaded, of 56.
    fn library(machine: u8, alignment: u64) -> Vec<u8> {
        let mut elf = vec![0; 64 + 56];
        elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        for (at, value) in [
            (16, 3),
            (18, machine),
            (20, 1),
            (32, 64),
            (52, 64),
            (54, 56),
            (56, 1),
            (64, 1),
        ] {
            elf[at] = value;
        }
        elf[64 + 48..].copy_from_slice(&alignment.to_le_bytes());
        elf
    }

    /// A header of 52 bytes.
    fn small_library(machine: u8) -> Vec<u8> {
        let mut elf = vec![0; 52];
        elf[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
        for (at, value) in [(16, 3), (18, machine), (20, 1), (40, 52)] {
            elf[at] = value;
        }
        elf
    }

    #[test]
    fn a_library_goes_along_only_without_the_simulator_for_its_machine_and_with_large_pages() {
        let arm64 = Architecture::Aarch64;
        fit(&library(AARCH64, PAGE), arm64, true).unwrap();
        fit(&small_library(ARM), Architecture::Arm, false).unwrap();
        let refused = |library: &[u8], why: &str| {
            let refused = fit(library, arm64, true).unwrap_err();
            assert!(refused.to_string().contains(why), "{refused}");
        };
        refused(&library(AARCH64, 4096), "16 KiB");
        refused(&library(X86_64, PAGE), "ABI");
        refused(&small_library(ARM), "ABI");
        refused(b"no library", "no library");
        let mut simulator = library(AARCH64, PAGE);
        simulator.extend_from_slice(shell::SIMULATOR_MARKER.as_bytes());
        refused(&simulator, "simulator");
    }

    #[test]
    fn a_folder_of_libraries_goes_along_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("touchstone-aar-{}", std::process::id()));
        let put = |abi: &str, content: &[u8]| {
            fs::create_dir_all(folder.join(abi)).unwrap();
            fs::write(folder.join(abi).join(LIBRARY), content).unwrap();
        };
        fs::create_dir_all(&folder).unwrap();
        assert!(natives(&folder).is_err(), "an empty folder");
        put("arm64-v8a", &library(AARCH64, PAGE));
        put("armeabi-v7a", &small_library(ARM));
        let found: Vec<String> = natives(&folder).unwrap().into_keys().collect();
        assert_eq!(
            found,
            [
                "jni/arm64-v8a/libtouchstone_ffi.so",
                "jni/armeabi-v7a/libtouchstone_ffi.so"
            ]
        );
        put("x86_64", &library(AARCH64, PAGE));
        assert!(natives(&folder).is_err(), "one for another machine");
        fs::remove_dir_all(folder).unwrap();
    }

    type Change<'a> = &'a dyn Fn(&mut Entries);

    /// An AAR as documented; its classes and symbols are only names.
    fn good() -> Entries {
        let mut entries: Entries = documented()
            .unwrap()
            .into_iter()
            .map(|name| (name, Vec::new()))
            .collect();
        let classes = NEEDED.map(|name| (name.to_owned(), Vec::new()));
        let symbols = b"int string ts_done 0\nint layout touchstone_connect 0\n";
        entries.insert(
            "classes.jar".to_owned(),
            pack(&Entries::from(classes)).unwrap(),
        );
        entries.insert("R.txt".to_owned(), symbols.to_vec());
        entries.insert(
            "AndroidManifest.xml".to_owned(),
            Build::manifest().unwrap().into_bytes(),
        );
        entries
    }

    fn classes_with(entries: &mut Entries, name: &str) {
        let mut classes = unpack(&entries["classes.jar"]).unwrap();
        classes.insert(name.to_owned(), Vec::new());
        entries.insert("classes.jar".to_owned(), pack(&classes).unwrap());
    }

    #[test]
    fn an_aar_with_a_part_too_many_or_too_few_is_refused() {
        let checked = |change: Change<'_>| {
            let mut entries = good();
            change(&mut entries);
            check(&pack(&entries).unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(checked(&|_| ()), Ok(()));
        assert_eq!(
            checked(&|aar| drop(aar.insert("jni/x86/libtouchstone_ffi.so".to_owned(), vec![]))),
            Ok(())
        );
        let bad: [(&str, Change<'_>); 8] = [
            ("lists", &|aar| drop(aar.remove("proguard.txt"))),
            ("lists", &|aar| {
                drop(aar.insert("readme".to_owned(), vec![]))
            }),
            ("lists", &|aar| {
                drop(aar.insert("jni/mips/libtouchstone_ffi.so".to_owned(), vec![]));
            }),
            ("has no", &|aar| {
                drop(aar.insert("classes.jar".to_owned(), pack(&Entries::new()).unwrap()));
            }),
            ("dev/touchstone/sim", &|aar| {
                classes_with(aar, "dev/touchstone/sim/Simulation.class");
            }),
            ("org/other", &|aar| {
                classes_with(aar, "org/other/Thing.class")
            }),
            ("R.txt", &|aar| drop(aar.insert("R.txt".to_owned(), vec![]))),
            ("oldest Android", &|aar| {
                drop(aar.insert("AndroidManifest.xml".to_owned(), vec![]));
            }),
        ];
        for (why, change) in bad {
            let refused = checked(change).unwrap_err();
            assert!(refused.contains(why), "{refused} instead of {why}");
        }
    }

    #[test]
    fn the_pom_has_jna_as_an_aar() {
        let pom = pom().unwrap();
        let document = roxmltree::Document::parse(&pom).unwrap();
        let jna = document
            .descendants()
            .find(|node| {
                node.has_tag_name(("http://maven.apache.org/POM/4.0.0", "artifactId"))
                    && node.text() == Some("jna")
            })
            .and_then(|node| node.parent())
            .unwrap();
        let kind = jna
            .children()
            .find(|node| node.tag_name().name() == "type")
            .unwrap();
        assert_eq!(kind.text(), Some("aar"));
    }
}
