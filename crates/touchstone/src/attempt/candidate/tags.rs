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
