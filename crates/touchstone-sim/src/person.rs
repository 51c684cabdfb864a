//! People: they read the screen, hear the devices, and act by a script.
//!
//! A person knows no more than a person would: what is on the screen, what the devices in the room do, and which of them is wanted.

mod counting;

use std::{
    mem::{Discriminant, discriminant},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use touchstone::{A11yContext, Attempt, Stage};
use touchstone_flow::{ActionId, Actuators, Counts, Cue, Input, Password, Screen, Step};

pub use self::counting::Counting;
use crate::{device::Unit, wifi::Neighbourhood, world::World};

/// How long a person listens for the device that responds.
const LISTENS: Duration = Duration::from_secs(12);

/// How long a person stays where a set-up has stopped: until what is said about it has been said.
const HEARS_OUT: Duration = Duration::from_secs(10);

/// How long a person who has touched a device waits before trying once more.
const STILL_ASKED: Duration = Duration::from_secs(25);
/// How often a person tries.
const TOUCHES_AGAIN: usize = 10;

/// What a person's fingers do to the phone. The simulator's own way is straight into the SDK; the bindings put another language between.
pub trait Hands: Send + Sync {
    /// Activates a control of the screen with this number.
    fn press(&self, action: ActionId, seq: u64);
    /// Types a password.
    fn password(&self, password: Password);
    /// Chooses an entry of the list of networks.
    fn select_network(&self, index: usize);
    /// Enters the numbers of signals.
    fn counts(&self, counts: Counts);
    /// Puts the phone away.
    fn leave(&self);
}

impl Hands for Attempt {
    fn press(&self, action: ActionId, seq: u64) {
        self.press(action, seq);
    }

    fn password(&self, password: Password) {
        self.password(password);
    }

    fn select_network(&self, index: usize) {
        self.select_network(index);
    }

    fn counts(&self, counts: Counts) {
        self.input(Input::Counts(counts));
    }

    /// Whoever lets go of the last handle has left.
    fn leave(&self) {}
}

/// Something the person does to a device when asked for a touch.
#[derive(Clone, Debug)]
pub struct Touch {
    /// How long after the prompt appeared.
    pub after: Duration,
    /// Which device.
    pub unit: Unit,
    /// How long it is held.
    pub hold: Duration,
}

/// What a person does when a set-up has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtStop {
    /// Puts the phone away.
    Leave,
    /// Presses the button once more.
    PressAgain,
}

/// What a person changes about the Wi-Fi when it does not work.
pub type Remedy = Arc<dyn Fn(&Neighbourhood) + Send + Sync>;

/// Which steps are meant.
pub type AtStep = fn(&Step) -> bool;

/// What a person wants and how they go about it.
#[derive(Clone)]
pub struct Script {
    /// The device wanted.
    pub wanted: Unit,
    /// Touches for the first prompt, the second, and so on; the last entry is for all later ones.
    pub touches: Vec<Vec<Touch>>,
    /// The network wanted.
    pub network: String,
    /// Passwords typed for the first question, the second, and so on; the last one is for all later ones.
    pub passwords: Vec<String>,
    /// From seeing a screen to acting on it.
    pub reaction: Duration,
    /// Where the person takes more time than that, and how much.
    pub pause: Option<(AtStep, Duration)>,
    /// What follows the first stop, the second, and so on; after the last entry the person leaves.
    pub stops: Vec<AtStop>,
    /// Done before pressing again when the network was not found, or gave no address or no internet.
    pub remedy: Option<Remedy>,
    /// Whether the person finishes without internet rather than checking again.
    pub finishes_offline: bool,
    /// Whether the person cancels when asked for a password.
    pub cancels_at_password: bool,
    /// How the person counts signals.
    pub counting: Counting,
    /// Whether the person takes back what an earlier run of the app has begun.
    pub cancels_unfinished: bool,
    /// How the person uses the phone.
    pub context: A11yContext,
}

