//! Exit codes, as listed by `touchstone --help`.

use touchstone::Outcome;

pub(crate) const CONNECTED: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const NO_BLUETOOTH: u8 = 3;
pub(crate) const OUT_OF_TIME: u8 = 9;
pub(crate) const NO_VOICE: u8 = 10;

/// The exit code of an attempt.
pub(crate) fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Connected => CONNECTED,
        Outcome::RadioUnusable => NO_BLUETOOTH,
        Outcome::NotGenuine => 4,
        Outcome::AlreadyOwned | Outcome::OwnedByYou => 5,
        Outcome::Busy | Outcome::AnotherNearby | Outcome::NotConfirmed => 6,
        Outcome::Revoked | Outcome::UpdateRequired | Outcome::CannotSignal => 7,
        Outcome::Cancelled => 8,
        Outcome::HostFault | Outcome::Unfinished => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connected_device_exits_with_zero() {
        assert_eq!(code(Outcome::Connected), 0);
        for outcome in [
            Outcome::NotGenuine,
            Outcome::AlreadyOwned,
            Outcome::Busy,
            Outcome::Cancelled,
            Outcome::Unfinished,
            Outcome::HostFault,
        ] {
            assert_ne!(code(outcome), 0, "{outcome:?}");
        }
    }
}
