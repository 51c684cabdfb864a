//! What an authenticated session may ask for.

use core::{cmp::Reverse, time::Duration};

use touchstone_proto::{
    credentials::Credentials,
    record::{DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, PhoneRecord, Status},
    touch,
};

use crate::{
    ports::{JoinStatus, Ports, Signal, Wifi},
    rules::{arm::Grant, count::Count},
};

use super::{
    Device, LINK_SLOTS, Ownership,
    claim::{Arm, Claim},
    handshake::Drop,
    link::Established,
    person::status_of,
};

impl<P: Ports> Device<P> {
    pub(super) fn record(
        &mut self,
        now: Duration,
        slot: usize,
        record: PhoneRecord,
    ) -> Result<(), Drop> {
        let Some(session) = self.link(slot).and_then(super::Link::established).copied() else {
            return Err(Drop);
        };
        if session.refused {
            return match record {
                PhoneRecord::Prepare
                | PhoneRecord::Arm { .. }
                | PhoneRecord::Identify(_)
                | PhoneRecord::KeepAlive { .. } => Ok(()),
                PhoneRecord::Release(_) => {
                    self.release(slot, &session);
                    Ok(())
                }
                _ => Err(Drop),
            };
        }
        match record {
            PhoneRecord::Prepare | PhoneRecord::Rescan => self.start_scan(slot),
            PhoneRecord::KeepAlive { .. } => self.keep_alive(now, slot, &session),
            PhoneRecord::Arm { level, .. } => self.arm(now, slot, &session, level),
            PhoneRecord::Identify(mode) => self.identify(now, slot, &session, mode),
            PhoneRecord::Release(_) => self.release(slot, &session),
            PhoneRecord::Credentials(credentials) => {
                self.credentials(now, slot, &session, credentials);
            }
            PhoneRecord::Confirm { commit_id } => self.confirm(now, slot, &session, commit_id),
            PhoneRecord::Forget => self.forget(now, slot, &session),
            _ => self.unexpected(now, slot),
        }
        Ok(())
    }

    pub(super) fn unexpected(&mut self, now: Duration, slot: usize) {
        self.say(slot, &DeviceRecord::Error(ErrorCode::UnexpectedRecord));
        self.refused(now, slot);
        let Some(session) = self.link(slot).and_then(super::Link::established).copied() else {
            return;
        };
        if self.is_armed(&session) {
            self.end_arm(None);
        }
        self.end_level_2(&session);
    }

    fn deny(&mut self, now: Duration, slot: usize, reason: DeniedReason) {
        self.say(slot, &DeviceRecord::Denied(reason));
        self.refused(now, slot);
    }

    fn is_armed(&self, session: &Established) -> bool {
        self.arm
            .as_ref()
            .is_some_and(|arm| arm.handshake == session.handshake)
    }

