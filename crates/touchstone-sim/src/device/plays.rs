//! Counted signals as somebody beside the device perceives them.

use std::time::Duration;

use touchstone_device::ports::Signal;
use touchstone_proto::record::Actuator;

use super::Unit;

/// Signals farther apart than this are not of one group: within groups there are at most 1.3 s, between them at least 2.5 s.
const ONE_GROUP: Duration = Duration::from_millis(1_900);
/// After so much quiet nobody expects another signal of the last group.
const QUIET: Duration = Duration::from_secs(3);

/// What somebody has perceived after a long signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// When the long signal was given.
    pub began: Duration,
    /// How many signals each group had, as far as it was given.
    pub groups: Vec<u8>,
    last: Duration,
}

impl Unit {
    /// What was to be counted on this actuator so far, in order. Whatever else the device gives is counted too, as a person would.
    #[must_use]
    pub fn plays(&self, actuator: Actuator) -> Vec<Play> {
        let mut plays: Vec<Play> = Vec::new();
        for (at, signal) in self.signals() {
            let perceived = match signal {
                Signal::CountStart(on) if on == actuator => {
                    plays.push(Play {
                        began: at,
                        groups: Vec::new(),
                        last: at,
                    });
                    continue;
                }
                Signal::Count(on) | Signal::CountStart(on) => on == actuator,
                other => other != Signal::Off,
            };
            // What comes long after the third group belongs to nothing.
            let Some(play) = plays
                .last_mut()
                .filter(|play| perceived && (play.groups.len() < 3 || at < play.last + QUIET))
            else {
                continue;
            };
            match play.groups.last_mut() {
                Some(count) if at - play.last < ONE_GROUP => *count += 1,
                _ => play.groups.push(1),
            }
            play.last = at;
        }
        plays
    }

    /// The numbers that somebody has counted who pays attention to this actuator from `since` on: those after the latest long signal, once all is quiet.
    #[must_use]
    pub fn counted(&self, actuator: Actuator, since: Duration) -> Option<[u8; 3]> {
        let now = self.world.now();
        let play = self.plays(actuator).pop()?;
        let over = play.began >= since && play.last + QUIET <= now;
        play.groups.try_into().ok().filter(|_| over)
    }
}
