//! A person at a terminal, or a script in their place.
//!
//! Enter presses the button, a number one of the other controls, Ctrl-C leaves. A question is read only while it is on the screen.

use std::{
    io::{BufRead, IsTerminal, stdin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use touchstone::{
    ActionId, Attempt, Cue, Screen, Stage,
    flow::{Counts, FieldKind, Input, NetworkItem, Password, Step, catalogue::english_plain},
};

use crate::{
    connect::Arguments,
    render::{Renderer, write_line},
};

/// The flow takes a press right after a change for one that was meant for what stood there before.
const AFTER_THE_GUARD: Duration = Duration::from_millis(850);

/// Passes the stream on to the renderer, and answers it.
#[derive(Clone)]
pub(crate) struct Terminal(Arc<Inner>);

struct Inner {
    attempt: Mutex<Option<Attempt>>,
    renderer: Arc<Renderer>,
    /// Presses every button itself.
    yes: bool,
    network: Option<String>,
    password_stdin: bool,
    screen: Mutex<Option<Screen>>,
    /// A question is being read from the terminal.
    reading: Mutex<bool>,
}

/// What a script does with a screen.
enum Plan {
    Press(ActionId),
    Pick(usize),
    Name(String),
    Password,
    Leave,
    Wait,
}

impl Terminal {
    pub(crate) fn new(attempt: Attempt, renderer: Arc<Renderer>, arguments: &Arguments) -> Self {
        Self(Arc::new(Inner {
            attempt: Mutex::new(Some(attempt)),
            renderer,
            yes: arguments.yes || !stdin().is_terminal(),
            network: arguments.network.clone(),
            password_stdin: arguments.password_stdin,
            screen: Mutex::new(None),
            reading: Mutex::new(false),
        }))
    }

    /// The person goes away: the attempt ends.
    pub(crate) fn leave(&self) {
        lock(&self.0.attempt).take();
    }

    /// What became of an announcement.
    pub(crate) fn said(&self, id: u64, delivered: bool) {
        self.input(Input::Said { id, delivered });
    }

    fn input(&self, input: Input) {
        if let Some(attempt) = &*lock(&self.0.attempt) {
            attempt.input(input);
        }
    }

    fn press(&self, action: ActionId, seq: u64) {
        self.input(Input::Press { action, seq });
    }

    /// The screen, if it still is the one that was meant.
    fn still(&self, seq: u64) -> bool {
        lock(&self.0.screen)
            .as_ref()
            .is_some_and(|screen| screen.seq == seq)
    }

    fn wanted(&self) -> Option<&str> {
        self.0.network.as_deref()
    }

    fn answer(&self, screen: &Screen) {
        let plan = self.plan(screen);
        if matches!(plan, Plan::Wait) {
            return;
        }
        let (terminal, screen) = (self.clone(), screen.clone());
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_THE_GUARD).await;
            if terminal.still(screen.seq) {
                terminal.carry_out(plan, &screen).await;
            }
        });
    }

    fn plan(&self, screen: &Screen) -> Plan {
        if screen
            .field
            .as_ref()
            .is_some_and(|field| field.kind == FieldKind::Password)
        {
            return Plan::Password;
        }
        match &screen.step {
            Step::ChooseNetwork { network, items, .. } => match (self.wanted(), network) {
                (Some(wanted), Some(offered)) if offered.octets() != wanted.as_bytes() => {
                    Plan::Press(ActionId::OtherNetworks)
                }
                (None, None) if items.is_empty() => Plan::Leave,
                (Some(_), None) => Plan::Press(ActionId::OtherNetworks),
                _ => Plan::Press(screen.primary.id),
            },
            Step::NetworkList { items, selected } => self.plan_from_list(items, *selected),
            Step::AskNetworkName { problem: None } => self
                .wanted()
                .map_or(Plan::Leave, |wanted| Plan::Name(wanted.to_owned())),
            Step::Idle | Step::Done { .. } => Plan::Press(screen.primary.id),
            Step::PermissionNeeded { .. } => Plan::Press(screen.primary.id),
            _ if screen.busy => Plan::Wait,
            Step::AwaitPresence { .. } | Step::TwoTouched { .. } | Step::Touched { .. } => {
                Plan::Wait
            }
            _ if screen.primary.id == ActionId::SayAgain => Plan::Wait,
            // Everything else stops here, and a script has nobody to ask.
            _ => Plan::Leave,
        }
    }

    fn plan_from_list(&self, items: &[NetworkItem], selected: Option<u32>) -> Plan {
        let wanted = self.wanted().unwrap_or_default().as_bytes();
        match items.iter().position(|item| item.ssid.octets() == wanted) {
            Some(index) if selected == u32::try_from(index).ok() => {
                Plan::Press(ActionId::UseNetwork)
            }
            Some(index) => Plan::Pick(index),
            None => Plan::Press(ActionId::TypeName),
        }
    }

    async fn carry_out(&self, plan: Plan, screen: &Screen) {
        match plan {
            Plan::Press(action) => self.press(action, screen.seq),
            Plan::Pick(index) => self.input(Input::SelectNetwork { index }),
            Plan::Name(name) => {
                self.input(Input::TypeNetwork {
                    name,
                    secured: true,
                });
                self.press(screen.primary.id, screen.seq);
            }
            Plan::Password => {
                let line = tokio::task::spawn_blocking(|| stdin().lock().lines().next()).await;
                match line {
                    Ok(Some(Ok(line))) => {
                        self.input(Input::Password(Password::new(line)));
                        self.press(screen.primary.id, screen.seq);
                    }
                    _ => self.leave(),
                }
            }
            Plan::Leave => self.leave(),
            Plan::Wait => {}
        }
    }

    /// Reads one answer from the terminal, and the next as long as there is a question.
    fn ask(&self) {
        if std::mem::replace(&mut *lock(&self.0.reading), true) {
            return;
        }
        let terminal = self.clone();
        tokio::task::spawn_blocking(move || {
            while let Some(screen) = terminal.question() {
                terminal.ask_once(&screen);
                // The answer changes the screen, or repeats its status.
                std::thread::park_timeout(AFTER_THE_GUARD);
            }
            *lock(&terminal.0.reading) = false;
        });
    }

    fn question(&self) -> Option<Screen> {
        let screen = lock(&self.0.screen).clone()?;
        (asks(&screen) && lock(&self.0.attempt).is_some()).then_some(screen)
    }

    fn ask_once(&self, screen: &Screen) {
        let field = screen.field.as_ref();
        if let Some(field) = field {
            write_line(&format!(
                "{} ({})",
                english_plain(&field.label),
                english_plain(&field.hint)
            ));
        }
        let typed = match field.map(|field| field.kind) {
            Some(FieldKind::Password) if !self.0.password_stdin => {
                rpassword::prompt_password("").ok()
            }
            _ => {
                write_line(&controls(screen));
                stdin().lock().lines().next().and_then(Result::ok)
            }
        };
        let Some(typed) = typed else {
            return self.leave();
        };
        match field.map(|field| field.kind) {
            Some(FieldKind::Password) if !typed.is_empty() => {
                self.input(Input::Password(Password::new(typed)))
            }
            Some(FieldKind::NetworkName) if typed.parse::<usize>().is_err() => {
                self.input(Input::TypeNetwork {
                    name: typed,
                    secured: true,
                });
            }
            Some(FieldKind::Counts) => match counts(&typed) {
                Some(counts) => self.input(Input::Counts(Counts::new(counts))),
                None => return self.change_signals(screen, typed.trim()),
            },
            _ => return self.choose(screen, typed.trim()),
        }
        self.press(screen.primary.id, screen.seq);
    }

    /// Short ways to what takes two presses of the controls.
    fn change_signals(&self, screen: &Screen, typed: &str) {
        let wanted = match typed {
            "r" => return self.press(ActionId::Repeat, screen.seq),
            "s" => ActionId::RepeatSlower,
            "o" => ActionId::OtherSignal,
            _ => return self.choose(screen, typed),
        };
        self.press(ActionId::ChangeSignals, screen.seq);
        std::thread::park_timeout(AFTER_THE_GUARD * 2);
        let Some(screen) = self.question() else {
            return;
        };
        let offered = std::iter::once(&screen.primary).chain(&screen.secondary);
        // As slow as it gets, or without another signal: the person sees what there is instead.
        if offered.into_iter().any(|action| action.id == wanted) {
            self.press(wanted, screen.seq);
        }
    }

    fn choose(&self, screen: &Screen, typed: &str) {
        if let (Step::NetworkList { items, .. }, Some(index)) = (
            &screen.step,
            typed
                .strip_prefix('n')
                .and_then(|n| n.parse::<usize>().ok()),
        ) {
            if (1..=items.len()).contains(&index) {
                self.input(Input::SelectNetwork { index: index - 1 });
            }
            return;
        }
        let action = match typed.parse::<usize>() {
            Ok(number) => number
                .checked_sub(1)
                .and_then(|index| screen.secondary.get(index)),
            Err(_) => None,
        };
        match action {
            Some(action) => self.press(action.id, screen.seq),
            None if typed.is_empty() => self.press(screen.primary.id, screen.seq),
            None => {}
        }
    }
}

