//! The record of everything that flew; the oracle of the tests.

use std::{fmt, time::Duration};

use super::{Direction, LinkNumber, PhoneId, Summary, summary};
use crate::peripheral::DeviceId;

/// Everything that flew, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub(crate) entries: Vec<Entry>,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Virtual time.
    pub at: Duration,
    /// On which link.
    pub link: LinkNumber,
    /// The phone at one end.
    pub phone: PhoneId,
    /// The device at the other end.
    pub device: DeviceId,
    /// What happened.
    pub what: What,
}

/// What happened on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was made, the service discovered and the down characteristic subscribed.
    Connected {
        /// Largest fragment in bytes.
        fragment_size: usize,
    },
    /// A fragment flew.
    Fragment {
        /// Which way.
        direction: Direction,
        /// The bytes as they were sent.
        bytes: Vec<u8>,
        /// What became of them.
        fate: Fate,
    },
    /// One side ended it.
    Closed {
        /// [`Direction::Up`] when the phone did.
        by: Direction,
    },
    /// Contact was lost.
    Lost,
}

/// What became of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Delivered,
    /// It was lost.
    Dropped,
    /// It arrived twice.
    Duplicated,
    /// It arrived damaged.
    Damaged,
}

impl Log {
    /// The lines, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The part of the log that `keep` accepts.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Entry) -> bool) -> Log {
        Log {
            entries: self
                .entries
                .iter()
                .filter(|entry| keep(entry))
                .cloned()
                .collect(),
        }
    }

    /// The part of the log that concerns one device.
    #[must_use]
    pub fn with_device(&self, device: DeviceId) -> Log {
        self.only(|entry| entry.device == device)
    }

    /// Figures of this log.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summary::summarise(self)
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            write!(f, "{:>12.3?} {} {} ", entry.at, entry.link, entry.device)?;
            match &entry.what {
                What::Connected { fragment_size } => {
                    writeln!(f, "connected, fragments of {fragment_size}")?
                }
                What::Closed { by } => writeln!(f, "closed by {by:?}")?,
                What::Lost => writeln!(f, "lost")?,
                What::Fragment {
                    direction,
                    bytes,
                    fate,
                } => {
                    let arrow = if *direction == Direction::Up {
                        "->"
                    } else {
                        "<-"
                    };
                    write!(f, "{arrow} {:>3} ", bytes.len())?;
                    for byte in bytes.iter().take(12) {
                        write!(f, "{byte:02x}")?;
                    }
                    match fate {
                        Fate::Delivered => writeln!(f)?,
                        other => writeln!(f, " {other:?}")?,
                    }
                }
            }
        }
        Ok(())
    }
}
