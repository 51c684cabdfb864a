//! Presence by power cycle: a device without a button, switched off and on (rule R-i, the one exception to R-h and to "within this boot").

use core::time::Duration;

use touchstone_proto::{
    message::Envelope,
    record::{DeniedReason, Level, PresenceKinds, PressKind, Status},
    touch,
};

use crate::{
    ports::{AwaitedPowerCycle, Entropy, Indicator, Ports, Presence, Signal, Storage, Stored},
    rules::{
        OwnerKid,
        bucket::{self, Bucket},
    },
};

use super::{
    Device,
    claim::{Claim, TouchMade},
    handshake::Drop,
};

/// How long after power-on the owner key may take the touch up.
const TAKEN_UP: Duration = Duration::from_secs(60);
/// So many power cycles in a row are the reset gesture.
const RESET_CYCLES: u32 = 5;
/// From this one of them on, going on will reset the device.
const HELP_CYCLE: u32 = 3;

/// What is known of power cycles that are, or were, waited for.
pub(super) struct PowerCycle {
    /// What storage holds for the arm in force.
    stored: Option<AwaitedPowerCycle>,
    /// The power cycle that began this boot was waited for, until its time is over or it was taken up.
    made: Option<Made>,
    /// How often an ARM may still be written.
    writes: Bucket,
}

#[derive(Clone, Copy)]
struct Made {
    awaited: AwaitedPowerCycle,
    /// When power came.
    at: Duration,
}

impl PowerCycle {
    /// What a boot finds in storage. One that was waited for in any other boot than the last is void, and stays so: boots are only counted up.
    pub(super) fn at_power_on(
        now: Duration,
        boot_count: u32,
        found: Option<AwaitedPowerCycle>,
    ) -> Self {
        let made = found
            .filter(|awaited| awaited.boot_count.checked_add(1) == Some(boot_count))
            .map(|awaited| Made { awaited, at: now });
        Self {
            stored: None,
            made,
            writes: Bucket::full(now, bucket::WRITTEN_ARMS),
        }
    }

    /// The store has been wiped.
    pub(super) fn wiped(&mut self) {
        self.stored = None;
        self.made = None;
    }

    /// Whether the power cycle that began this boot may still be taken up by another owner key than this.
    pub(super) fn belongs_to_another(&self, now: Duration, owner: &OwnerKid) -> bool {
        self.made
            .is_some_and(|made| made.is_fresh(now) && made.awaited.owner_kid != *owner)
    }
}

impl Made {
    fn is_fresh(&self, now: Duration) -> bool {
        now < self.at.saturating_add(TAKEN_UP)
    }
}

impl<P: Ports> Device<P> {
    fn senses_power_cycles(&mut self) -> bool {
        let kinds = self.ports.presence().kinds();
        kinds.contains(PressKind::PowerCycle)
    }

    /// The highest level that a session may ask for: a touch that cuts the power ends its session, and L2 never survives that.
    pub(super) fn highest_level(&mut self) -> Level {
        let power_cycles = PresenceKinds::NONE.with(PressKind::PowerCycle);
        if self.ports.presence().kinds() == power_cycles {
            Level::L1
        } else {
            self.identity.highest_level()
        }
    }

    /// The reset gesture of a device without a button: five power cycles in a row, each after less than ten seconds.
    pub(super) fn count_power_cycles(&mut self, now: Duration) {
        // One that answers an ARM is none of them, however impatient the person is.
        if !self.senses_power_cycles() || self.power_cycle.made.is_some() {
            return;
        }
        let cycle = self.identity.short_boots % RESET_CYCLES + 1;
        if cycle == RESET_CYCLES {
            self.reset(now);
        } else if cycle >= HELP_CYCLE {
            self.ports.indicator().signal(Signal::Help);
        }
    }

    /// Makes an ARM outlive this boot, before it is answered. Replaces only what the same owner key has left.
    pub(super) fn await_power_cycle(
        &mut self,
        now: Duration,
        owner: OwnerKid,
        h_arm: [u8; 32],
        contended: u8,
    ) -> Result<(), DeniedReason> {
        if !self.senses_power_cycles() {
            return Ok(());
        }
        if !self.power_cycle.writes.take(now) {
            return Err(DeniedReason::Busy);
        }
        self.power_cycle.made = None;
        self.power_cycle.stored = Some(AwaitedPowerCycle {
            owner_kid: owner,
            h_arm,
            boot_count: self.identity.boot_count,
            contended,
        });
        if self.store_power_cycle() {
            return Ok(());
        }
        // A write that failed may have been made.
        self.forget_power_cycle();
        Err(DeniedReason::Locked)
    }

    /// Somebody else is about: whoever is told of the power cycle is told of that too.
    pub(super) fn mark_power_cycle(&mut self, contended: u8) {
        if let Some(awaited) = &mut self.power_cycle.stored
            && awaited.contended == 0
            && contended > 0
        {
            awaited.contended = contended;
            // Without the mark it would be worth too much; the phone is told that it is worth nothing.
            if !self.store_power_cycle() {
                self.arbiter.disarm();
                self.end_arm(Some(Status::Disarmed));
            }
        }
    }

    /// The arm has ended, or was answered in another way.
    pub(super) fn forget_power_cycle(&mut self) {
        if self.power_cycle.stored.take().is_some() {
            self.store_power_cycle();
        }
    }

    /// One atomic write; whether it is certain that it was made.
    fn store_power_cycle(&mut self) -> bool {
        let before = match self.ports.storage().load() {
            Ok(Some(stored)) => stored,
            Ok(None) => Stored {
                reset_epoch: self.reset_epoch,
                ownership: None,
                power_cycle: None,
            },
            Err(_) => return false,
        };
        let after = Stored {
            power_cycle: self.power_cycle.stored,
            ..before
        };
        self.ports.storage().store(&after).is_ok()
    }

    /// A valid message_3 of `owner`: the claim that its power cycle gives it, and TOUCH to be sent behind message_4.
    ///
    /// Storage is wiped first. Whatever happens afterwards, it was used.
    pub(super) fn power_cycled(
        &mut self,
        now: Duration,
        slot: usize,
        owner: &OwnerKid,
    ) -> Result<Option<Envelope>, Drop> {
        let made = self
            .power_cycle
            .made
            .take_if(|made| made.awaited.owner_kid == *owner);
        let Some(made) = made.filter(|made| made.is_fresh(now)) else {
            return Ok(None);
        };
        if self.arm.is_some() || self.claim.is_some() || !self.store_power_cycle() {
            return Ok(None);
        }
        let Some(limit) = self.window.limit() else {
            return Ok(None);
        };
        let around = self.contention.around(now, owner, now);
        let contended = made.awaited.contended.max(around);
        let mut n_d = [0; 16];
        self.ports.entropy().fill(&mut n_d);
        let link = self.link_mut(slot).ok_or(Drop)?;
        let h_arm = made.awaited.h_arm;
        let envelope = link
            .session
            .power_cycled(&h_arm, u32::from(contended), &n_d)?;
        let (Some(th_4), Some(advert_key)) = (link.session.th_4(), link.session.k_adv()) else {
            return Err(Drop);
        };
        let mut claim = Claim::new(now, limit, *owner, touch::commit_id(&th_4), advert_key, now);
        claim.highest_others = contended;
        claim.touch = Some(TouchMade {
            at: made.at,
            level: Level::L1,
            kind: PressKind::PowerCycle,
            h_arm,
        });
        self.claim = Some(claim);
        self.ports.indicator().signal(Signal::TouchAck);
        Ok(Some(envelope))
    }
}
