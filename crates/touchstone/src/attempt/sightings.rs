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

#[cfg(test)]
mod tests {
    use touchstone_proto::advert::AdvertFlags;

    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn id(name: &str) -> PeripheralId {
        PeripheralId(name.to_owned())
    }

    fn advert(flags: AdvertFlags) -> Advert {
        Advert {
            version: 1,
            flags,
            model_class: 1,
            epoch: 0,
            tag: [0; 4],
        }
    }

    fn open() -> AdvertFlags {
        AdvertFlags {
            window_open: true,
            unowned: true,
            ..AdvertFlags::default()
        }
    }

    fn hear(sightings: &mut Sightings, now: Duration, name: &str, rssi: i16) -> bool {
        hear_as(sightings, now, name, rssi, open())
    }

    fn hear_as(
        sightings: &mut Sightings,
        now: Duration,
        name: &str,
        rssi: i16,
        flags: AdvertFlags,
    ) -> bool {
        let sighting = Sighting {
            id: id(name),
            rssi: Some(rssi),
            service_data: advert(flags).encode().to_vec(),
        };
        sightings.note(now, &sighting)
    }

    fn best(sightings: &Sightings, now: Duration) -> Option<String> {
        sightings.best(now, |_, _, _| false).map(|id| id.0)
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_than_its_room_and_pushes_out_nobody_near() {
        let mut sightings = Sightings::default();
        for number in 0..MOST {
            assert!(hear(&mut sightings, NOW, &format!("near {number}"), NEAR));
        }
        // Nobody is weak or silent: there is no room.
        assert!(!hear(&mut sightings, NOW, "one more", -20));
        assert!(!sightings.seen.contains_key(&id("one more")));
        // Known ones are heard all the same.
        assert!(hear(&mut sightings, NOW + FRESH, "near 0", NEAR));
        // At FRESH the others are still alive; after it they make room, the weakest first.
        assert!(!hear(&mut sightings, NOW + FRESH, "one more", -20));
        let later = NOW + FRESH + Duration::from_millis(1);
        assert!(hear(&mut sightings, later, "one more", -20));
        assert_eq!(sightings.seen.len(), MOST);
        assert!(sightings.seen.contains_key(&id("near 0")));
    }

    #[test]
    fn the_weakest_of_those_that_are_not_near_makes_room() {
        let mut sightings = Sightings::default();
        for number in 2..MOST {
            hear(&mut sightings, NOW, &format!("near {number}"), NEAR);
        }
        hear(&mut sightings, NOW, "far", NEAR - 1);
        hear(&mut sightings, NOW, "farther", NEAR - 2);
        assert!(hear(&mut sightings, NOW, "one more", -90));
        assert!(!sightings.seen.contains_key(&id("farther")));
        assert!(sightings.seen.contains_key(&id("far")));
    }

    #[test]
    fn one_reading_does_not_make_a_device_near_or_far() {
        let mut sightings = Sightings::default();
        hear(&mut sightings, NOW, "one", -80);
        hear(&mut sightings, NOW, "one", -40);
        assert_eq!(sightings.seen[&id("one")].rssi, -70);
        assert!(sightings.may_be_near(&id("one")));
        hear(&mut sightings, NOW, "one", -74);
        assert!(!sightings.may_be_near(&id("one")));
        assert!(sightings.may_be_near(&id("never heard")));
    }

    #[test]
    fn unowned_comes_before_near_and_the_closed_the_silent_and_the_refused_not_at_all() {
        let mut sightings = Sightings::default();
        let owned = AdvertFlags {
            unowned: false,
            ..open()
        };
        hear_as(&mut sightings, NOW, "owned", -30, owned);
        assert_eq!(best(&sightings, NOW).as_deref(), Some("owned"));
        hear(&mut sightings, NOW, "far", -80);
        assert_eq!(best(&sightings, NOW).as_deref(), Some("far"));
        hear(&mut sightings, NOW, "near", -50);
        assert_eq!(best(&sightings, NOW).as_deref(), Some("near"));
        let closed = AdvertFlags {
            window_open: false,
            ..open()
        };
        hear_as(&mut sightings, NOW, "closed", -20, closed);
        assert_eq!(best(&sightings, NOW).as_deref(), Some("near"));
        let in_use = sightings.best(NOW, |id, _, _| id.0 == "near");
        assert_eq!(in_use, Some(id("far")));
        sightings.exclude(&id("near"));
        assert_eq!(best(&sightings, NOW).as_deref(), Some("far"));
        assert_eq!(best(&sightings, NOW + FRESH).as_deref(), Some("far"));
        let later = NOW + FRESH + Duration::from_millis(1);
        assert_eq!(best(&sightings, later), None);
    }

    #[test]
    fn a_device_held_off_is_not_the_best_before_its_time_and_is_not_forgotten() {
        let mut sightings = Sightings::default();
        let until = NOW + Duration::from_secs(3);
        hear(&mut sightings, NOW, "one", -50);
        assert_eq!(sightings.next_retry(NOW), None);
        sightings.hold_off(&id("one"), until);
        assert_eq!(best(&sightings, NOW), None);
        assert_eq!(sightings.next_retry(NOW), Some(until));
        assert_eq!(best(&sightings, until).as_deref(), Some("one"));
        assert_eq!(sightings.next_retry(until), None);
        // What is refused, or not heard any more, is not waited for.
        let late = until + Duration::from_secs(30);
        sightings.hold_off(&id("one"), late);
        assert_eq!(sightings.next_retry(NOW + FRESH), Some(late));
        let silent = NOW + FRESH + Duration::from_millis(1);
        assert_eq!(sightings.next_retry(silent), None);
        sightings.exclude(&id("one"));
        assert_eq!(sightings.next_retry(NOW), None);
    }

    #[test]
    fn busy_devices_are_forgiven_and_refused_ones_are_not() {
        let mut sightings = Sightings::default();
        hear(&mut sightings, NOW, "busy", -50);
        hear(&mut sightings, NOW, "refused", -40);
        sightings.exclude_busy(&id("busy"));
        sightings.exclude(&id("refused"));
        assert_eq!(best(&sightings, NOW), None);
        sightings.forgive_busy();
        assert_eq!(best(&sightings, NOW).as_deref(), Some("busy"));
        // Forgiven once; refused for another reason it stays refused.
        sightings.exclude(&id("busy"));
        sightings.forgive_busy();
        assert_eq!(best(&sightings, NOW), None);
        sightings.forgive_all();
        assert_eq!(best(&sightings, NOW), None);
        hear(&mut sightings, NOW, "refused", -40);
        assert_eq!(best(&sightings, NOW).as_deref(), Some("refused"));
    }

    #[test]
    fn a_foreign_device_counts_when_it_is_armed_or_touched_near_and_just_heard() {
        let armed = AdvertFlags {
            armed: true,
            ..open()
        };
        let touched = AdvertFlags {
            touched: true,
            ..open()
        };
        let cases = [
            (armed, NEAR, NOW, true),
            (touched, NEAR, NOW + FRESH, true),
            (open(), NEAR, NOW, false),
            (armed, NEAR - 1, NOW, false),
            (armed, NEAR, NOW + FRESH + Duration::from_millis(1), false),
        ];
        for (flags, rssi, now, counts) in cases {
            let mut sightings = Sightings::default();
            hear_as(&mut sightings, NOW, "one", rssi, flags);
            assert_eq!(sightings.foreign_armed(now, |_, _, _| false), counts);
            assert!(!sightings.foreign_armed(now, |_, _, _| true));
        }
    }

    #[test]
    fn a_device_is_looked_for_where_it_was_and_else_where_it_is_heard_best() {
        let mut sightings = Sightings::default();
        for (name, rssi) in [("here", -80), ("near", -40), ("far", -60)] {
            hear(&mut sightings, NOW, name, rssi);
        }
        let find = |now, before: &str| sightings.find(now, &id(before), |_, _| true);
        assert_eq!(find(NOW, "here"), Some(id("here")));
        assert_eq!(find(NOW + FRESH, "elsewhere"), Some(id("near")));
        assert_eq!(find(NOW + FRESH + Duration::from_millis(1), "here"), None);
        assert_eq!(sightings.find(NOW, &id("here"), |_, _| false), None);
    }

    #[test]
    fn heard_since_means_after_that_time() {
        let mut sightings = Sightings::default();
        hear(&mut sightings, NOW, "one", -50);
        assert!(!sightings.heard_since(&id("one"), NOW));
        assert!(sightings.heard_since(&id("one"), NOW - Duration::from_millis(1)));
        sightings.forget(&id("one"));
        assert!(!sightings.heard_since(&id("one"), Duration::ZERO));
    }

    #[test]
    fn remembered_devices_and_other_data_are_not_sightings() {
        let mut sightings = Sightings::default();
        let mut sighting = Sighting {
            id: id("one"),
            rssi: None,
            service_data: advert(open()).encode().to_vec(),
        };
        assert!(!sightings.note(NOW, &sighting));
        sighting.rssi = Some(-50);
        sighting.service_data.truncate(3);
        assert!(!sightings.note(NOW, &sighting));
        assert!(sightings.seen.is_empty());
    }
}
