//! Level L2: the touch is worth nothing before the person has counted.

use super::{Claim, Event, Open, TouchMemory, Touched};
use crate::{
    error::{Error, Inauthentic, LocalError},
    message::Envelope,
    record::{Actuator, Level, Pace, PhoneRecord, TouchReport},
    sas::{self, Counts, MAX_PLAYS, Nonce, Sas},
    touch::ArmHash,
};

impl Open {
    /// TOUCH at L2: what the device will play is known from here on, and not before.
    pub(super) fn await_counts(
        &mut self,
        h_arm: ArmHash,
        report: &TouchReport,
    ) -> Result<Event, Error> {
        let Some(Nonce(n_p)) = &self.n_p else {
            return Err(LocalError::WrongState.into());
        };
        let expected = Sas {
            th_4: self.channel.th_4(),
            h_arm: &h_arm,
            n_p,
            n_d: &report.n_d,
        }
        .counts(self.channel.touch_key());
        self.expected = Some(expected);
        self.claim = Claim::ToCount { h_arm, plays: 0 };
        Ok(Event::TouchedToCount {
            kind: report.kind,
            contended: report.contended,
        })
    }

    pub(in crate::phone) fn reveal(
        &mut self,
        signal: Actuator,
        pace: Pace,
    ) -> Result<Envelope, Error> {
        let (Claim::ToCount { h_arm, plays }, Some(Nonce(n_p))) = (self.claim, &self.n_p) else {
            return Err(LocalError::WrongState.into());
        };
        if !self.claims.actuators.contains(signal) {
            return Err(LocalError::NoSuchActuator.into());
        }
        if plays >= MAX_PLAYS {
            return Err(LocalError::TooManyReveals.into());
        }
        let (opened, n_p) = (sas::commitment(n_p), *n_p);
        let envelope = self.tell(&PhoneRecord::Reveal { n_p, signal, pace })?;
        self.opened = Some(opened);
        self.claim = Claim::ToCount {
            h_arm,
            plays: plays.saturating_add(1),
        };
        Ok(envelope)
    }

    pub(in crate::phone) fn compare_counts(
        &mut self,
        entered: &Counts,
    ) -> Result<(Touched, TouchMemory), Error> {
        let Claim::ToCount {
            h_arm,
            plays: 1..=MAX_PLAYS,
        } = self.claim
        else {
            return Err(LocalError::WrongState.into());
        };
        // One comparison, whatever comes of it.
        let Some(expected) = self.expected.take() else {
            return Err(LocalError::WrongState.into());
        };
        self.n_p = None;
        if !expected.matches(entered) {
            self.claim = Claim::Miscounted;
            return Err(Inauthentic::Counts.into());
        }
        Ok(self.take_touch(h_arm, Level::L2))
    }
}
