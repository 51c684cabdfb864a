//! What is compiled for the AAR, and the tools that do it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::{folder, folder_of_resources};
use crate::{
    aar,
    shell::{self, Outcome},
};

/// The framework: its classes to compile against, and its resources to check ours against.
const FRAMEWORK: &str = "org.robolectric:android-all";
/// Also in `android/pom.xml`; a test compares.
const FRAMEWORK_VERSION: &str = "14-robolectric-10818077";
/// The oldest Android the AAR runs on, and the one its resources are checked for.
pub(crate) const MIN_SDK: u32 = 24;
const TARGET_SDK: u32 = 34;
/// The AAR's package, which names its resources.
pub(crate) const PACKAGE: &str = "dev.touchstone";

/// The one step of the modules that are no packages: compiling.
pub(super) const COMPILE: &str = "kotlin:compile@compile";
/// Everything that is compiled for the AAR.
pub(crate) struct Build {
    /// Where it is built.
    pub(crate) folder: PathBuf,
    java: PathBuf,
}

impl Build {
    /// Gets the tools, and generates what the sources need: the manifest, and the class of the resources.
    pub(crate) fn prepare() -> anyhow::Result<Self> {
        shell::debian(&["maven", "openjdk-17-jdk-headless", "aapt"])?;
        let folder = shell::target()?.join("android");
        fs::create_dir_all(&folder)?;
        let build = Self {
            folder,
            java: btleplug_java()?,
        };
        build.link_resources()?;
        // A class whose source is gone would stay and be packed.
        absent(&build.folder.join("classes"))?;
        Ok(build)
    }

    /// As the AAR has it: the source's, with the package and the oldest Android. The Android Gradle Plugin adds the same from its own settings.
    pub(crate) fn manifest() -> anyhow::Result<String> {
        let source = fs::read_to_string(folder().join("src/main/AndroidManifest.xml"))?;
        let open = "<manifest ";
        if source.matches(open).count() != 1 {
            bail!("the manifest has no element <manifest>");
        }
        let source = source.replacen(open, &format!("<manifest package=\"{PACKAGE}\"\n    "), 1);
        let (head, rest) = source.split_once(">\n\n").context("a manifest")?;
        Ok(format!(
            "{head}>\n\n    <uses-sdk android:minSdkVersion=\"{MIN_SDK}\" android:targetSdkVersion=\"{TARGET_SDK}\" />\n\n{rest}"
        ))
    }

    /// Compiles every resource against the framework's own, and writes `R.java` and `R.txt`.
    fn link_resources(&self) -> anyhow::Result<()> {
        let resources = self.folder.join("resources");
        absent(&resources)?;
        link(&folder_of_resources(), &Self::manifest()?, &resources)
    }

    /// What aapt2 says the library's resources are.
    pub(crate) fn symbols(&self) -> PathBuf {
        self.folder.join("resources/R.txt")
    }

    /// The folders of the compiled classes.
    pub(crate) fn classes(&self) -> [PathBuf; 2] {
        [
            self.folder.join("classes"),
            self.folder.join("bindings/classes"),
        ]
    }

    /// Maven on the module, in this build's folder.
    pub(crate) fn maven(&self) -> anyhow::Result<Command> {
        let mut maven = maven(&folder().join("pom.xml"))?;
        maven
            .arg(format!("-Dbuild={}", self.folder.display()))
            .arg(format!("-Dbtleplug.java={}", self.java.display()))
            .arg(format!(
                "-Dresources.java={}",
                self.folder.join("resources/java").display()
            ))
            .arg(format!("-Dbindings.jar={}", self.bindings().display()));
        Ok(maven)
    }

    /// The generated bindings, compiled.
    fn bindings(&self) -> PathBuf {
        self.folder.join("bindings.jar")
    }

    /// Compiles the generated bindings, unless they are what was compiled before.
    pub(super) fn compile_bindings(&self) -> anyhow::Result<()> {
        let sources = folder().join("../bindings/kotlin").canonicalize()?;
        let mut digest = Sha256::new();
        for (name, content) in aar::files(&sources)? {
            digest.update(name);
            digest.update(content);
        }
        digest.update(fs::read(folder().join("pom.xml"))?);
        let digest = hex::encode(digest.finalize());
        let stamp = self.folder.join("bindings.sha256");
        if self.bindings().exists() && fs::read_to_string(&stamp).is_ok_and(|was| was == digest) {
            return Ok(());
        }
        let classes = self.folder.join("bindings");
        absent(&classes)?;
        let compiled = shell::run(
            versioned(&folder().join("bindings/pom.xml"))?
                .arg(COMPILE)
                .arg(format!("-Dbuild={}", classes.display()))
                .arg(format!("-Dsources={}", sources.display())),
        )?;
        if let Outcome::Failed(why) = compiled {
            bail!("the Kotlin bindings do not compile: {why}");
        }
        fs::write(
            self.bindings(),
            aar::pack(&aar::files(&classes.join("classes"))?)?,
        )?;
        Ok(fs::write(stamp, digest)?)
    }

