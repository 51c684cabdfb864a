//! Messages: an id and typed arguments, never text.

use alloc::vec::Vec;

pub use crate::catalogue::MsgId;
use crate::{NetworkName, Product};

/// A sentence or a label, to be looked up in a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Msg {
    /// Which one.
    pub id: MsgId,
    /// What to fill in.
    pub args: Vec<Arg>,
}

/// Something to fill in. There is none that could carry a password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Arg {
    /// A verified product name.
    Product(Product),
    /// A network name, cleaned.
    Network(NetworkName),
    /// A number, which may decide a plural.
    Count(u32),
}

impl Msg {
    pub(crate) fn plain(id: MsgId) -> Self {
        Self {
            id,
            args: Vec::new(),
        }
    }

    pub(crate) fn with(id: MsgId, args: impl IntoIterator<Item = Arg>) -> Self {
        Self {
            id,
            args: args.into_iter().collect(),
        }
    }
}

impl From<MsgId> for Msg {
    fn from(id: MsgId) -> Self {
        Self::plain(id)
    }
}
