//! Sets up the virtual machine on a Debian machine: packages, a kernel with Bluetooth, its modules.
//!
//! Everything built is kept in the cache folder, in one folder per kernel version and recipe; a second call finds it there and does nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::machine::Kind;
use crate::shell;

/// Raise it whenever what ends up in the cache changes.
const RECIPE: u32 = 2;

/// What runs inside the machine, straight from the host's file system, and the package it comes from.
const TOOLS: [(&str, &str); 6] = [
    ("/usr/bin/btvirt", "bluez-test-tools"),
    ("/usr/bin/btmon", "bluez"),
    ("/usr/libexec/bluetooth/bluetoothd", "bluez"),
    ("/usr/bin/dbus-daemon", "dbus"),
    ("/usr/bin/dbus-send", "dbus"),
    ("/bin/busybox", "busybox-static"),
];
/// To configure User-Mode Linux and build two modules of it.
const UML_BUILD: [&str; 9] = [
    "make",
    "gcc",
    "libc6-dev",
    "flex",
    "bison",
    "bc",
    "xz-utils",
    "kmod",
    "binutils",
];
const QEMU_BUILD: [&str; 3] = ["qemu-system-x86", "kmod", "cpio"];
/// Modules of Debian's User-Mode Linux that Bluetooth and the overlay need; what a module depends on is added.
const UML_MODULES: [&str; 11] = [
    "overlay",
    "sha512_generic",
    "hmac",
    "ctr",
    "drbg",
    "ecb",
    "cmac",
    "ccm",
    "ecdh_generic",
    "algif_hash",
    "algif_skcipher",
];
const QEMU_MODULES: [&str; 14] = [
    "virtio_pci",
    "ctr",
    "ecb",
    "sha512_generic",
    "drbg",
    "9pnet_virtio",
    "9p",
    "overlay",
    "ccm",
    "cmac",
    "hci_vhci",
    "uhid",
    "algif_hash",
    "algif_skcipher",
];
const QEMU_INIT: &str = include_str!("../../e2e/init-qemu.sh");
const XSTATE: &str = include_str!("../../e2e/xstate.c");

/// A kernel of either kind, ready to boot: the folder that holds it.
pub(super) fn ready(kind: Kind) -> Result<PathBuf> {
    let start = Instant::now();
    let say = |text: &str| eprintln!("e2e: [{:3.0} s] {text}", start.elapsed().as_secs_f32());
    let cache = cache_folder()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let found = newest(&cache, kind);
    let absent: Vec<&str> = TOOLS
        .iter()
        .filter(|(path, _)| !Path::new(path).exists())
        .map(|(_, package)| *package)
        .collect();
    let mut packages = absent;
    if found.is_none() {
        packages.extend(match kind {
            Kind::UserModeLinux => &UML_BUILD[..],
            Kind::Qemu => &QEMU_BUILD[..],
        });
    } else if kind == Kind::Qemu && !Path::new("/usr/bin/qemu-system-x86_64").exists() {
        packages.push("qemu-system-x86");
    }
    if !packages.is_empty() {
        say("looking for the packages it needs");
        shell::debian(&packages)?;
    }
    // bluetoothd keeps what it knows here; the machine puts a file system of its own on it, which needs the folder to exist.
    fs::create_dir_all("/var/lib/bluetooth").ok();
    if let Some(folder) = found {
        return Ok(folder);
    }
    update_package_lists();
    let work = Scratch::new()?;
    let folder = match kind {
        Kind::UserModeLinux => build_uml(&work.0, &cache, &say)?,
        Kind::Qemu => build_qemu(&work.0, &cache, &say)?,
    };
    say(&format!("ready, kept in {}", folder.display()));
    Ok(folder)
}

fn cache_folder() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(
            std::env::var_os("HOME")
                .context("HOME is not set: where should the virtual machine be kept?")?,
        )
        .join(".cache"),
    };
    Ok(base.join("touchstone-e2e"))
}

fn newest(cache: &Path, kind: Kind) -> Option<PathBuf> {
    let (prefix, suffix) = (format!("{}-", kind.name()), format!("-r{RECIPE}"));
    let mut folders: Vec<PathBuf> = fs::read_dir(cache)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(&prefix) && name.ends_with(&suffix))
        })
        .collect();
    folders.sort();
    folders.pop()
}

/// A folder appears in the cache whole or not at all, also when two set-ups race.
fn keep(staged: &Path, cache: &Path, kind: Kind, version: &str) -> Result<PathBuf> {
    let folder = cache.join(format!("{}-{version}-r{RECIPE}", kind.name()));
    let beside = cache.join(format!("new-{}", std::process::id()));
    run(
        "keep",
        Command::new("cp").arg("-r").arg(staged).arg(&beside),
    )?;
    if fs::rename(&beside, &folder).is_err() {
        fs::remove_dir_all(&beside).ok();
        anyhow::ensure!(folder.is_dir(), "cannot create {}", folder.display());
    }
    Ok(folder)
}

