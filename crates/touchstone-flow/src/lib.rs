//! The connect flow: what a person reads, hears and feels while a device is connected, as a pure state machine.
//!
//! It never does I/O, never reads a clock and never contains text a device chose: time is an argument, every sentence is a
//! [`Msg`] (an id and typed arguments), and a password reaches nothing but a [`Command`]. A host calls [`Flow::handle`] with what
//! happened, drains [`Flow::poll_output`], and calls [`Flow::handle`] with [`Input::Timeout`] at [`Flow::poll_timeout`].

#![no_std]
// The scaffolding of the bindings is the one thing that is not safe Rust.
#![cfg_attr(not(feature = "uniffi"), forbid(unsafe_code))]

extern crate alloc;
#[cfg(feature = "uniffi")]
extern crate std;

pub mod catalogue;
mod counts;
mod cue;
mod flow;
mod input;
mod msg;
mod name;
mod output;
mod password;
mod picture;
mod planner;
mod screen;
mod script;
mod step;
mod transcript;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();
#[cfg(feature = "uniffi")]
mod foreign;

pub use counts::Counts;
pub use cue::{Cue, Earcon, Expiry, Haptic, Politeness, Pulse, Tone};
pub use flow::{Flow, FlowOptions};
pub use input::{A11yContext, Event, Input};
pub use msg::{Arg, Msg, MsgId};
pub use name::{NetworkName, Product};
pub use output::{Command, NetworkChoice, Output};
pub use password::{Password, PasswordProblem};
pub use screen::{Action, ActionId, Field, FieldKind, FocusTarget, Screen};
pub use step::{
    Actuators, AgainReason, DoneNote, NameProblem, NetworkItem, NotGenuineReason, Permission,
    PresenceKind, SignalKind, SignalPace, Step, Strength, UpdateTarget,
};
pub use transcript::Transcript;
