//! What is planned to go wrong in the air, and when.

use std::time::Duration;

use super::{
    Direction,
    link::{Opening, Place},
};
use crate::peripheral::DeviceId;

/// One thing that goes wrong, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The device whose links are meant.
    pub device: DeviceId,
    /// The how-manieth link to it, from 0; `None` is whichever fits first.
    pub link: Option<u32>,
    /// Which way the fragment flies.
    pub direction: Direction,
    /// Which fragment.
    pub at: At,
    /// What happens to it.
    pub effect: Effect,
}

/// Which fragment of a direction of a link is meant; everything counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// The nth fragment, repeats and CONTROL included.
    Fragment(u32),
    /// The first fragment of the nth envelope.
    Envelope(u32),
    /// The first fragment of the nth envelope that begins with this message kind.
    Message {
        /// Kind of docs/PROTOCOL.md section 4, without the MORE bit.
        kind: u8,
        /// How many of the kind came before.
        nth: u32,
    },
    /// The first fragment of the envelope with the nth record of a plaintext class, alone or behind others.
    Record {
        /// Plaintext length of docs/PROTOCOL.md section 6.
        class: u16,
        /// How many of the class came before.
        nth: u32,
    },
}

/// What happens to the fragment meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives with one bit changed; counted from the most significant bit of its first byte, modulo its length.
    FlipBit(usize),
    /// It and everything after it is lost, the link with it.
    LoseLink,
    /// It arrives, and then the link is lost.
    LoseLinkAfter,
    /// It and everything behind it waits.
    Stall(Duration),
    /// The device loses power before it arrives, and gets it back after a while.
    PowerCut(Duration),
    /// The device loses power as soon as it has acted on it, and gets it back after a while.
    PowerCutAfter(Duration),
}

/// Faults that have not happened yet.
#[derive(Default)]
pub(crate) struct Plan(Vec<Fault>);

impl Plan {
    pub(crate) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn pending(&self) -> usize {
        self.0.len()
    }

    /// Takes the fault that is planned for this fragment out of the plan.
    pub(crate) fn take(
        &mut self,
        device: DeviceId,
        ordinal: u32,
        direction: Direction,
        place: &Place,
    ) -> Option<Effect> {
        let index = self.0.iter().position(|fault| {
            fault.device == device
                && fault.link.is_none_or(|link| link == ordinal)
                && fault.direction == direction
                && fault.at.meets(place)
        })?;
        Some(self.0.remove(index).effect)
    }
}

impl At {
    fn meets(self, place: &Place) -> bool {
        let opening = |test: &dyn Fn(&Opening) -> bool| place.opens.as_ref().is_some_and(test);
        match self {
            At::Fragment(index) => place.fragment == index,
            At::Envelope(index) => opening(&|opening| opening.envelope == index),
            At::Message { kind, nth } => {
                opening(&|opening| opening.kind == kind && opening.nth_of_kind == nth)
            }
            At::Record { class, nth } => {
                opening(&|opening| opening.records.contains(&(class, nth)))
            }
        }
    }
}