/// A list that cannot be had is not the end: another may be enough, and what is missing then is said by whatever needs it.
fn update_package_lists() {
    let update = || run("apt-get update", apt().args(["update", "-qq"]));
    if let Err(error) = update().or_else(|_| update()) {
        eprintln!("e2e: {error:#}");
    }
}

fn build_uml(work: &Path, cache: &Path, say: &dyn Fn(&str)) -> Result<PathBuf> {
    download(work, "user-mode-linux")?;
    let uml = work.join("uml");
    run(
        "unpack user-mode-linux",
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(the_package(work, "user-mode-linux")?)
            .arg(&uml),
    )?;
    let binary = uml.join("usr/bin/linux.uml");
    let version = run(
        "linux.uml --version",
        Command::new(&binary).arg("--version"),
    )?
    .trim()
    .to_owned();
    let series = series(&version)?;
    let package = format!("linux-source-{series}");
    // The modules must come from the very source the kernel was built from; the mirror offers several.
    let offered = run(
        "apt-cache madison",
        Command::new("apt-cache").args(["madison", &package]),
    )?;
    let exact = offered
        .lines()
        .filter_map(|line| line.split('|').nth(1).map(str::trim))
        .find(|offer| offer.split('-').next() == Some(version.as_str()))
        .with_context(|| {
            format!(
                "the mirror has no {package} of version {version} for user-mode-linux {version}"
            )
        })?;
    say(&format!(
        "User-Mode Linux {version}; downloading {package} {exact}"
    ));
    download(work, &format!("{package}={exact}"))?;
    say("unpacking the kernel source");
    let pipe = format!(
        "dpkg-deb --fsys-tarfile {package}_*.deb | tar xO ./usr/src/{package}.tar.xz | xz -dc -T0 | tar x --wildcards \
         --exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/net/*.[ch]' --exclude='*/sound/*.[ch]' --exclude='*/drivers/media/*.[ch]' \
         --exclude='*/Documentation/*.[rty]*' --exclude='*/tools/testing/*' && rm {package}_*.deb"
    );
    run("unpack the kernel source", bash(&pipe).current_dir(work))?;
    let source = work.join(&package);
    say("building bluetooth.ko and hci_vhci.ko");
    let mut config = run(
        "linux.uml --showconfig",
        Command::new(&binary).arg("--showconfig"),
    )?;
    config.push_str("CONFIG_BT=m\nCONFIG_BT_BREDR=y\nCONFIG_BT_LE=y\nCONFIG_BT_HCIVHCI=m\n");
    fs::write(source.join(".config"), config)?;
    let jobs = format!(
        "-j{}",
        std::thread::available_parallelism().map_or(2, usize::from)
    );
    let make = |arguments: &[&str]| {
        run(
            &format!("make {}", arguments.join(" ")),
            Command::new("make")
                .args(["-s", &jobs, "ARCH=um"])
                .args(arguments)
                .current_dir(&source),
        )
    };
    make(&["olddefconfig"])?;
    make(&["modules_prepare"])?;
    // The symbols of the packaged kernel are not known here, so the linker's complaints about them are warnings.
    make(&["KBUILD_MODPOST_WARN=1", "M=net/bluetooth", "modules"])?;
    make(&[
        "KBUILD_MODPOST_WARN=1",
        "M=drivers/bluetooth",
        "hci_vhci.ko",
    ])?;
    let staged = work.join("staged");
    fs::create_dir_all(&staged)?;
    fs::copy(&binary, staged.join("linux"))?;
    fs::write(work.join("xstate.c"), XSTATE)?;
    run(
        "gcc xstate.c",
        Command::new("gcc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(staged.join("xstate.so"))
            .arg(work.join("xstate.c")),
    )?;
    let mut order = copy_modules(
        &uml.join(format!("usr/lib/uml/modules/{version}")),
        &UML_MODULES,
        &staged,
    )?;
    for module in [
        "net/bluetooth/bluetooth.ko",
        "drivers/bluetooth/hci_vhci.ko",
    ] {
        let built = source.join(module);
        run("strip", Command::new("strip").arg("-g").arg(&built))?;
        let name = file_name(&built)?;
        fs::copy(&built, staged.join(&name))?;
        order.push(name);
    }
    fs::write(staged.join("order"), order.join("\n") + "\n")?;
    keep(&staged, cache, Kind::UserModeLinux, &version)
}

fn build_qemu(work: &Path, cache: &Path, say: &dyn Fn(&str)) -> Result<PathBuf> {
    let depends = run(
        "apt-cache depends",
        Command::new("apt-cache").args(["depends", "linux-image-amd64"]),
    )?;
    let package = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .context("linux-image-amd64 depends on no kernel package")?
        .to_owned();
    let version = package.trim_start_matches("linux-image-").to_owned();
    say(&format!("downloading {package}"));
    download(work, &package)?;
    let modules = format!("./lib/modules/{version}");
    let pipe = format!(
        "dpkg-deb --fsys-tarfile {package}_*.deb | tar x ./boot {modules}/modules.builtin {modules}/modules.order \
         {modules}/kernel/net/bluetooth {modules}/kernel/net/9p {modules}/kernel/net/rfkill {modules}/kernel/drivers/bluetooth \
         {modules}/kernel/drivers/virtio {modules}/kernel/drivers/hid {modules}/kernel/crypto {modules}/kernel/lib {modules}/kernel/fs"
    );
    run("unpack the kernel", bash(&pipe).current_dir(work))?;
    // depmod warns about the modules that were left out.
    run(
        "depmod",
        Command::new("/sbin/depmod")
            .args(["-b", "."])
            .arg(&version)
            .current_dir(work),
    )?;
    let tree = work.join("tree");
    for folder in ["bin", "dev", "proc", "sys", "mods", "host", "rw", "new"] {
        fs::create_dir_all(tree.join(folder))?;
    }
    fs::copy("/bin/busybox", tree.join("bin/busybox"))?;
    run(
        "ln",
        Command::new("ln")
            .args(["-s", "busybox"])
            .arg(tree.join("bin/sh")),
    )?;
    let order = copy_modules(&work.join(&modules), &QEMU_MODULES, &tree.join("mods"))?;
    fs::write(tree.join("mods/order"), order.join("\n") + "\n")?;
    fs::write(tree.join("init"), QEMU_INIT)?;
    run(
        "chmod",
        Command::new("chmod").arg("+x").arg(tree.join("init")),
    )?;
    let staged = work.join("staged");
    fs::create_dir_all(&staged)?;
    let archive = format!(
        "find . | cpio -o -H newc --quiet | gzip -1 > '{}'",
        staged.join("initrd.gz").display()
    );
    run(
        "make the initial file system",
        bash(&archive).current_dir(&tree),
    )?;
    fs::copy(
        work.join(format!("boot/vmlinuz-{version}")),
        staged.join("vmlinuz"),
    )?;
    keep(&staged, cache, Kind::Qemu, &version)
}

/// Copies each module after what it depends on; gives the loading order. A module that is built in is left out.
fn copy_modules(tree: &Path, wanted: &[&str], to: &Path) -> Result<Vec<String>> {
    let table = fs::read_to_string(tree.join("modules.dep"))
        .with_context(|| format!("no modules.dep in {}", tree.display()))?;
    let mut order = Vec::new();
    for module in wanted {
        let suffix = format!("/{module}.ko");
        let Some((own, needs)) = table
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(path, _)| path.ends_with(&suffix))
        else {
            continue;
        };
        for path in needs.split_whitespace().rev().chain([own]) {
            let name = file_name(Path::new(path))?;
            if !order.contains(&name) {
                fs::copy(tree.join(path), to.join(&name))
                    .with_context(|| format!("cannot copy {path}"))?;
                order.push(name);
            }
        }
    }
    Ok(order)
}

