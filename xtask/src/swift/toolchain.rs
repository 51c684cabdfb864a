//! A Swift toolchain: the machine's own, or Debian's in a folder of the cache.
//!
//! Debian packages Swift from release 13 on. On an older Debian it runs in a root folder of its own, made once. Everything mounted there is mounted in a
//! mount namespace, which ends with its last process: nothing stays mounted, however the task ends.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use crate::shell;

/// Raise it whenever what ends up in the cache changes.
const RECIPE: u32 = 1;
const SUITE: &str = "trixie";
const MIRROR: &str = "http://deb.debian.org/debian";
/// The compiler, and what it links with.
const PACKAGES: &str = "swiftlang g++ libc6-dev binutils-gold git";
/// First version whose language mode 6 is the one the package is written in.
const OLDEST: u32 = 6;

/// Where Swift is.
pub(crate) enum Toolchain {
    /// On the path.
    Native,
    /// In this root folder.
    Root(PathBuf),
}

/// A folder the commands may see.
pub(crate) struct Folder<'a> {
    /// Where it is.
    pub(crate) host: &'a Path,
    /// Where the commands find it in the root folder.
    pub(crate) inside: &'static str,
    pub(crate) writable: bool,
}

impl Toolchain {
    /// The toolchain, set up if need be; or why there is none.
    pub(crate) fn find() -> anyhow::Result<Result<Self, String>> {
        if let Some(version) = native() {
            if version >= OLDEST {
                return Ok(Ok(Self::Native));
            }
            eprintln!("the machine's Swift is of version {version}, older than {OLDEST}");
        }
        if !cfg!(target_os = "linux") {
            return Ok(Err("there is no Swift on the path".to_owned()));
        }
        if !is_root() {
            return Ok(Err(
                "there is no Swift on the path, and setting one up needs root".to_owned(),
            ));
        }
        if !may_mount() {
            return Ok(Err(
                "there is no Swift on the path, and this machine does not let root mount"
                    .to_owned(),
            ));
        }
        set_up().map(|root| Ok(Self::Root(root)))
    }

    /// Runs `script` with sh, its `$1` and so on being these folders.
    pub(crate) fn command(&self, script: &str, folders: &[Folder<'_>]) -> Command {
        let root = match self {
            Self::Native => {
                let mut command = Command::new("sh");
                command
                    .args(["-euc", script, "sh"])
                    .args(folders.iter().map(|folder| folder.host));
                return command;
            }
            Self::Root(root) => root,
        };
        let mut outer = "root=$1; script=$2; shift 2\n\
            mount -t proc proc \"$root/proc\"\n\
            mount --rbind /dev \"$root/dev\"\n"
            .to_owned();
        let mut inside = String::new();
        for folder in folders {
            let at = folder.inside;
            outer += &format!("mkdir -p \"$root{at}\"; mount --bind \"$1\" \"$root{at}\"; shift\n");
            if !folder.writable {
                outer += &format!("mount -o remount,bind,ro \"$root{at}\"\n");
            }
            inside += &format!(" {at}");
        }
        outer += &format!(
            "exec chroot \"$root\" env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8 sh -euc \"$script\" sh{inside}"
        );
        let mut command = in_namespace(&outer);
        command
            .arg(root)
            .arg(script)
            .args(folders.iter().map(|folder| folder.host));
        command
    }
}

/// A script in a mount namespace of its own; arguments follow.
fn in_namespace(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-euc",
        script,
        "sh",
    ]);
    command
}

/// The major version of the Swift on the path.
fn native() -> Option<u32> {
    let output = Command::new("swift")
        .arg("--version")
        .stderr(Stdio::null())
        .output()
        .ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

fn major(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("Swift version ")?;
    rest.split('.').next()?.parse().ok()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}

fn may_mount() -> bool {
    in_namespace("mount -t tmpfs none /mnt")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The root folder, made if there is none. A folder appears in the cache whole or not at all.
fn set_up() -> anyhow::Result<PathBuf> {
    let cache = shell::cache()?;
    let root = cache.join(format!("swift-{SUITE}-r{RECIPE}"));
    if root.is_dir() {
        return Ok(root);
    }
    let lock = File::create(cache.join("swift.lock"))?;
    lock.lock().context("cannot wait for another set-up")?;
    if root.is_dir() {
        return Ok(root);
    }
    shell::debian(&["debootstrap"])?;
    // Whoever made it holds no lock any more.
    let beside = cache.join(format!("swift-{SUITE}-r{RECIPE}.new"));
    if beside.exists() {
        fs::remove_dir_all(&beside)?;
    }
    eprintln!(
        "setting up Swift in {}, once: 570 MB to load",
        root.display()
    );
    let log = cache.join("swift-setup.log");
    let script = format!(
        "root=$1\n\
         debootstrap --variant=minbase {SUITE} \"$root\" {MIRROR}\n\
         mount -t proc proc \"$root/proc\"; mount --rbind /dev \"$root/dev\"\n\
         export DEBIAN_FRONTEND=noninteractive\n\
         chroot \"$root\" apt-get install -y -qq --no-install-recommends {PACKAGES}\n\
         chroot \"$root\" apt-get clean\n\
         chroot \"$root\" swift --version"
    );
    let output = File::create(&log)?;
    let status = in_namespace(&script)
        .arg(&beside)
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()?;
    if !status.success() {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines
            .get(lines.len().saturating_sub(15)..)
            .unwrap_or_default();
        bail!("cannot set up Swift ({status}):\n{}", last.join("\n"));
    }
    fs::rename(&beside, &root)?;
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_apple_and_debian_print() {
        assert_eq!(
            major("Swift version 6.0.3 (swift-6.0.3-RELEASE)\n"),
            Some(6)
        );
        assert_eq!(
            major("swift-driver version: 1.90 Apple Swift version 5.10 (x)"),
            Some(5)
        );
        assert_eq!(major("command not found"), None);
    }

    #[test]
    fn folders_that_are_not_writable_are_mounted_read_only() {
        let folder = |inside, writable| Folder {
            host: Path::new("/host"),
            inside,
            writable,
        };
        let command = Toolchain::Root("/root".into())
            .command("true", &[folder("/a", false), folder("/b", true)]);
        let script = command.get_args().nth(5).unwrap().to_str().unwrap();
        assert!(script.contains("remount,bind,ro \"$root/a\""));
        assert!(!script.contains("remount,bind,ro \"$root/b\""));
        assert!(script.ends_with("sh /a /b"));
    }
}