/// Whether this screen waits for the person's decision at the phone.
fn asks(screen: &Screen) -> bool {
    !screen.busy && screen.primary.id != ActionId::SayAgain
}

/// Three numbers, with or without anything between them; which numbers are possible is not decided here.
fn counts(typed: &str) -> Option<[u8; 3]> {
    let digits = typed.chars().filter(char::is_ascii_digit);
    let others = typed
        .chars()
        .all(|c| c.is_ascii_digit() || " ,;".contains(c));
    let digits: Vec<u8> = digits
        .filter_map(|digit| u8::try_from(digit.to_digit(10)?).ok())
        .collect();
    digits.try_into().ok().filter(|_| others)
}

/// The controls of a screen, as they are typed.
fn controls(screen: &Screen) -> String {
    let mut line = String::new();
    if let Step::NetworkList { items, .. } = &screen.step {
        for (index, item) in items.iter().enumerate() {
            line += &format!("  n{}: {}\n", index + 1, item.ssid.shown());
        }
    }
    if let Step::CountSignals { .. } = &screen.step {
        line += "  three numbers, such as 3 5 2\n  r: once more  s: slower  o: another signal\n";
    }
    line += &format!("[Enter: {}]", english_plain(&screen.primary.label));
    for (index, action) in screen.secondary.iter().enumerate() {
        line += &format!("  [{}: {}]", index + 1, english_plain(&action.label));
    }
    line
}

impl Stage for Terminal {
    fn show(&self, screen: Screen) {
        self.0.renderer.show(screen.clone());
        *lock(&self.0.screen) = Some(screen.clone());
        if self.0.yes {
            self.answer(&screen);
        } else if asks(&screen) {
            self.ask();
        }
    }

    fn cue(&self, cue: Cue) {
        self.0.renderer.cue(cue);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_three_digits_however_they_are_set_apart() {
        for typed in ["3 5 2", "352", "3,5,2", " 3  5; 2 "] {
            assert_eq!(counts(typed), Some([3, 5, 2]), "{typed:?}");
        }
        for typed in ["", "3", "3 5", "3 5 2 1", "3 5 x", "r", "n352"] {
            assert_eq!(counts(typed), None, "{typed:?}");
        }
    }
}
