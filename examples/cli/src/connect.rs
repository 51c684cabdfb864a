//! `touchstone connect`.

use std::{
    io::{IsTerminal, stdout},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use touchstone::{A11yContext, Level, Policy, PostQuantum, Provisioner, Report, Stage};

use crate::{
    aloud::{self, Aloud, Voice},
    exit, host,
    render::{Format, Renderer},
    simulated,
    terminal::Terminal,
};

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  touchstone connect\n  touchstone connect --network Home --password-stdin --yes < password.txt\n  touchstone connect --simulated\n  touchstone connect --simulated --scenario list\n  touchstone connect --simulated --scenario impostor --json\n  touchstone connect --simulated --post-quantum require\n  touchstone connect --simulated --narrate --speak\n\nThe password is asked for without echo, or read from standard input, one line for each time it is needed. It is never an argument."
)]
pub(crate) struct Arguments {
    /// Connect in the built-in living room, without a radio.
    #[arg(long)]
    pub(crate) simulated: bool,
    /// The story to play; `list` names them all.
    #[arg(
        long,
        value_name = "NAME",
        requires = "simulated",
        default_value = "success"
    )]
    pub(crate) scenario: String,
    /// The same seed plays the same story the same way.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// One JSON object per screen and cue.
    #[arg(long, conflicts_with = "narrate")]
    pub(crate) json: bool,
    /// The transcript: what is shown, said, felt and played, with times.
    #[arg(long)]
    pub(crate) narrate: bool,
    /// Speak what the transcript says, with the voice of this system.
    #[arg(long, requires = "narrate")]
    pub(crate) speak: bool,
    /// Write the redacted report here, for support.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The network to use, in place of the one offered.
    #[arg(long, value_name = "SSID")]
    pub(crate) network: Option<String>,
    /// Read passwords from standard input.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Press every button; for scripts. Stops where a person would have to decide.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Demand level L2: the device gives signals, and you count them.
    #[arg(long, conflicts_with = "simulated")]
    pub(crate) count: bool,
    /// Agree on keys with ML-KEM-768 beside P-256, so that a quantum computer of a later day cannot read what somebody records today: with every device
    /// that has it, or with no other.
    #[arg(long, value_name = "HOW", value_enum)]
    pub(crate) post_quantum: Option<Wish>,
    /// Give up after this many seconds; without it, nothing ends by itself.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Where owner keys are kept; one small file per device, readable by you only.
    #[arg(long, value_name = "DIR")]
    pub(crate) owner_dir: Option<PathBuf>,
    /// The Bluetooth adapter to use, such as hci0.
    #[arg(long, value_name = "NAME")]
    pub(crate) adapter: Option<String>,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Wish {
    /// A device that has it not is set up without.
    Prefer,
    /// Neither owner key nor credentials are sent to a device that has it not.
    Require,
}

impl Arguments {
    /// What is decided for every attempt; `policy` is what a story decides.
    pub(crate) fn decide(&self, mut policy: Policy) -> Policy {
        if self.count {
            policy.minimum_level = Level::L2;
        }
        policy.post_quantum = match self.post_quantum {
            None => PostQuantum::Off,
            Some(Wish::Prefer) => PostQuantum::Prefer,
            Some(Wish::Require) => PostQuantum::Require,
        };
        policy
    }

    fn format(&self) -> Format {
        match (self.json, self.narrate) {
            (true, _) => Format::Json,
            (_, true) => Format::Narrated,
            _ => Format::Text,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let voice: Option<Arc<dyn Voice>> = match arguments.speak.then(aloud::platform) {
        None => None,
        Some(Ok(voice)) => Some(Arc::new(voice)),
        // Somebody who needs it is told before anything happens that they would not hear of.
        Some(Err(error)) => {
            eprintln!("touchstone: {error}");
            return Ok(exit::NO_VOICE.into());
        }
    };
    if arguments.simulated {
        return simulated::run(arguments, arguments.format(), voice);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(real(arguments, runtime.handle().clone(), voice));
    // A Bluetooth stack that takes its time to disconnect keeps nobody waiting.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn real(
    arguments: &Arguments,
    runtime: tokio::runtime::Handle,
    voice: Option<Arc<dyn Voice>>,
) -> anyhow::Result<ExitCode> {
    let ports = host::ports(
        runtime,
        arguments.owner_dir.clone(),
        arguments.adapter.as_deref(),
    )?;
    let start = Instant::now();
    let interactive = stdout().is_terminal() && !arguments.yes;
    let renderer = Arc::new(Renderer::new(
        arguments.format(),
        Arc::new(move || start.elapsed()),
        interactive,
    ));
    let context = A11yContext {
        screen_reader: arguments.narrate,
        ..A11yContext::default()
    };
    let policy = arguments.decide(Policy::default());
    let (attempt, work) = Provisioner::new(ports, policy).attempt(context);
    let terminal = Terminal::new(attempt, renderer.clone(), arguments);
    let deadline = async {
        match arguments.timeout {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let leave = terminal.clone();
    let mut speech = None;
    let stage: Arc<dyn Stage> = Arc::new(terminal.clone());
    let stage = match voice {
        None => stage,
        Some(voice) => {
            let hearer = terminal.clone();
            let said = move |id, delivered| hearer.said(id, delivered);
            let (announce, speaking) = aloud::as_they_come(voice, said);
            speech = Some(tokio::spawn(speaking));
            Arc::new(Aloud::new(stage, announce))
        }
    };
    let (report, late) = {
        let work = work.run(stage);
        tokio::pin!(work);
        tokio::select! {
            report = &mut work => (report, false),
            () = deadline => { leave.leave(); (work.await, true) }
            _ = tokio::signal::ctrl_c() => { leave.leave(); (work.await, false) }
        }
    };
    if let Some(speech) = speech {
        // The stage is gone, so that this ends with the last sentence; whoever has heard enough leaves.
        tokio::select! {
            _ = speech => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    renderer.finish();
    write_report(arguments, &report)?;
    Ok(if late {
        exit::OUT_OF_TIME
    } else {
        exit::code(report.outcome)
    }
    .into())
}

/// Writes the report where the person asked for it.
pub(crate) fn write_report(arguments: &Arguments, report: &Report) -> anyhow::Result<()> {
    let Some(path) = &arguments.report else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(path, text + "\n")
        .with_context(|| format!("cannot write the report to {}", path.display()))
}
