//! The person's side of a running attempt.

use futures::channel::mpsc;
use touchstone_flow::{A11yContext, ActionId, Input, Password};

/// A handle to a running attempt; clones speak for the same person. When the last one is dropped, the attempt ends.
///
/// Nothing here blocks, and everything is safe to call at any time: what does not fit the present screen is ignored or repeats its status.
#[derive(Clone, Debug)]
pub struct Attempt {
    inputs: mpsc::UnboundedSender<Input>,
}

impl Attempt {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Input>) {
        let (inputs, receiver) = mpsc::unbounded();
        (Self { inputs }, receiver)
    }

    /// Any input of the flow.
    pub fn input(&self, input: Input) {
        // An attempt that is over has no use for it.
        drop(self.inputs.unbounded_send(input));
    }

    /// The person activated a control of the screen with this `seq`.
    pub fn press(&self, action: ActionId, seq: u64) {
        self.input(Input::Press { action, seq });
    }

    /// The present content of the password field.
    pub fn password(&self, password: Password) {
        self.input(Input::Password(password));
    }

    /// The person chose an entry of the list of networks.
    pub fn select_network(&self, index: usize) {
        self.input(Input::SelectNetwork { index });
    }

    /// What the person uses, now.
    pub fn set_context(&self, context: A11yContext) {
        self.input(Input::Context(context));
    }

    /// `false` while a system dialog or a keyboard opens, or the app is in the background.
    pub fn ui_ready(&self, ready: bool) {
        self.input(Input::UiReady(ready));
    }

    /// Whether an announcement was spoken to its end.
    pub fn said(&self, id: u64, delivered: bool) {
        self.input(Input::Said { id, delivered });
    }

    /// The person came back to the app.
    pub fn resume(&self) {
        self.input(Input::Resume);
    }
}
