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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_person_does_reaches_the_attempt_in_order() {
        let (attempt, mut inputs) = Attempt::new();
        let context = A11yContext {
            screen_reader: true,
            ..A11yContext::default()
        };
        attempt.press(ActionId::Cancel, 7);
        attempt.password(Password::new("correct horse".to_owned()));
        attempt.select_network(2);
        attempt.set_context(context);
        attempt.ui_ready(true);
        attempt.said(3, false);
        attempt.resume();
        let mut next = || inputs.try_recv().unwrap();
        let Input::Press { action, seq } = next() else {
            panic!()
        };
        assert_eq!((action, seq), (ActionId::Cancel, 7));
        let Input::Password(password) = next() else {
            panic!()
        };
        assert_eq!(password.expose(), "correct horse");
        assert!(matches!(next(), Input::SelectNetwork { index: 2 }));
        assert!(matches!(next(), Input::Context(told) if told.screen_reader));
        assert!(matches!(next(), Input::UiReady(true)));
        let Input::Said { id, delivered } = next() else {
            panic!()
        };
        assert_eq!((id, delivered), (3, false));
        assert!(matches!(next(), Input::Resume));
        // An attempt that is over has no use for it.
        drop(inputs);
        attempt.resume();
    }
}
