//! A host with a fake clock.
#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use touchstone_flow::{
    A11yContext, ActionId, Actuators, Command, Cue, Event, Flow, FlowOptions, Input, Msg,
    NetworkItem, NetworkName, Output, Password, PresenceKind, Product, Screen, Strength,
    catalogue::english_plain,
};

/// Longer than the press guard.
pub(crate) const LATER: Duration = Duration::from_secs(1);

pub(crate) struct Host {
    pub(crate) flow: Flow,
    pub(crate) now: Duration,
    pub(crate) log: Vec<(Duration, Output)>,
}

pub(crate) fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

pub(crate) fn reader() -> A11yContext {
    A11yContext {
        screen_reader: true,
        ..A11yContext::default()
    }
}

pub(crate) fn lamp() -> Product {
    Product::new("Kitchen lamp")
}

pub(crate) fn network(name: &str, secured: bool, saved: bool) -> NetworkItem {
    NetworkItem {
        ssid: NetworkName::new(name.as_bytes()),
        secured,
        saved,
        strength: Strength::Strong,
    }
}

pub(crate) fn choose(networks: Vec<NetworkItem>) -> Event {
    Event::ChooseNetwork {
        product: lamp(),
        actuators: Actuators {
            sound: true,
            ..Actuators::default()
        },
        networks,
        preselected: 0,
    }
}

pub(crate) fn touch(several: bool) -> Event {
    Event::AwaitPresence {
        kind: PresenceKind::Touch,
        several,
    }
}

pub(crate) fn password(text: &str) -> Input {
    Input::Password(Password::new(text.to_owned()))
}

impl Host {
    /// With a screen reader.
    pub(crate) fn new() -> Self {
        Self::with(reader())
    }

    pub(crate) fn with(context: A11yContext) -> Self {
        Self::with_options(context, FlowOptions::default())
    }

    /// Without the heartbeat, which would be taken for the earcon of a step.
    pub(crate) fn without_heartbeat() -> Self {
        let mut options = FlowOptions::default();
        options.heartbeat = false;
        Self::with_options(reader(), options)
    }

    fn with_options(context: A11yContext, options: FlowOptions) -> Self {
        let mut host = Self {
            flow: Flow::new(options, context),
            now: Duration::ZERO,
            log: Vec::new(),
        };
        host.drain();
        host
    }

    /// Before the person's press on "Use Home", the device already touched.
    pub(crate) fn at_choice(networks: Vec<NetworkItem>) -> Self {
        let mut host = Self::new();
        host.event(touch(false));
        host.wait(seconds(6.0));
        host.event(Event::Touched { product: lamp() });
        host.wait(seconds(2.0));
        host.event(choose(networks));
        host.wait(seconds(6.0));
        host
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.flow.poll_output() {
            self.log.push((self.now, output));
        }
    }

    pub(crate) fn send(&mut self, input: Input) {
        self.flow.handle(self.now, input);
        self.drain();
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.send(Input::Event(event));
    }

    /// Presses what the newest screen shows.
    pub(crate) fn press(&mut self, action: ActionId) {
        let seq = self.screen().seq;
        self.send(Input::Press { action, seq });
    }

    /// Waits until the guard has passed, then presses.
    pub(crate) fn press_later(&mut self, action: ActionId) {
        self.wait(LATER);
        self.press(action);
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        let mut turns = 0;
        while let Some(at) = self.flow.poll_timeout().filter(|at| *at <= end) {
            turns = if at <= self.now { turns + 1 } else { 0 };
            assert!(turns < 3, "the flow asks for a time that has passed");
            self.now = self.now.max(at);
            self.send(Input::Timeout);
        }
        self.now = end;
    }

    pub(crate) fn mark(&self) -> usize {
        self.log.len()
    }

    pub(crate) fn screen(&self) -> &Screen {
        self.log
            .iter()
            .rev()
            .find_map(|(_, output)| match output {
                Output::Screen(screen) => Some(screen),
                _ => None,
            })
            .expect("there is always a screen")
    }

    pub(crate) fn screens(&self) -> Vec<&Screen> {
        self.log
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Screen(screen) => Some(screen),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn status(&self) -> String {
        english_plain(&self.screen().status)
    }

    pub(crate) fn cues(&self, from: usize) -> Vec<(Duration, &Cue)> {
        self.log[from..]
            .iter()
            .filter_map(|(at, output)| match output {
                Output::Cue(cue) => Some((*at, cue)),
                _ => None,
            })
            .collect()
    }

    /// What was said since `from`, with its time in seconds.
    pub(crate) fn said(&self, from: usize) -> Vec<(f64, String)> {
        self.cues(from)
            .into_iter()
            .filter_map(|(at, cue)| match cue {
                Cue::Say { msg, .. } => Some((at.as_secs_f64(), english_plain(msg))),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn commands(&self, from: usize) -> Vec<&Command> {
        self.log[from..]
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Command(command) => Some(command),
                _ => None,
            })
            .collect()
    }
}

pub(crate) fn text(msg: &Msg) -> String {
    english_plain(msg)
}

pub(crate) fn secured() -> Vec<NetworkItem> {
    vec![
        network("Home", true, false),
        network("Cabin", true, false),
        network("Guest", false, false),
    ]
}

/// Name and password of the one network that was sent since `from`.
pub(crate) fn sent(host: &Host, from: usize) -> Option<(String, Option<String>)> {
    let mut sent = host
        .commands(from)
        .into_iter()
        .filter_map(|command| match command {
            Command::UseNetwork { network, password } => Some((
                network.ssid().shown().to_owned(),
                password
                    .as_ref()
                    .map(|password| password.expose().to_owned()),
            )),
            _ => None,
        });
    let first = sent.next();
    assert!(sent.next().is_none(), "sent more than once");
    first
}

pub(crate) fn confirmations(host: &Host) -> usize {
    host.commands(0)
        .into_iter()
        .filter(|command| matches!(command, Command::ConfirmDevice))
        .count()
}
