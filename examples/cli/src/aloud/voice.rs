//! What can speak on this machine.

use std::{
    fmt,
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{io::AsyncWriteExt, process::Command};
use touchstone::flow::Politeness;

/// Something that says a sentence to its end, and falls silent when the future is dropped.
pub(crate) trait Voice: Send + Sync {
    /// Says `text`.
    fn say<'a>(
        &'a self,
        text: &'a str,
        politeness: Politeness,
    ) -> BoxFuture<'a, Result<(), VoiceError>>;
}

/// Why nothing is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VoiceError {
    /// This machine has no program that speaks.
    Missing,
    /// Every program that speaks has failed; the last one said this.
    Failed { program: &'static str, why: String },
}

impl fmt::Display for VoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "nothing here can speak; install speech-dispatcher or espeak-ng, or leave --speak out",
            ),
            Self::Failed { program, why } => write!(f, "{program} does not speak: {why}"),
        }
    }
}

impl std::error::Error for VoiceError {}

/// A program that speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// The voice the person has chosen in the system settings of a Mac.
    Say,
    /// The same on Windows, through SAPI.
    Sapi,
    /// The same on Linux and the BSDs, through Speech Dispatcher, which screen readers use too.
    SpeechDispatcher,
    Espeak,
}

/// SAPI has no program of its own.
const SAPI: &str = "Add-Type -AssemblyName System.Speech; \
    [Console]::InputEncoding = [Text.Encoding]::UTF8; \
    (New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())";

impl Program {
    /// What this platform may have, best first.
    const fn of_this_platform() -> &'static [Self] {
        if cfg!(target_os = "macos") {
            &[Self::Say]
        } else if cfg!(windows) {
            &[Self::Sapi]
        } else {
            &[Self::SpeechDispatcher, Self::Espeak]
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::Sapi => "powershell.exe",
            Self::SpeechDispatcher => "spd-say",
            Self::Espeak => "espeak-ng",
        }
    }

    /// How it is asked to say `text`; and what it reads, where it takes the text from its input.
    fn command(self, text: &str, politeness: Politeness) -> (Command, &str) {
        let mut command = Command::new(self.name());
        let input = match self {
            Self::Say => {
                command.args(["-f", "-"]);
                text
            }
            Self::Sapi => {
                command.args(["-NoProfile", "-NonInteractive", "-Command", SAPI]);
                text
            }
            Self::SpeechDispatcher => {
                // It outlives the program that asked for it; only a more important message cuts it off.
                let priority = match politeness {
                    Politeness::Assertive => "important",
                    _ => "message",
                };
                command.args(["--wait", "--priority", priority, "--", text]);
                ""
            }
            Self::Espeak => {
                command.arg("--stdin");
                text
            }
        };
        (command, input)
    }

    async fn say(self, text: &str, politeness: Politeness) -> Result<(), String> {
        let (mut command, input) = self.command(text, politeness);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut pipe) = child.stdin.take() {
            // One that does not listen says why when it ends.
            drop(pipe.write_all(input.as_bytes()).await);
        }
        let output = child.wait_with_output().await;
        let output = output.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stderr);
        // espeak-ng succeeds even where there is nothing to hear it from.
        let complaint = text.lines().find_map(|line| line.strip_prefix("error: "));
        match complaint.or(text.lines().last()) {
            _ if output.status.success() && complaint.is_none() => Ok(()),
            Some(why) => Err(why.to_owned()),
            None => Err(output.status.to_string()),
        }
    }
}

/// The programs of this machine that speak; one that fails is not asked again.
pub(crate) struct Programs {
    found: Vec<Program>,
    failed: AtomicUsize,
}

/// What speaks on this machine.
///
/// # Errors
/// [`VoiceError::Missing`].
pub(crate) fn platform() -> Result<Programs, VoiceError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    among(folders.iter().map(|folder| folder.as_path()))
}

fn among<'a>(folders: impl Iterator<Item = &'a Path> + Clone) -> Result<Programs, VoiceError> {
    let is_there = |program: &&Program| {
        folders
            .clone()
            .any(|folder| folder.join(program.name()).is_file())
    };
    let found: Vec<_> = Program::of_this_platform()
        .iter()
        .filter(is_there)
        .copied()
        .collect();
    if found.is_empty() {
        return Err(VoiceError::Missing);
    }
    Ok(Programs {
        found,
        failed: AtomicUsize::new(0),
    })
}

impl Voice for Programs {
    fn say<'a>(
        &'a self,
        text: &'a str,
        politeness: Politeness,
    ) -> BoxFuture<'a, Result<(), VoiceError>> {
        async move {
            let mut outcome = Err(VoiceError::Missing);
            for program in self.found.iter().skip(self.failed.load(Ordering::Relaxed)) {
                match program.say(text, politeness).await {
                    Ok(()) => return Ok(()),
                    Err(why) => {
                        let program = program.name();
                        outcome = Err(VoiceError::Failed { program, why });
                        self.failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            outcome
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_voice_is_told_what_to_install() {
        let error = among([Path::new("/nonexistent")].into_iter()).err();
        assert_eq!(error, Some(VoiceError::Missing));
        assert!(VoiceError::Missing.to_string().contains("espeak-ng"));
    }

    #[test]
    fn a_text_is_never_taken_for_an_option() {
        for program in [
            Program::Say,
            Program::Sapi,
            Program::SpeechDispatcher,
            Program::Espeak,
        ] {
            let text = "--help; $(reboot)";
            let (command, input) = program.command(text, Politeness::Assertive);
            let arguments: Vec<_> = command.as_std().get_args().collect();
            match arguments.iter().position(|argument| *argument == text) {
                Some(at) => assert_eq!(arguments[at - 1], "--", "{program:?}"),
                None => assert_eq!(input, text, "{program:?}"),
            }
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_fails_is_named_and_the_next_one_speaks() {
        let missing = Programs {
            found: vec![Program::Sapi],
            failed: AtomicUsize::new(0),
        };
        let error = missing.say("Touch received.", Politeness::Assertive).await;
        assert!(
            matches!(
                error,
                Err(VoiceError::Failed {
                    program: "powershell.exe",
                    ..
                })
            ),
            "{error:?}"
        );
        // Asked once only.
        assert_eq!(
            missing.say("Touch received.", Politeness::Assertive).await,
            Err(VoiceError::Missing)
        );
    }
}