impl Script {
    /// A person who wants this device on this network, touches it two seconds after being asked, and types the right password.
    #[must_use]
    pub fn new(wanted: &Unit, network: &str, password: &str) -> Self {
        Self {
            wanted: wanted.clone(),
            touches: vec![vec![Touch {
                after: Duration::from_secs(3),
                unit: wanted.clone(),
                hold: Duration::from_millis(200),
            }]],
            network: network.to_owned(),
            passwords: vec![password.to_owned()],
            reaction: Duration::from_millis(1_500),
            pause: None,
            stops: Vec::new(),
            remedy: None,
            finishes_offline: false,
            cancels_at_password: false,
            counting: Counting::default(),
            cancels_unfinished: false,
            context: A11yContext::default(),
        }
    }

    /// The same, with these touches at the first prompt, the second, and so on.
    #[must_use]
    pub fn with_touches(mut self, touches: Vec<Vec<(f64, &Unit)>>) -> Self {
        let touch = |(seconds, unit): (f64, &Unit)| Touch {
            after: Duration::from_secs_f64(seconds),
            unit: unit.clone(),
            hold: Duration::from_millis(200),
        };
        self.touches = touches
            .into_iter()
            .map(|prompt| prompt.into_iter().map(touch).collect())
            .collect();
        self
    }
}

/// A person with a phone in the hand; also the SDK's stage, which passes everything on to an audience.
#[derive(Clone)]
pub struct Person {
    mind: Arc<Mutex<Mind>>,
    world: World,
    neighbourhood: Neighbourhood,
    audience: Arc<dyn Stage>,
}

struct Mind {
    script: Script,
    hands: Option<Arc<dyn Hands>>,
    screen: Option<Screen>,
    reacted_to: Option<(Discriminant<Step>, bool)>,
    prompts: usize,
    passwords: usize,
    stops: usize,
    screens: Vec<(Duration, Screen)>,
    cues: Vec<(Duration, Cue)>,
}

/// What a person decides to do next.
enum Intention {
    Press(ActionId),
    PressPrimary,
    TypePassword,
    Choose,
    Pick,
    Mend,
    Count,
    ChangeSignals,
    Stop,
    Wait,
}

impl Person {
    /// A person with this script. Whatever is shown is shown to `audience` too.
    #[must_use]
    pub fn new(
        world: &World,
        neighbourhood: &Neighbourhood,
        script: Script,
        audience: Arc<dyn Stage>,
    ) -> Self {
        Self {
            mind: Arc::new(Mutex::new(Mind {
                script,
                hands: None,
                screen: None,
                reacted_to: None,
                prompts: 0,
                passwords: 0,
                stops: 0,
                screens: Vec::new(),
                cues: Vec::new(),
            })),
            world: world.clone(),
            neighbourhood: neighbourhood.clone(),
            audience,
        }
    }

    /// Takes the phone into the hand.
    pub fn holds(&self, phone: impl Hands + 'static) {
        self.lock().hands = Some(Arc::new(phone));
    }

    /// Puts the phone away: the app is closed.
    pub fn leaves(&self) {
        let hands = self.lock().hands.take();
        if let Some(hands) = hands {
            hands.leave();
        }
    }

    /// Has waited long enough and cancels; after that nothing is tried again.
    pub fn gives_up(&self) {
        self.lock().script.stops.clear();
        self.press(ActionId::Cancel);
    }

    /// Everything that was shown, and when.
    #[must_use]
    pub fn screens(&self) -> Vec<(Duration, Screen)> {
        self.lock().screens.clone()
    }

