//! The state machine: facts and presses in, screens, cues and commands out.

mod event;
mod press;
mod signals;
mod wifi;

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use self::{signals::Signals, wifi::Wifi};
use crate::{
    A11yContext, Action, AgainReason, Arg, Command, FocusTarget, Input, Msg, MsgId, Output,
    Permission, PresenceKind, Screen, Step,
    planner::Planner,
    script::{ADVICE, Wait},
};

/// A press this soon after a label changed was meant for what stood there before.
const PRESS_GUARD: Duration = Duration::from_millis(800);
/// How long a broken link is kept quiet; most come back within it.
const LINK_PATIENCE: Duration = Duration::from_secs(3);

/// What a host may choose about a flow.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FlowOptions {
    /// Whether a tick is played every five seconds while something is under way and a screen reader is on.
    pub heartbeat: bool,
}

impl Default for FlowOptions {
    fn default() -> Self {
        Self { heartbeat: true }
    }
}

/// The connect flow.
///
/// It owns no clock and does no I/O. A password is held from the first [`Input::Password`] until the end of the attempt and is
/// zeroized then; it leaves only in [`Command::UseNetwork`].
#[derive(Debug)]
pub struct Flow {
    now: Duration,
    step: Step,
    entered: Duration,
    seq: u64,
    controls: Vec<Control>,
    outputs: VecDeque<Output>,
    planner: Planner,
    wifi: Wifi,
    permission: Permission,
    /// What was last asked for at a device.
    presence: PresenceKind,
    reminders: Option<Reminders>,
    away_since: Option<Duration>,
    lost_since: Option<Duration>,
    before_loss: Option<Step>,
    signals: Signals,
    help_open: bool,
    revealed: bool,
    /// Why the person is asked for another touch; shown until there is one.
    why_again: Option<MsgId>,
}

/// A control on the screen, and since when it has been there.
#[derive(Debug)]
struct Control {
    action: Action,
    /// `None` when there was nothing before it that a press could have been meant for.
    since: Option<Duration>,
    since_seq: u64,
}

#[derive(Debug)]
struct Reminders {
    wait: Wait,
    since: Duration,
    next: usize,
}

impl Flow {
    /// A flow that shows its first screen.
    pub fn new(options: FlowOptions, context: A11yContext) -> Self {
        let mut flow = Self {
            now: Duration::ZERO,
            step: Step::Idle,
            entered: Duration::ZERO,
            seq: 0,
            controls: Vec::new(),
            outputs: VecDeque::new(),
            planner: Planner::new(context, options.heartbeat),
            wifi: Wifi::default(),
            permission: Permission::NearbyDevices,
            presence: PresenceKind::Touch,
            reminders: None,
            away_since: None,
            lost_since: None,
            before_loss: None,
            signals: Signals::default(),
            help_open: false,
            revealed: false,
            why_again: None,
        };
        flow.show(None);
        for control in &mut flow.controls {
            control.since = None;
        }
        flow
    }

