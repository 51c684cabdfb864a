//! What the host decides for every attempt.

use touchstone_proto::record::Level;

/// Settings of a [`Provisioner`](crate::Provisioner).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Language of product names, as in the bundle ("en").
    pub language: String,
    /// The application's minimum; the effective level is the higher of this and the model's. At level L2 the person counts signals of the device. Where
    /// somebody else is about, an attempt raises its level by itself, as far as the device can.
    pub minimum_level: Level,
    /// Whether what somebody records of a set-up stays closed to a quantum computer of a later day.
    pub post_quantum: PostQuantum,
}

/// Whether the key exchange is a hybrid: P-256, and ML-KEM-768 beside it.
///
/// It keeps recordings closed for as long as one of the two holds. Who answers is proved by P-256 alone, as always: all of this holds as long as nobody
/// breaks P-256 during the set-up itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostQuantum {
    /// P-256 alone: the shortest messages.
    #[default]
    Off,
    /// The hybrid with every device that has it. One that has not is asked again over the same link; nobody in between can make one that has it do
    /// without.
    Prefer,
    /// The hybrid, or neither owner key nor credentials are sent. A device that has it not ends as one that could not be checked.
    Require,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            language: "en".to_owned(),
            minimum_level: Level::L1,
            post_quantum: PostQuantum::Off,
        }
    }
}