    /// Everything that was said, played or felt, and when.
    #[must_use]
    pub fn cues(&self) -> Vec<(Duration, Cue)> {
        self.lock().cues.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn react(&self, step: &Step) {
        let (intention, reaction) = {
            let mut mind = self.lock();
            let key = (discriminant(step), asks_anew(step));
            // The same screen with another second line is not a new question.
            if mind.reacted_to == Some(key) {
                return;
            }
            mind.reacted_to = Some(key);
            let cancels = mind.script.cancels_at_password
                && matches!(step, Step::AskPassword { .. })
                || mind.script.cancels_unfinished && matches!(step, Step::Unfinished { .. });
            let intention = if cancels {
                Intention::Press(ActionId::Cancel)
            } else {
                intend(step)
            };
            let pause = mind.script.pause.filter(|(at, _)| at(step));
            let reaction = pause.map_or(mind.script.reaction, |(_, length)| length);
            (intention, reaction)
        };
        if let Step::AwaitPresence { .. } = step {
            self.plan_touches();
        }
        if !matches!(intention, Intention::Wait) {
            let (person, expected) = (self.clone(), discriminant(step));
            self.world
                .after(reaction, move |_| person.act(expected, intention));
        }
    }

    fn plan_touches(&self) {
        let (prompt, touches) = {
            let mut mind = self.lock();
            let prompt = mind.prompts;
            mind.prompts += 1;
            let touches = mind
                .script
                .touches
                .get(prompt)
                .or(mind.script.touches.last());
            (prompt, touches.cloned().unwrap_or_default())
        };
        let mut last = Duration::ZERO;
        for touch in touches {
            last = last.max(touch.after);
            let Touch { after, unit, hold } = touch;
            self.world.after(after, move |_| unit.hold(hold));
        }
        self.touch_again_after(last, prompt, TOUCHES_AGAIN);
    }

    /// Whoever has touched and is still asked for a touch touches again.
    fn touch_again_after(&self, delay: Duration, prompt: usize, tries: usize) {
        let person = self.clone();
        self.world.after(delay + STILL_ASKED, move |_| {
            let touches = {
                let mind = person.lock();
                let asked = mind
                    .screen
                    .as_ref()
                    .is_some_and(|screen| matches!(screen.step, Step::AwaitPresence { .. }));
                if !asked || mind.prompts != prompt + 1 || mind.hands.is_none() || tries == 0 {
                    return;
                }
                let touches = mind
                    .script
                    .touches
                    .get(prompt)
                    .or(mind.script.touches.last());
                touches.cloned().unwrap_or_default()
            };
            for touch in &touches {
                touch.unit.hold(touch.hold);
            }
            person.touch_again_after(Duration::ZERO, prompt, tries - 1);
        });
    }

    fn act(&self, expected: Discriminant<Step>, intention: Intention) {
        // The screen may have changed while the finger was on its way.
        let Some(screen) = self.lock().screen.clone() else {
            return;
        };
        if discriminant(&screen.step) != expected {
            return;
        }
        match intention {
            Intention::Press(action) => self.press(action),
            Intention::PressPrimary => self.press(screen.primary.id),
            Intention::TypePassword => {
                let password = {
                    let mut mind = self.lock();
                    let index = mind.passwords;
                    mind.passwords += 1;
                    let typed = mind
                        .script
                        .passwords
                        .get(index)
                        .or(mind.script.passwords.last());
                    typed.cloned().unwrap_or_default()
                };
                self.with_hands(|hands| hands.password(Password::new(password)));
                self.press(screen.primary.id);
            }
            Intention::Choose => self.choose(&screen.step),
            Intention::Pick => self.pick(&screen.step),
            Intention::Mend => self.mend(&screen),
            Intention::Count => self.count(&screen.step),
            Intention::ChangeSignals => self.change_signals(&screen.step),
            Intention::Stop => self.stop(&screen),
            Intention::Wait => {}
        }
    }

    /// "Kitchen lamp is beeping now. Use Home for it?"
    fn choose(&self, step: &Step) {
        let (wanted, network) = {
            let mind = self.lock();
            (mind.script.wanted.clone(), mind.script.network.clone())
        };
        // Only where the screen says that it responds is there anything to wait for.
        let silent = matches!(step, Step::ChooseNetwork { actuators, .. } if *actuators == Actuators::default());
        if !silent && !wanted.is_responding(LISTENS) {
            self.press(ActionId::NotMyDevice);
            return;
        }
        match step {
            Step::ChooseNetwork {
                network: Some(offered),
                ..
            } if offered.shown() == network => self.press(ActionId::UseNetwork),
            Step::ChooseNetwork {
                network: Some(_), ..
            } => self.press(ActionId::OtherNetworks),
            // Without a list yet there is nothing to decide.
            _ => {}
        }
    }

    fn pick(&self, step: &Step) {
        let network = self.lock().script.network.clone();
        let Step::NetworkList { items, .. } = step else {
            return;
        };
        if let Some(index) = items.iter().position(|item| item.ssid.shown() == network) {
            self.with_hands(|hands| hands.select_network(index));
        }
        // Choosing shows the list anew, with the chosen network on the button.
        let person = self.clone();
        self.world.after(Duration::from_secs(2), move |_| {
            person.press(ActionId::UseNetwork)
        });
    }

    fn mend(&self, screen: &Screen) {
        let (remedy, offline) = {
            let mind = self.lock();
            (mind.script.remedy.clone(), mind.script.finishes_offline)
        };
        match remedy {
            Some(remedy) => {
                remedy(&self.neighbourhood);
                self.press(screen.primary.id);
            }
            None if offline => self.press(ActionId::FinishAnyway),
            None => self.leaves(),
        }
    }

    fn stop(&self, screen: &Screen) {
        let next = {
            let mut mind = self.lock();
            mind.stops += 1;
            mind.script
                .stops
                .get(mind.stops - 1)
                .copied()
                .unwrap_or(AtStop::Leave)
        };
        match next {
            AtStop::Leave => {
                let person = self.clone();
                self.world.after(HEARS_OUT, move |_| person.leaves());
            }
            AtStop::PressAgain => self.press(screen.primary.id),
        }
    }

    fn press(&self, action: ActionId) {
        let seq = self.lock().screen.as_ref().map(|screen| screen.seq);
        if let Some(seq) = seq {
            self.with_hands(|hands| hands.press(action, seq));
        }
    }

    fn with_hands(&self, body: impl FnOnce(&dyn Hands)) {
        let hands = self.lock().hands.clone();
        if let Some(hands) = hands {
            body(hands.as_ref());
        }
    }
}

impl Stage for Person {
    fn show(&self, screen: Screen) {
        {
            let mut mind = self.lock();
            mind.screens.push((self.world.now(), screen.clone()));
            mind.screen = Some(screen.clone());
        }
        self.audience.show(screen.clone());
        self.react(&screen.step);
    }