    /// Takes one thing that happened at `now`, the time since an origin of the host's choice. Time does not run backwards: an
    /// earlier `now` is taken as the latest one.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Press { action, seq } => self.press(action, seq),
            Input::Password(password) => self.wifi.typed(password),
            Input::SelectNetwork { index } => self.select_network(index),
            Input::TypeNetwork { name, secured } => self.wifi.named = Some((name, secured)),
            Input::Counts(counts) => self.signals.entered(counts),
            Input::Context(context) => self.change_context(context),
            Input::UiReady(ready) => self.ui_ready(ready),
            Input::Said { id, delivered } => self.planner.said(self.now, id, delivered),
            Input::Resume => self.resume(),
            Input::Event(event) => self.event(event),
            Input::Timeout => {}
        }
        self.run_timers();
        self.collect_cues();
    }

    /// The next thing to do, in order; `None` when there is nothing more until the next [`Flow::handle`].
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Flow::handle`] with [`Input::Timeout`]; `None` when only an input can change anything.
    pub fn poll_timeout(&self) -> Option<Duration> {
        [
            self.planner.timeout(),
            self.reminder_time(),
            self.loss_time(),
            self.signals_time(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether announcements are made at all.
    pub fn speaks(&self) -> bool {
        self.planner.context().screen_reader
    }

    /// Where the person is.
    pub fn step(&self) -> &Step {
        &self.step
    }

    fn command(&mut self, command: Command) {
        self.collect_cues();
        self.outputs.push_back(Output::Command(command));
    }

    /// Keeps cues in their order among screens and commands.
    fn collect_cues(&mut self) {
        while let Some(cue) = self.planner.poll() {
            self.outputs.push_back(Output::Cue(cue));
        }
    }

    fn enter(&mut self, step: Step) {
        if self.step.clone().reminded(false) == step {
            return;
        }
        self.why_again = match step {
            // It is over as soon as the device is back.
            Step::TouchAgain {
                why: AgainReason::StaysOff,
                ..
            } => None,
            Step::TwoTouched { .. } | Step::TouchAgain { .. } => Some(step.status().id),
            Step::Verifying | Step::AwaitPresence { .. } => self.why_again,
            _ => None,
        };
        if !step.is_about_signals() {
            self.signals.forget_counts();
        }
        self.begin_reminders(&step);
        self.step = step;
        self.entered = self.now;
        self.help_open = false;
        self.revealed &= self.step.field(false).is_some();
        self.present();
    }

    /// Shows and announces the step.
    fn present(&mut self) {
        self.show(self.step.focus());
        self.planner.enter(
            self.now,
            self.step.status(),
            self.step.row(),
            self.step.is_busy(),
            self.why_again,
        );
        if let Some(advice) = self.step.advice() {
            self.planner.announce(self.now, advice, ADVICE);
        }
    }

    fn show(&mut self, focus: Option<FocusTarget>) {
        self.collect_cues();
        self.seq += 1;
        let offered = self.wifi.offered();
        let primary = self.step.primary(offered.as_ref());
        let secondary = self.step.secondary(self.revealed, offered.is_some());
        let screen = Screen {
            seq: self.seq,
            step: self.step.clone(),
            title: self.step.title().into(),
            status: self.step.status(),
            detail: self.detail(),
            primary,
            secondary,
            help: self.help_open.then(|| self.help()),
            field: self.step.field(self.revealed),
            focus,
            busy: self.step.is_busy(),
        };
        self.replace_controls(&screen);
        self.outputs.push_back(Output::Screen(screen));
    }

    fn detail(&self) -> Option<Msg> {
        let why = self.why_again.filter(|why| *why != self.step.status().id);
        self.step.detail().or(why.map(Msg::from))
    }

    fn help(&self) -> Msg {
        match self.step {
            Step::Failed { code } => Msg::with(self.step.help(), [Arg::Count(code.into())]),
            _ => self.step.help().into(),
        }
    }

    fn replace_controls(&mut self, screen: &Screen) {
        let mut before = core::mem::take(&mut self.controls);
        let actions = core::iter::once(&screen.primary).chain(&screen.secondary);
        self.controls = actions
            .map(
                |action| match before.iter().position(|control| control.action == *action) {
                    Some(at) => before.swap_remove(at),
                    None => Control {
                        action: action.clone(),
                        since: Some(self.now),
                        since_seq: screen.seq,
                    },
                },
            )
            .collect();
    }

    fn change_context(&mut self, context: A11yContext) {
        let reader_came = context.screen_reader && !self.planner.context().screen_reader;
        self.planner.set_context(context);
        if reader_came {
            self.planner
                .announce_quietly(self.now, self.step.status(), self.step.row());
        }
    }

    fn ui_ready(&mut self, ready: bool) {
        self.planner.ui_ready(self.now, ready);
        match (ready, self.away_since) {
            (false, None) => self.away_since = Some(self.now),
            // A reminder counts the time the person could have seen the screen.
            (true, Some(since)) => {
                self.away_since = None;
                if let Some(reminders) = &mut self.reminders {
                    reminders.since += self.now.saturating_sub(since.max(reminders.since));
                }
            }
            _ => {}
        }
    }

    fn resume(&mut self) {
        self.planner.ui_ready(self.now, false);
        self.ui_ready(true);
        if matches!(
            self.step,
            Step::PermissionBlocked { .. }
                | Step::BluetoothOff
                | Step::BluetoothMissing
                | Step::LocationOff
        ) {
            self.command(Command::Recheck);
        }
        if !self.step.is_busy() {
            self.planner
                .announce_quietly(self.now, self.step.status(), self.step.row());
        }
    }

    fn run_timers(&mut self) {
        if self.loss_time().is_some_and(|time| time <= self.now) {
            self.before_loss = Some(self.step.clone().reminded(false));
            self.enter(Step::LinkLost);
        }
        self.remind();
        self.planner.advance(self.now);
        if self.signals_time().is_some_and(|time| time <= self.now) {
            self.give_signals();
        }
    }

    fn loss_time(&self) -> Option<Duration> {
        self.lost_since
            .filter(|_| self.step.needs_link())
            .map(|since| since + LINK_PATIENCE)
    }

    fn begin_reminders(&mut self, step: &Step) {
        match (step.wait(), &self.reminders) {
            // Devices that come and go do not make the search begin anew.
            (Some(wait), Some(reminders)) if reminders.wait == wait => {}
            (None, _) if step.is_searching() => {}
            (wait, _) => {
                self.reminders = wait.map(|wait| Reminders {
                    wait,
                    since: self.now,
                    next: 0,
                });
            }
        }
    }

    fn reminder_time(&self) -> Option<Duration> {
        if self.planner.is_quiet() {
            return None;
        }
        let reminders = self.reminders.as_ref()?;
        if self.step.wait() != Some(reminders.wait) {
            return None;
        }
        let interval = reminders.wait.reminders().get(reminders.next)?;
        Some(reminders.since + self.planner.context().scaled(*interval))
    }

    fn remind(&mut self) {
        let mut due = false;
        while self.reminder_time().is_some_and(|time| time <= self.now) {
            due = true;
            if let Some(reminders) = &mut self.reminders {
                reminders.next += 1;
            }
        }
        if !due || self.planner.is_about_to_speak() {
            return;
        }
        let reminded = self.step.clone().reminded(true);
        if self.step != reminded {
            self.step = reminded;
            self.show(None);
        }
        self.planner
            .remind(self.now, self.step.status(), self.step.row());
    }
}
