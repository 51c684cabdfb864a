//! Presence by power cycle (rule R-i): the touch comes in another session, and in another boot, than the ARM it answers.

use super::{Claim, Open, TouchMemory, Touched};
use crate::{
    error::{Error, Inauthentic, LocalError},
    record::{Level, PressKind, TouchReport},
    touch::Touch,
};

impl Open {
    /// Whether `report` can only be about an ARM of an earlier session: nothing was asked in this one.
    pub(super) fn tells_of_a_power_cycle(&self, report: &TouchReport) -> bool {
        report.kind == PressKind::PowerCycle && !self.begun && self.claim == Claim::None
    }

    pub(in crate::phone) fn take_up_power_cycle(
        &mut self,
        prior: &TouchMemory,
    ) -> Result<(Touched, TouchMemory), Error> {
        let Claim::PowerCycled(report) = self.claim else {
            return Err(LocalError::WrongState.into());
        };
        if self.releasing {
            return Err(LocalError::WrongState.into());
        }
        let touch = Touch {
            th_4: self.channel.th_4(),
            h_arm: &prior.h_arm,
            owner_kid: &self.owner_kid,
            ueid: &self.claims.ueid,
            level: Level::L1,
            kind: PressKind::PowerCycle,
            contended: report.contended,
            n_d: &report.n_d,
        };
        // The person was asked in the boot before this one, and in no other.
        let same = prior.waits
            && prior.key == self.device.key
            && prior.owner_kid == self.owner_kid
            // L2 never survives a link.
            && prior.level == Level::L1
            && prior.boot_id != self.claims.boot_id
            && prior.boot_count.checked_add(1) == Some(self.claims.boot_count)
            && self.claims.presence.contains(PressKind::PowerCycle)
            && touch.is_confirmed_by(self.channel.touch_key(), &report.confirmation);
        if !same {
            return Err(Inauthentic::Resumption.into());
        }
        Ok(self.take_touch(prior.h_arm, Level::L1))
    }
}