    fn cue(&self, cue: Cue) {
        self.lock().cues.push((self.world.now(), cue.clone()));
        self.audience.cue(cue);
    }
}

/// What makes the same screen a new question: something to decide on, or a complaint about what was typed.
fn asks_anew(step: &Step) -> bool {
    matches!(
        step,
        Step::ChooseNetwork {
            network: Some(_),
            ..
        } | Step::AskPassword {
            problem: Some(_),
            ..
        } | Step::WrongPassword {
            problem: Some(_),
            ..
        }
    )
}

fn intend(step: &Step) -> Intention {
    match step {
        Step::Idle
        | Step::Unfinished { .. }
        | Step::PermissionNeeded { .. }
        | Step::BluetoothOff
        | Step::LocationOff
        | Step::Done { .. } => Intention::PressPrimary,
        Step::ChooseNetwork { .. } => Intention::Choose,
        Step::CountSignals { .. } => Intention::Count,
        Step::SignalOptions { .. } => Intention::ChangeSignals,
        Step::NetworkList { .. } => Intention::Pick,
        Step::AskPassword { .. } | Step::WrongPassword { .. } => Intention::TypePassword,
        Step::NetworkNotFound { .. } | Step::DhcpFailed { .. } | Step::NoInternet { .. } => {
            Intention::Mend
        }
        Step::PermissionBlocked { .. }
        | Step::BluetoothMissing
        | Step::NotGenuine { .. }
        | Step::NotChecked
        | Step::AnotherNearby
        | Step::NotConfirmed
        | Step::CannotSignal
        | Step::Cancelled
        | Step::Forgotten { .. }
        | Step::AlreadyOwned
        | Step::OwnedByYou { .. }
        | Step::Busy
        | Step::Revoked
        | Step::UpdateRequired { .. }
        | Step::Failed { .. } => Intention::Stop,
        _ => Intention::Wait,
    }
}
