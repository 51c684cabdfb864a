//! The counted signals on their way from the person to a command.

use core::fmt;

use zeroize::Zeroizing;

/// The numbers of signals the person counted, one for each of three groups. Zeroized on drop; `Debug` shows nothing; there is no equality.
#[derive(Clone)]
pub struct Counts(Zeroizing<[u8; 3]>);

impl Counts {
    /// Takes what was entered; 0 stands for a group without a number.
    pub fn new(entered: [u8; 3]) -> Self {
        Self(Zeroizing::new(entered))
    }

    /// The numbers, for the comparison only.
    pub fn expose(&self) -> [u8; 3] {
        *self.0
    }

    /// Whether each group has a number that a device can have meant.
    pub fn is_complete(&self) -> bool {
        self.0.iter().all(|n| (1..=6).contains(n))
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn each_of_three_groups_has_one_to_six_signals() {
        assert!(Counts::new([1, 6, 3]).is_complete());
        for wrong in [[0, 1, 1], [1, 7, 1], [1, 1, 255]] {
            assert!(!Counts::new(wrong).is_complete());
        }
    }

    #[test]
    fn debug_never_shows_a_number() {
        assert_eq!(format!("{:?}", Counts::new([1, 6, 3])), "Counts");
    }
}
