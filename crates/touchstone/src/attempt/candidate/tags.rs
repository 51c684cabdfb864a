//! How this attempt knows the advertisements of its own devices (docs/PROTOCOL.md section 2).

use std::{collections::VecDeque, time::Duration};

use touchstone_proto::advert::{Advert, AdvertKey};

/// Our own time and the device's may differ by this many epochs.
const STALE_EPOCHS: u32 = 3;

/// Links lost that often in a row without ARM in between are not worth more memory.
const SESSIONS: usize = 4;

/// The advertisement keys of one device, and its count of seconds.
#[derive(Clone, Default)]
pub(crate) struct Tags {
    /// Of its latest sessions: the device goes on with the key of the one that armed it until the next ARM, or until a claim is taken up.
    keys: VecDeque<AdvertKey>,
    /// When the device told its epoch, and which.
    epoch: Option<(Duration, u32)>,
}

impl Tags {
    /// A new session with the same device.
    pub(super) fn session(&mut self, key: Option<AdvertKey>) {
        if self.keys.len() >= SESSIONS {
            self.keys.pop_front();
        }
        self.keys.extend(key);
    }

    /// ARMED has come.
    pub(super) fn armed(&mut self, now: Duration, epoch: u32) {
        self.epoch = Some((now, epoch));
    }

    /// Whether an advertisement heard at `at` was made with one of the keys, and then: a copied tag is stale after a moment.
    pub(crate) fn made(&self, at: Duration, advert: &Advert) -> bool {
        let fresh = self.epoch.is_none_or(|(told, epoch)| {
            // Epochs wrap, and an advertisement may have been heard before ARMED was read.
            let passed = |from: Duration, to: Duration| to.saturating_sub(from).as_secs() as u32;
            let expected = epoch
                .wrapping_add(passed(told, at))
                .wrapping_sub(passed(at, told));
            let ahead = advert.epoch.wrapping_sub(expected);
            ahead.min(ahead.wrapping_neg()) <= STALE_EPOCHS
        });
        fresh && self.keys.iter().any(|key| key.matches(advert))
    }
}

#[cfg(test)]
mod tests {
    use touchstone_proto::advert::{AdvertFlags, tag};

    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn key(number: u8) -> AdvertKey {
        AdvertKey::new([number; 32])
    }

    fn made_with(number: u8, epoch: u32) -> Advert {
        Advert {
            version: 1,
            flags: AdvertFlags::default(),
            model_class: 1,
            epoch,
            tag: tag(&key(number), epoch),
        }
    }

    #[test]
    fn the_keys_of_the_latest_four_sessions_are_known() {
        let mut tags = Tags::default();
        for number in 1..=5 {
            tags.session(Some(key(number)));
        }
        let known: Vec<u8> = (1..=5)
            .filter(|number| tags.made(at(0), &made_with(*number, 7)))
            .collect();
        assert_eq!(known, [2, 3, 4, 5]);
    }

    #[test]
    fn a_copied_tag_is_stale_after_three_seconds_on_either_side() {
        for epoch in [1000, 1, u32::MAX] {
            let mut tags = Tags::default();
            tags.session(Some(key(1)));
            // Nothing is known of the device's clock yet.
            assert!(tags.made(at(500), &made_with(1, epoch.wrapping_add(99))));
            tags.armed(at(100), epoch);
            for (heard, offset, fresh) in [
                (110, 10, true),
                (110, 13, true),
                (110, 14, false),
                (110, 7, true),
                (110, 6, false),
                (98, u32::MAX - 1, true),
                (98, u32::MAX - 4, true),
                (98, u32::MAX - 5, false),
            ] {
                let advert = made_with(1, epoch.wrapping_add(offset));
                assert_eq!(tags.made(at(heard), &advert), fresh, "{heard} {offset}");
            }
            assert!(!tags.made(at(110), &made_with(2, epoch.wrapping_add(10))));
        }
    }
}
