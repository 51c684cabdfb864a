//! One attempt: the person's acts go in, and a report comes out.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use touchstone::Attempt;
use touchstone_flow::{A11yContext, ActionId, Counts, Input, Password};

use crate::{ConnectError, Stage, StageOf};

/// How an attempt ended, or how far it had come when the application left.
#[uniffi::remote(Enum)]
pub enum Outcome {
    /// The device is on the network and has stored it.
    Connected,
    /// The person cancelled, and the device was not changed.
    Cancelled,
    /// No device could prove that it is genuine.
    NotGenuine,
    /// The device belongs to another owner key.
    AlreadyOwned,
    /// The device already belongs to this owner key.
    OwnedByYou,
    /// Another phone is connecting the device.
    Busy,
    /// Another device nearby is being connected.
    AnotherNearby,
    /// The maker has withdrawn the device.
    Revoked,
    /// The device cannot do the level that the application or its maker demands.
    CannotSignal,
    /// The signals of the touched devices were not confirmed by counting them, for three touches.
    NotConfirmed,
    /// Device and application speak no common version, or the firmware is too old.
    UpdateRequired,
    /// The radio cannot be used.
    RadioUnusable,
    /// A fault of the host: trust bundle, owner key store.
    HostFault,
    /// The attempt stopped on the way.
    Unfinished,
}

/// What happened in an attempt.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The whole timeline as JSON, for support. It never holds a name, an address, a network, a key or a password.
    pub support: String,
}

pub use touchstone::Outcome;

type Start =
    Box<dyn FnOnce(Arc<dyn touchstone::Stage>) -> BoxFuture<'static, touchstone::Report> + Send>;

/// One attempt to connect a device, from the first screen to the last.
///
/// Nothing here blocks but run, and everything is safe to call at any time and from any thread: what does not fit the present screen is ignored or
/// repeats its status.
#[derive(uniffi::Object)]
pub struct ConnectAttempt {
    person: Mutex<Option<Attempt>>,
    start: Mutex<Option<Start>>,
}

impl ConnectAttempt {
    /// An attempt that this person's handle speaks to and that this function runs.
    pub fn new(
        person: Attempt,
        start: impl FnOnce(Arc<dyn touchstone::Stage>) -> BoxFuture<'static, touchstone::Report>
        + Send
        + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            person: Mutex::new(Some(person)),
            start: Mutex::new(Some(Box::new(start))),
        })
    }

    fn input(&self, input: Input) {
        let person = self.person.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = &*person {
            person.input(input);
        }
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl ConnectAttempt {
    /// Runs the attempt and shows it on this stage, until the person has finished or cancel is called. Can be run once.
    ///
    /// Abandoning it is safe at any time: the devices let go by their own timers. In Swift, cancelling the task abandons nothing; call cancel.
    pub async fn run(&self, stage: Arc<dyn Stage>) -> Result<Report, ConnectError> {
        let start = self
            .start
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .ok_or(ConnectError::AlreadyRun)?;
        let report = start(Arc::new(StageOf(stage))).await;
        Ok(report.into())
    }

    /// The person activated a control of the screen with this number.
    pub fn press(&self, action: ActionId, seq: u64) {
        self.input(Input::Press { action, seq });
    }

    /// The present content of the password field; given at the latest before the press that uses it. Erased after use; the caller's own copies are the
    /// caller's to erase.
    pub fn password(&self, typed: String) {
        self.input(Input::Password(Password::new(typed)));
    }

    /// The person chose this entry of the list of networks, counted from 0.
    pub fn select_network(&self, index: u32) {
        // An index beyond every list is ignored like one beyond the present list.
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.input(Input::SelectNetwork { index });
    }

    /// The person typed the name of a network that is not in the list, and said whether it needs a password.
    pub fn type_network(&self, name: String, secured: bool) {
        self.input(Input::TypeNetwork { name, secured });
    }

    /// The numbers of signals the person counted in the three groups; given at the latest before the press on Enter.
    pub fn counts(&self, first: u8, second: u8, third: u8) {
        self.input(Input::Counts(Counts::new([first, second, third])));
    }

    /// What the person uses, now: call it whenever a screen reader, the size of text or another setting changes.
    pub fn set_context(&self, context: A11yContext) {
        self.input(Input::Context(context));
    }

    /// False while a system dialog or a keyboard opens, or the application is in the background. No cue is given until shortly after true.
    pub fn ui_ready(&self, ready: bool) {
        self.input(Input::UiReady(ready));
    }

    /// Whether the announcement with this id was spoken to its end.
    pub fn said(&self, id: u64, delivered: bool) {
        self.input(Input::Said { id, delivered });
    }

    /// The person came back to the application, perhaps from the system's settings.
    pub fn resume(&self) {
        self.input(Input::Resume);
    }

    /// The application leaves: a device that was asked for anything is told to let go, and run returns its report soon.
    ///
    /// The Cancel of a screen is a press like any other; this is for a user interface that goes away.
    pub fn cancel(&self) {
        drop(
            self.person
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

impl From<touchstone::Report> for Report {
    fn from(report: touchstone::Report) -> Self {
        Self {
            outcome: report.outcome,
            // A report holds nothing that JSON cannot: no maps with keys that are not text.
            support: serde_json::to_string(&report).unwrap_or_default(),
        }
    }
}
