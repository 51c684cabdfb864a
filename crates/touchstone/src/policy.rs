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
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            language: "en".to_owned(),
            minimum_level: Level::L1,
        }
    }
}
