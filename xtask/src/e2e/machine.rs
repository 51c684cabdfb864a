//! Boots the virtual machine: User-Mode Linux, or QEMU where User-Mode Linux is refused (it needs ptrace).

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const GUEST: &str = include_str!("../../e2e/guest.sh");
const INIT_UML: &str = include_str!("../../e2e/init-uml.sh");
/// What the machine prints for the person running it starts with this; all else is the kernel's.
pub(super) const MARK: &str = "touchstone-e2e: ";

/// Until the first process runs, by the clock inside.
const BOOT: Duration = Duration::from_secs(30);

/// How the machine is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A kernel that runs as a process; programs inside run at native speed.
    #[value(name = "uml")]
    UserModeLinux,
    /// A kernel in QEMU, emulated: programs inside run many times slower. (KVM inside a rented machine is not to be relied on.)
    Qemu,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UserModeLinux => "uml",
            Self::Qemu => "qemu",
        }
    }

    /// How much more time programs inside may take, by the clock inside.
    pub(super) fn slowness(self) -> u32 {
        match self {
            Self::UserModeLinux => 1,
            Self::Qemu => 3,
        }
    }

    /// How much slower the clock inside may go.
    fn lag(self) -> u32 {
        match self {
            Self::UserModeLinux => 1,
            Self::Qemu => 6,
        }
    }
}

/// How a boot ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The runner inside ended with this exit code.
    Ran(i32),
    /// The kernel never reached its first process.
    Refused,
    /// The machine stopped or was stopped before the runner ended.
    Broke(&'static str),
}

/// Boots the kernel in `kernel`, lets `runner` work off `plan.json` in `control`, and forwards its progress lines.
pub(super) fn boot(
    kind: Kind,
    kernel: &Path,
    control: &Path,
    runner: &Path,
    limit: Duration,
) -> Result<Ended> {
    fs::write(control.join("guest.sh"), GUEST)?;
    let init = control.join("init-uml.sh");
    fs::write(&init, INIT_UML)?;
    fs::set_permissions(&init, Permissions::from_mode(0o755))?;
    fs::write(control.join("runner"), runner.display().to_string())?;
    for left in ["alive", "exit"] {
        fs::remove_file(control.join(left)).ok();
    }
    let mut command = match kind {
        Kind::UserModeLinux => user_mode_linux(kernel, control),
        Kind::Qemu => qemu(kernel, control),
    };
    let log = File::create(control.join("kernel.log"))?;
    let mut machine = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {:?}", command.get_program()))?;
    let console = machine.stdout.take().context("no console")?;
    let in_time = forward(console, control, BOOT * kind.lag(), limit * kind.lag())?;
    stop(&mut machine, in_time)?;
    let exit = fs::read_to_string(control.join("exit"))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    Ok(match exit {
        Some(code) => Ended::Ran(code),
        None if !in_time && control.join("alive").exists() => {
            Ended::Broke("it did not end in time")
        }
        None if control.join("alive").exists() => {
            Ended::Broke("it stopped before the scenarios ended")
        }
        None if !in_time => Ended::Refused,
        None if said(control).contains("Kernel panic") => Ended::Broke("its kernel panicked"),
        None => Ended::Refused,
    })
}

/// All that the kernel said.
pub(super) fn said(control: &Path) -> String {
    ["kernel.log", "console.log"]
        .map(|name| fs::read_to_string(control.join(name)).unwrap_or_default())
        .concat()
}

fn user_mode_linux(kernel: &Path, control: &Path) -> Command {
    let mut command = Command::new(kernel.join("linux"));
    command.env("LD_PRELOAD", kernel.join("xstate.so"));
    // The machine's memory is a file that it maps and executes.
    command.env(
        "TMPDIR",
        if roomy(Path::new("/dev/shm")) {
            "/dev/shm".into()
        } else {
            std::env::temp_dir()
        },
    );
    command.args([
        "mem=640M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "loglevel=1",
        "con=null",
        "con0=fd:0,fd:1",
        "ssl=null",
    ]);
    command.arg(format!("init={}", control.join("init-uml.sh").display()));
    command.arg(format!("e2e_control={}", control.display()));
    command.arg(format!("e2e_modules={}", kernel.display()));
    command
}

fn qemu(kernel: &Path, control: &Path) -> Command {
    let mut command = Command::new("qemu-system-x86_64");
    command.args([
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
        "-M",
        "q35",
    ]);
    // Without -icount the kernel's timers fire faster than the emulated processor can answer.
    command.args(["-accel", "tcg", "-icount", "shift=1", "-cpu", "max"]);
    command.args([
        "-smp",
        "1",
        "-m",
        "1024",
        "-serial",
        "stdio",
        "-device",
        "virtio-rng-pci",
    ]);
    command
        .arg("-kernel")
        .arg(kernel.join("vmlinuz"))
        .arg("-initrd")
        .arg(kernel.join("initrd.gz"));
    command.args(["-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check random.trust_cpu=on"]);
    command.args([
        "-fsdev",
        "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap",
    ]);
    command.args(["-device", "virtio-9p-pci,fsdev=host,mount_tag=host"]);
    command.arg("-fsdev").arg(format!(
        "local,id=ctl,path={},security_model=none",
        control.display()
    ));
    command.args(["-device", "virtio-9p-pci,fsdev=ctl,mount_tag=ctl"]);
    command
}

/// Whether a file system takes the machine's memory and lets it be executed.
fn roomy(folder: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let options = mounts.lines().find(|line| {
        line.split(' ')
            .nth(1)
            .is_some_and(|at| Path::new(at) == folder)
    });
    if options.is_some_and(|line| {
        line.split(' ')
            .nth(3)
            .is_some_and(|list| list.split(',').any(|option| option == "noexec"))
    }) {
        return false;
    }
    let Ok(output) = Command::new("df")
        .args(["-k", "--output=avail"])
        .arg(folder)
        .output()
    else {
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .last()
        .and_then(|line| line.trim().parse::<u64>().ok())
        .is_some_and(|free| free > 700 * 1024)
}

/// Copies the console to a file and the runner's lines to standard error. False: the first process was not there after `boot`, or the machine was
/// not at its end after `limit`.
fn forward(
    console: impl std::io::Read + Send + 'static,
    control: &Path,
    boot: Duration,
    limit: Duration,
) -> Result<bool> {
    let start = Instant::now();
    let mut log = File::create(control.join("console.log"))?;
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut console = BufReader::new(console);
        let mut line = Vec::new();
        while console
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            if send
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    });
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                log.write_all(line.as_bytes())?;
                if let Some((_, text)) = line.split_once(MARK) {
                    eprintln!("e2e: {}", text.trim_end());
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let passed = start.elapsed();
        if passed > limit || passed > boot && !control.join("alive").exists() {
            return Ok(false);
        }
    }
}

fn stop(machine: &mut Child, ended: bool) -> Result<()> {
    if !ended {
        // User-Mode Linux takes its own processes with it on TERM, not on KILL.
        Command::new("kill")
            .arg(machine.id().to_string())
            .status()
            .ok();
    }
    for _ in 0..100 {
        if machine.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    machine.kill()?;
    machine.wait()?;
    Ok(())
}