    /// Compiles the main sources.
    pub(crate) fn compile(&self) -> anyhow::Result<()> {
        self.compile_bindings()?;
        match shell::run(self.maven()?.arg("compile"))? {
            Outcome::Failed(why) => bail!("the Android sources do not compile: {why}"),
            _ => Ok(()),
        }
    }
}

/// Removes a folder, if it is there.
pub(super) fn absent(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Maven without a terminal, on this module.
pub(super) fn maven(module: &Path) -> anyhow::Result<Command> {
    let mut maven = quiet_maven()?;
    maven.arg("-f").arg(module);
    // A compiler that runs for half a minute has no use for the slow optimiser.
    maven.env("MAVEN_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
    Ok(maven)
}

/// Maven, which keeps what it fetches where our other tools are.
fn quiet_maven() -> anyhow::Result<Command> {
    let mut maven = Command::new("mvn");
    maven.args(["-B", "-q", "-ntp"]);
    maven.arg(format!("-Dmaven.repo.local={}", fetched()?.display()));
    Ok(maven)
}

/// Where Maven keeps what it fetches.
fn fetched() -> anyhow::Result<PathBuf> {
    Ok(shell::cache()?.join("maven"))
}

/// Compiles resources and manifest against the framework's resources.
pub(super) fn link(resources: &Path, manifest: &str, out: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(out)?;
    let path = out.join("AndroidManifest.xml");
    fs::write(&path, manifest)?;
    let compiled = out.join("compiled.zip");
    succeeded(
        Command::new("aapt2")
            .args(["compile", "--dir"])
            .arg(resources)
            .arg("-o")
            .arg(&compiled),
    )?;
    succeeded(
        Command::new("aapt2")
            .args(["link", "--static-lib", "-I"])
            .arg(framework()?)
            .arg("--manifest")
            .arg(path)
            .arg("-o")
            .arg(out.join("linked.apk"))
            .arg("--java")
            .arg(out.join("java"))
            .arg("--output-text-symbols")
            .arg(out.join("R.txt"))
            .arg(compiled),
    )
}

/// Runs it, and shows what it says only when it fails.
pub(super) fn succeeded(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The framework's archive in Maven's own repository.
fn framework() -> anyhow::Result<PathBuf> {
    let jar = fetched()?.join(format!(
        "{}/{FRAMEWORK_VERSION}/android-all-{FRAMEWORK_VERSION}.jar",
        FRAMEWORK.replace(['.', ':'], "/")
    ));
    if !jar.exists() {
        let get = format!("-Dartifact={FRAMEWORK}:{FRAMEWORK_VERSION}");
        succeeded(quiet_maven()?.args([
            "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:get",
            "-Dtransitive=false",
            &get,
        ]))?;
    }
    Ok(jar)
}

/// The Java half of btleplug, which ships in the crate.
fn btleplug_java() -> anyhow::Result<PathBuf> {
    let output = shell::cargo()
        .args(["metadata", "--format-version", "1"])
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "btleplug")
        .and_then(|package| package["manifest_path"].as_str())
        .context("btleplug is a dependency")?;
    let java = Path::new(manifest).with_file_name("src/droidplug/java/src/main/java");
    if !java.is_dir() {
        bail!("btleplug has no Java sources at {}", java.display());
    }
    Ok(java)
}

/// Maven on this module, with the versions of the library's own.
pub(super) fn versioned(module: &Path) -> anyhow::Result<Command> {
    let pom = fs::read_to_string(folder().join("pom.xml"))?;
    let mut maven = maven(module)?;
    for name in ["kotlin", "coroutines", "jna", "android"] {
        let version =
            version(&pom, name).with_context(|| format!("pom.xml sets {name}.version"))?;
        maven.arg(format!("-D{name}.version={version}"));
    }
    Ok(maven)
}

/// The value of a property `<name.version>` of a pom.
pub(crate) fn version<'a>(pom: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = pom.split_once(&format!("<{name}.version>"))?;
    rest.split_once(&format!("</{name}.version>"))
        .map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framework_of_the_resources_is_the_one_that_is_compiled_against() {
        let pom = fs::read_to_string(folder().join("pom.xml")).unwrap();
        assert!(pom.contains(&format!(
            "<android.version>{FRAMEWORK_VERSION}</android.version>"
        )));
    }

    #[test]
    fn the_packed_manifest_has_the_package_and_the_oldest_android() {
        let manifest = Build::manifest().unwrap();
        let parsed = roxmltree::Document::parse(&manifest).unwrap();
        let root = parsed.root_element();
        assert_eq!(root.attribute("package"), Some(PACKAGE));
        let sdk = root
            .children()
            .find(|child| child.has_tag_name("uses-sdk"))
            .unwrap();
        assert_eq!(
            sdk.attribute((crate::android::lint::ANDROID, "minSdkVersion")),
            Some("24")
        );
    }
}
