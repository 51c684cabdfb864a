//! What the radio has seen: unauthenticated hints, used for ranking and for caution only.

use std::{collections::BTreeMap, time::Duration};

use touchstone_proto::advert::Advert;

use crate::ports::{PeripheralId, Sighting};

/// A sighting older than this says nothing about now.
const FRESH: Duration = Duration::from_secs(5);

/// At or above this the device counts as near, dBm.
pub(crate) const NEAR: i16 = -70;

struct Seen {
    rssi: i16,
    advert: Advert,
    at: Duration,
    /// Not before this time: it failed lately.
    not_before: Duration,
    excluded: bool,
    /// Excluded only because somebody else was connecting it.
    busy: bool,
}

#[derive(Default)]
pub(crate) struct Sightings {
    seen: BTreeMap<PeripheralId, Seen>,
}

impl Sightings {
    /// Takes in an advertisement; returns whether it was one of ours.
    pub(crate) fn note(&mut self, now: Duration, sighting: &Sighting) -> bool {
        // BlueZ reports remembered, absent devices without a signal strength.
        let (Some(rssi), Ok(advert)) = (sighting.rssi, Advert::parse(&sighting.service_data))
        else {
            return false;
        };
        match self.seen.get_mut(&sighting.id) {
            Some(seen) => {
                // One reading jumps by 10 dB when a hand moves.
                seen.rssi = (seen.rssi.saturating_mul(3).saturating_add(rssi)) / 4;
                seen.advert = advert;
                seen.at = now;
            }
            None => {
                if self.seen.len() >= MOST && !self.make_room(now) {
                    return false;
                }
                let seen = Seen {
                    rssi,
                    advert,
                    at: now,
                    not_before: Duration::ZERO,
                    excluded: false,
                    busy: false,
                };
                self.seen.insert(sighting.id.clone(), seen);
            }
        }
        true
    }

    /// An invented address never pushes out a device that is near and alive.
    fn make_room(&mut self, now: Duration) -> bool {
        let weakest = self
            .seen
            .iter()
            .filter(|(_, seen)| seen.rssi < NEAR || now.saturating_sub(seen.at) > FRESH)
            .min_by_key(|(_, seen)| seen.rssi)
            .map(|(id, _)| id.clone());
        weakest.is_some_and(|id| self.seen.remove(&id).is_some())
    }

    pub(crate) fn exclude(&mut self, id: &PeripheralId) {
        if let Some(seen) = self.seen.get_mut(id) {
            seen.excluded = true;
        }
    }

    /// As if it had never been heard.
    pub(crate) fn forget(&mut self, id: &PeripheralId) {
        self.seen.remove(id);
    }

    /// Somebody else connects it: not tried again before [`Sightings::forgive_busy`].
    pub(crate) fn exclude_busy(&mut self, id: &PeripheralId) {
        self.exclude(id);
        if let Some(seen) = self.seen.get_mut(id) {
            seen.busy = true;
        }
    }

    pub(crate) fn forgive_busy(&mut self) {
        for seen in self.seen.values_mut().filter(|seen| seen.busy) {
            seen.busy = false;
            seen.excluded = false;
        }
    }

    pub(crate) fn forgive_all(&mut self) {
        self.seen.clear();
    }

    pub(crate) fn hold_off(&mut self, id: &PeripheralId, until: Duration) {
        if let Some(seen) = self.seen.get_mut(id) {
            seen.not_before = until;
        }
    }

    /// The best device to connect next: window open, unowned before owned, near before far.
    pub(crate) fn best(
        &self,
        now: Duration,
        in_use: impl Fn(&PeripheralId, Duration, &Advert) -> bool,
    ) -> Option<PeripheralId> {
        self.seen
            .iter()
            .filter(|(id, seen)| {
                seen.advert.flags.window_open
                    && !seen.excluded
                    && seen.not_before <= now
                    && now.saturating_sub(seen.at) <= FRESH
                    && !in_use(id, seen.at, &seen.advert)
            })
            .max_by_key(|(_, seen)| (seen.advert.flags.unowned, seen.rssi))
            .map(|(id, _)| id.clone())
    }

    /// When a device that is there but held off may be tried again.
    pub(crate) fn next_retry(&self, now: Duration) -> Option<Duration> {
        self.seen
            .values()
            .filter(|seen| !seen.excluded && now.saturating_sub(seen.at) <= FRESH)
            .map(|seen| seen.not_before)
            .filter(|not_before| *not_before > now)
            .min()
    }

    /// A near device, armed or touched by somebody else (rule A-b). `is_ours` recognises our own.
    pub(crate) fn foreign_armed(
        &self,
        now: Duration,
        is_ours: impl Fn(&PeripheralId, Duration, &Advert) -> bool,
    ) -> bool {
        self.seen.iter().any(|(id, seen)| {
            (seen.advert.flags.armed || seen.advert.flags.touched)
                && seen.rssi >= NEAR
                && now.saturating_sub(seen.at) <= FRESH
                && !is_ours(id, seen.at, &seen.advert)
        })
    }

    /// Whether it was heard after this time.
    pub(crate) fn heard_since(&self, id: &PeripheralId, since: Duration) -> bool {
        self.seen.get(id).is_some_and(|seen| seen.at > since)
    }

    /// Whether the device is near, as far as is known: who is jammed may be.
    pub(crate) fn may_be_near(&self, id: &PeripheralId) -> bool {
        self.seen.get(id).is_none_or(|seen| seen.rssi >= NEAR)
    }

    /// The address under which a device that was `before` advertises now: that one, if it is still heard there.
    pub(crate) fn find(
        &self,
        now: Duration,
        before: &PeripheralId,
        is_it: impl Fn(Duration, &Advert) -> bool,
    ) -> Option<PeripheralId> {
        self.seen
            .iter()
            .filter(|(_, seen)| {
                now.saturating_sub(seen.at) <= FRESH && is_it(seen.at, &seen.advert)
            })
            .max_by_key(|(id, seen)| (*id == before, seen.rssi))
            .map(|(id, _)| id.clone())
    }
}

/// Bounds what a flood of invented addresses can make us remember.
const MOST: usize = 64;