fn download(work: &Path, package: &str) -> Result<()> {
    let mut command = apt();
    command
        .args(["download", "-qq", "-o", "APT::Sandbox::User=root", package])
        .current_dir(work);
    run("apt-get download", &mut command).map(drop)
}

fn the_package(work: &Path, name: &str) -> Result<PathBuf> {
    fs::read_dir(work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| file_name(path).is_ok_and(|file| file.starts_with(&format!("{name}_"))))
        .with_context(|| format!("apt-get download left no {name} package"))
}

fn series(version: &str) -> Result<String> {
    let mut parts = version.split('.');
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => Ok(format!("{major}.{minor}")),
        _ => bail!("{version:?} is no kernel version"),
    }
}

fn file_name(path: &Path) -> Result<String> {
    Ok(path
        .file_name()
        .and_then(|name| name.to_str())
        .with_context(|| format!("{} has no name", path.display()))?
        .to_owned())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn bash(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-o", "pipefail", "-c", script]);
    command
}

/// Runs to the end and gives the standard output; a failure carries what the command printed last.
fn run(what: &str, command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{what}: cannot start {:?}", command.get_program()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(15)..].join("\n");
        bail!("{what} failed ({}):\n{last}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A folder of its own under the system's temporary folder, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path =
            std::env::temp_dir().join(format!("touchstone-e2e-setup-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
