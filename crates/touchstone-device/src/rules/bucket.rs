//! How many handshakes the device begins (rule R-g).

use core::time::Duration;

const BURST: u8 = 5;
/// Between two handshakes.
pub(crate) const HANDSHAKES: Duration = Duration::from_secs(2);
/// Between two ARMs that are written to storage: within the hour for which a window can be kept open, 125 of them.
pub(crate) const WRITTEN_ARMS: Duration = Duration::from_secs(30);

/// A token bucket: five at once, then one in each interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    refill: Duration,
    tokens: u8,
    /// The moment up to which refills were counted.
    counted_to: Duration,
}

impl Bucket {
    /// A full bucket that is refilled by one token in each `refill`.
    pub(crate) fn full(now: Duration, refill: Duration) -> Self {
        Self {
            refill,
            tokens: BURST,
            counted_to: now,
        }
    }

    /// Takes a token; `false` when there is none.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        while self.tokens < BURST {
            let next = self.counted_to.saturating_add(self.refill);
            if next > now {
                break;
            }
            self.counted_to = next;
            self.tokens = self.tokens.saturating_add(1);
        }
        if self.tokens == BURST {
            self.counted_to = self.counted_to.max(now);
        }
        if self.tokens == 0 {
            return false;
        }
        self.tokens = self.tokens.saturating_sub(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut Bucket, now: Duration) -> usize {
        (0..100).filter(|_| bucket.take(now)).count()
    }

    #[test]
    fn five_at_once_then_one_every_two_seconds() {
        let mut bucket = Bucket::full(Duration::from_secs(7), HANDSHAKES);
        assert_eq!(taken(&mut bucket, Duration::from_secs(7)), 5);
        assert_eq!(taken(&mut bucket, Duration::from_millis(8_999)), 0);
        assert_eq!(taken(&mut bucket, Duration::from_secs(9)), 1);
        assert_eq!(taken(&mut bucket, Duration::from_secs(13)), 2);
    }

    #[test]
    fn a_long_rest_fills_it_no_higher_than_the_burst() {
        let mut bucket = Bucket::full(Duration::ZERO, HANDSHAKES);
        assert_eq!(taken(&mut bucket, Duration::ZERO), 5);
        assert_eq!(taken(&mut bucket, Duration::from_secs(3600)), 5);
        assert_eq!(taken(&mut bucket, Duration::from_secs(3601)), 0);
    }

    #[test]
    fn time_spent_full_is_not_saved_up() {
        let mut bucket = Bucket::full(Duration::ZERO, HANDSHAKES);
        assert_eq!(taken(&mut bucket, Duration::from_millis(3_999)), 5);
        assert_eq!(taken(&mut bucket, Duration::from_millis(5_998)), 0);
    }
}