    fn holds_claim(&self, session: &Established) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|claim| claim.owner == session.owner)
    }

    fn keep_alive(&mut self, now: Duration, slot: usize, session: &Established) {
        if let Some(limit) = self.window.limit() {
            if self.is_armed(session) {
                self.arbiter.renew(now, limit);
                self.window.renew(now);
            }
            if let Some(claim) = self
                .claim
                .as_mut()
                .filter(|claim| claim.owner == session.owner)
            {
                claim.renew(now, limit);
                self.window.renew(now);
            }
        }
        let next_counter = self
            .link(slot)
            .map_or(0, |link| link.session.next_counter());
        self.say(slot, &DeviceRecord::KeepAlive { next_counter });
    }

    fn arm(&mut self, now: Duration, slot: usize, session: &Established, level: Level) {
        let Some(limit) = self.window.limit().filter(|_| self.window.is_open(now)) else {
            // Outside the window even the stored owner cannot begin a set-up.
            self.deny(now, slot, DeniedReason::Locked);
            return;
        };
        if level > self.highest_level() {
            self.deny(now, slot, DeniedReason::Level);
            return;
        }
        if self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.owner != session.owner)
            || self.power_cycle.belongs_to_another(now, &session.owner)
            || self.arbiter.arm(now, &session.owner, limit) == Grant::Busy
        {
            self.mark_power_cycle(1);
            self.deny(now, slot, DeniedReason::Busy);
            return;
        }
        // Whatever this owner held before is given up: a touch counts only for the ARM it answers.
        self.end_claim(None);
        let keys = self.link(slot).and_then(|link| {
            let session = &link.session;
            Some((session.h_arm()?, session.th_4()?, session.k_adv()?))
        });
        let Some((h_arm, th_4, advert_key)) = keys else {
            self.arbiter.disarm();
            self.unexpected(now, slot);
            return;
        };
        let others = self.contention.others(now, &session.owner);
        let outlives = match level {
            Level::L1 => self.await_power_cycle(now, session.owner, h_arm, others),
            // A power cut ends the session, and L2 with it.
            Level::L2 => {
                self.forget_power_cycle();
                Ok(())
            }
        };
        if let Err(reason) = outlives {
            self.arbiter.disarm();
            self.end_arm(None);
            self.deny(now, slot, reason);
            return;
        }
        self.arm = Some(Arm::new(
            session.owner,
            session.handshake,
            level,
            h_arm,
            touch::commit_id(&th_4),
            advert_key,
            session.since,
            others,
        ));
        let epoch = self.epoch(now);
        self.say(slot, &DeviceRecord::Armed { epoch, level });
        self.start_waiting(now);
        self.offer_networks();
    }

    fn identify(&mut self, now: Duration, slot: usize, session: &Established, mode: IdentifyMode) {
        let held = self.holds_claim(session);
        let status = match mode {
            IdentifyMode::Off if held => {
                self.stop_responding();
                self.plays.give_up();
                // TOUCH or RESUMED has told what there is to tell, unless the join goes on.
                self.claim
                    .as_ref()
                    .and_then(|claim| claim.credentials.as_ref())
                    .map(|_| status_of(self.join).unwrap_or(Status::Accepted))
            }
            IdentifyMode::Off if self.is_armed(session) && !held => {
                self.keep_quiet(now);
                Some(Status::Untouched)
            }
            IdentifyMode::Respond if held || self.is_stored_owner(&session.owner) => {
                let contended = self.contention.around(now, &session.owner, session.since);
                // At level L2 only the counts count: a response before them, or instead of them, would be taken for an answer.
                let counts = self.claim.as_ref().is_some_and(Claim::awaits_counts);
                if contended > 0 || counts {
                    self.stop_responding();
                    Some(Status::RespondRefused)
                } else {
                    self.start_responding(now, session);
                    Some(Status::Responding)
                }
            }
            IdentifyMode::Respond if self.is_armed(session) => Some(Status::Untouched),
            IdentifyMode::Turn => {
                if self.is_armed(session) {
                    self.take_turn(now);
                }
                None
            }
            IdentifyMode::Hold => {
                self.hold_signals(now, session);
                None
            }
            IdentifyMode::Off | IdentifyMode::Respond => {
                if self.is_stored_owner(&session.owner) {
                    self.stop_responding();
                }
                Some(self.idle_status())
            }
        };
        if let Some(status) = status {
            self.say_status(slot, status);
        }
    }

    /// REVEAL, of the number that ARM committed to: plays the counts, from their beginning, as soon as none are being played.
    pub(super) fn reveal(&mut self, now: Duration, slot: usize, count: Count) -> Result<(), Drop> {
        let Some(session) = self.link(slot).and_then(super::Link::established).copied() else {
            return Err(Drop);
        };
        if session.refused {
            return Err(Drop);
        }
        // The session has made sure of the rest; the claim may have ended without a word to it.
        if !self.holds_claim(&session) {
            self.unexpected(now, slot);
            return Ok(());
        }
        self.plays.play(now, count);
        self.say_status(slot, Status::Counting);
        Ok(())
    }

    /// What a session hears that is neither armed nor holds the claim.
    fn idle_status(&self) -> Status {
        if self.ownership == Ownership::Unowned && self.claim.is_none() && self.arm.is_none() {
            Status::UnownedUnclaimed
        } else {
            Status::Disarmed
        }
    }

    fn keep_quiet(&mut self, now: Duration) {
        if let (Some(arm), Some(waiting)) = (&mut self.arm, &mut self.waiting) {
            waiting.postpone(arm.quiet_until(now));
            self.signal(Signal::Off);
        }
    }

    fn release(&mut self, slot: usize, session: &Established) {
        if self
            .arm
            .as_ref()
            .is_some_and(|arm| arm.owner == session.owner)
        {
            self.arbiter.disarm();
            self.end_arm(None);
        }
        if self.holds_claim(session) {
            self.end_claim(None);
        } else if self.is_stored_owner(&session.owner) {
            self.stop_responding();
            self.window.acknowledged();
        }
        self.say(slot, &DeviceRecord::Released);
    }

    /// CRED: held in memory and tried at once. What was held before is zeroized first.
    fn credentials(
        &mut self,
        now: Duration,
        slot: usize,
        session: &Established,
        credentials: Credentials,
    ) {
        if !self.holds_claim(session) && !self.claim_as_owner(now, slot, session) {
            self.unexpected(now, slot);
            return;
        }
        self.stop_responding();
        self.plays.give_up();
        let Some(claim) = &mut self.claim else { return };
        claim.credentials = None;
        self.join = JoinStatus::Idle;
        self.ports
            .wifi()
            .join(claim.credentials.insert(credentials));
        self.say_status(slot, Status::Accepted);
    }

    /// The stored owner may change its networks without a touch. `false` for anybody else.
    fn claim_as_owner(&mut self, now: Duration, slot: usize, session: &Established) -> bool {
        let Ownership::Owned { kid, commit_id } = self.ownership else {
            return false;
        };
        if kid != session.owner {
            return false;
        }
        let Some(advert_key) = self.link(slot).and_then(|link| link.session.k_adv()) else {
            return false;
        };
        self.arbiter.disarm();
        self.end_arm(None);
        let limit = self.window.limit().unwrap_or(Duration::MAX);
        let since = session.since;
        self.claim = Some(Claim::new(now, limit, kid, commit_id, advert_key, since));
        true
    }

    fn start_scan(&mut self, slot: usize) {
        if let Some(established) = self.link_mut(slot).and_then(super::Link::established_mut) {
            established.wants_networks = true;
        }
        self.scan = None;
        if !self.scanning {
            self.scanning = true;
            self.ports.wifi().start_scan();
        }
    }

    /// Looks at the Wi-Fi, and tells whoever it concerns what is new.
    pub(super) fn watch_wifi(&mut self) {
        if self.scanning
            && let Some(mut networks) = self.ports.wifi().scan_results()
        {
            self.scanning = false;
            networks.sort_unstable_by_key(|network| Reverse(network.rssi));
            self.scan = Some(networks);
            self.offer_networks();
        }
        let owner = match &self.claim {
            Some(claim) => claim.credentials.is_some().then_some(claim.owner),
            None => self.owner_kid().copied(),
        };
        let Some(owner) = owner else { return };
        let join = self.ports.wifi().status();
        if join == self.join {
            return;
        }
        self.join = join;
        if let (Some(status), Some(slot)) = (status_of(join), self.session_of(&owner)) {
            self.say_status(slot, status);
        }
    }

    /// Pushes the scan to the sessions that wait for it and may see it: those a person stands behind.
    fn offer_networks(&mut self) {
        for slot in 0..LINK_SLOTS {
            let Some(session) = self.link(slot).and_then(super::Link::established).copied() else {
                continue;
            };
            let may = self.is_armed(&session)
                || self.holds_claim(&session)
                || self.is_stored_owner(&session.owner);
            if !session.wants_networks || session.refused || !may {
                continue;
            }
            let Some(networks) = self.scan.clone() else {
                return;
            };
            if let Some(established) = self.link_mut(slot).and_then(super::Link::established_mut) {
                established.wants_networks = false;
            }
            self.say(slot, &DeviceRecord::Networks(networks));
        }
    }

    /// Handshakes around have changed: remember the highest number, and stop responding when there are others.
    pub(super) fn note_contention(&mut self, now: Duration) {
        if let Some(arm) = &mut self.arm {
            let others = self.contention.others(now, &arm.owner);
            arm.highest_others = arm.highest_others.max(others);
            self.mark_power_cycle(others);
        }
        if let Some(claim) = &mut self.claim {
            let others = self.contention.others(now, &claim.owner);
            claim.highest_others = claim.highest_others.max(others);
        }
        let contended = self.responding.as_ref().and_then(|response| {
            let contended = self.contention.around(now, &response.owner, response.since);
            (contended > 0).then_some(response.owner)
        });
        if let Some(owner) = contended {
            self.stop_responding();
            if let Some(slot) = self.session_of(&owner) {
                self.say_status(slot, Status::RespondRefused);
            }
        }
    }
}
