//! The announcement planner: when each announcement is given, so that nothing important is late and nothing else is said.
//!
//! P-numbers are the planner's rules; the flow gives it steps and presses, it gives cues.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use crate::{
    A11yContext, Cue, Earcon, Expiry, Haptic, Msg, MsgId, Politeness, catalogue::english_plain,
    script::Row,
};

/// P1: the first speech after a press, so that the screen reader's own click speech is not cut.
const AFTER_PRESS: Duration = Duration::from_millis(500);
/// How long a press counts as the cause of a new status.
const CAUSED_BY_PRESS: Duration = Duration::from_millis(1500);
/// P3: between two polite announcements.
const POLITE_SPACING: Duration = Duration::from_secs(5);
/// P6: the same text is not repeated within this.
const SAME_TEXT: Duration = Duration::from_secs(10);
/// P7: silence after the window has the focus again.
pub(crate) const SETTLE: Duration = Duration::from_millis(700);
/// P4: how many assertive announcements wait behind another.
const ASSERTIVE_DEPTH: usize = 2;
/// Between two ticks of the heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Between two counted haptics; closer together they could not be counted.
const PATTERN_GAP: Duration = Duration::from_secs(1);
/// Speech at 175 words per minute, and its beginning.
const PER_WORD: Duration = Duration::from_millis(343);
const SPEECH_START: Duration = Duration::from_millis(350);
const POLITE_EXPIRY: Duration = Duration::from_secs(4);
const MUST_EXPIRY: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(crate) struct Planner {
    context: A11yContext,
    heartbeat_wanted: bool,
    cues: VecDeque<Cue>,
    next_id: u64,
    /// Counts the steps, so that what belongs to an earlier one is known.
    epoch: u64,
    window: Window,
    pressed: Option<Duration>,
    /// P2: at most one polite announcement waits.
    polite: Option<Item>,
    assertive: VecDeque<Item>,
    asked: Option<Item>,
    /// Haptic and earcon of a polite step that began in a quiet window.
    held: Option<Item>,
    /// The assertive announcement being given, and until when at most.
    speaking: Option<(Item, Duration)>,
    /// The latest of its kind that must be delivered, for P9.
    awaiting_delivery: Option<(u64, Item)>,
    last_polite: Option<Duration>,
    said: Vec<(Msg, Duration)>,
    beat: Option<Duration>,
    /// The device is giving signals to be counted: nothing that can wait is said before.
    held_until: Duration,
}

/// Whether cues may be given.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Window {
    Open,
    Settling(Duration),
    Quiet,
}

#[derive(Clone, Debug)]
struct Item {
    msg: Msg,
    row: Row,
    ready: Duration,
    epoch: u64,
    /// It has been posted before and did not arrive.
    again: bool,
}

impl Planner {
    pub(crate) fn new(context: A11yContext, heartbeat_wanted: bool) -> Self {
        Self {
            context,
            heartbeat_wanted,
            cues: VecDeque::new(),
            next_id: 1,
            epoch: 0,
            window: Window::Open,
            pressed: None,
            polite: None,
            assertive: VecDeque::new(),
            asked: None,
            held: None,
            speaking: None,
            awaiting_delivery: None,
            last_polite: None,
            said: Vec::new(),
            beat: None,
            held_until: Duration::ZERO,
        }
    }

    pub(crate) fn context(&self) -> &A11yContext {
        &self.context
    }

    pub(crate) fn set_context(&mut self, context: A11yContext) {
        self.context = context;
        if !context.screen_reader {
            self.polite = None;
            self.asked = None;
            self.speaking = None;
            self.awaiting_delivery = None;
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Cue> {
        self.cues.pop_front()
    }

    /// The step has changed; `carry` is what the step before had to say and the screen still shows.
    pub(crate) fn enter(
        &mut self,
        now: Duration,
        msg: Msg,
        row: Row,
        busy: bool,
        carry: Option<MsgId>,
    ) {
        self.epoch += 1;
        // P4: what the step before had to say politely is flushed.
        self.polite = None;
        self.asked = None;
        self.held = None;
        self.held_until = Duration::ZERO;
        self.assertive
            .retain(|item| item.row.carry && carry == Some(item.msg.id));
        self.beat = match self.beat {
            Some(beat) if busy => Some(beat),
            _ => busy.then_some(now + HEARTBEAT),
        };
        self.announce(now, msg, row);
    }

    /// The text of the present step has changed before it was said.
    pub(crate) fn reword(&mut self, msg: Msg) {
        for item in [&mut self.polite, &mut self.asked].into_iter().flatten() {
            item.msg = msg.clone();
        }
    }

    /// Says the present step anew unless it was just said, without its haptic and earcon.
    pub(crate) fn announce_quietly(&mut self, now: Duration, msg: Msg, row: Row) {
        let waits = |item: &Item| item.msg == msg;
        if self.was_said(now, &msg)
            || self.assertive.iter().any(waits)
            || self.polite.as_ref().is_some_and(waits)
        {
            return;
        }
        let row = Row {
            haptic: None,
            earcon: None,
            ..row
        };
        self.announce(now, msg, row);
        if let Some(item) = self.assertive.back_mut() {
            item.ready = item.ready.max(self.held_until);
        }
    }

    /// The device gives signals to be counted, for so long at most; what it gives already it gives to the end first.
    pub(crate) fn hold(&mut self, now: Duration, length: Duration) {
        self.held_until = self.held_until.max(now) + length;
    }

    /// When nothing more is being said, played or felt; `None` while something waits for its turn, or the window is not ready.
    pub(crate) fn silent_from(&self) -> Option<Duration> {
        let settled = match self.window {
            Window::Open => Duration::ZERO,
            Window::Settling(until) => until,
            Window::Quiet => return None,
        };
        let waits = !self.assertive.is_empty() || self.asked.is_some() || self.polite.is_some();
        let spoken = self.speaking.as_ref().map(|(_, until)| *until);
        (!waits).then(|| spoken.unwrap_or_default().max(settled))
    }

    /// Something of the present step is about to be said; a reminder would only cover it up.
    pub(crate) fn is_about_to_speak(&self) -> bool {
        self.asked.is_some() || !self.assertive.is_empty()
    }

    /// P8: a reminder of the present step.
    pub(crate) fn remind(&mut self, now: Duration, msg: Msg, row: Row) {
        // The screen shows the reminder now; what did not arrive before is not there any more.
        self.awaiting_delivery = None;
        self.announce(now, msg, row);
    }

    /// Says this in its turn.
    pub(crate) fn announce(&mut self, now: Duration, msg: Msg, row: Row) {
        let after_press = self
            .pressed
            .filter(|pressed| now < *pressed + CAUSED_BY_PRESS)
            .map(|pressed| pressed + AFTER_PRESS);
        let mut item = Item {
            msg,
            row,
            ready: now,
            epoch: self.epoch,
            again: false,
        };
        match row.politeness {
            None => {}
            Some(Politeness::Assertive) => {
                // A touch is acknowledged at once; everything else lets the press it answers be heard first.
                if row.haptic != Some(Haptic::Heard) {
                    item.ready = after_press.map_or(now, |time| time.max(now));
                }
                if self.assertive.len() == ASSERTIVE_DEPTH {
                    self.assertive.pop_front();
                }
                self.assertive.push_back(item);
            }
            Some(Politeness::Polite) => {
                item.ready = match after_press {
                    Some(time) if row.prompt => time.max(now),
                    _ => now + row.dwell,
                };
                let counted = !matches!(row.haptic, None | Some(Haptic::Heard));
                let mut feel = item.clone();
                feel.ready = match after_press {
                    Some(time) if counted => time.max(now),
                    _ => now,
                };
                // The press has just been acknowledged with the same cue.
                let acknowledged = after_press.is_some() && !counted;
                self.held = (!acknowledged && (row.haptic.is_some() || row.earcon.is_some()))
                    .then_some(feel);
                self.polite = self.context.screen_reader.then_some(item);
            }
        }
    }

    /// The person pressed something: feedback at once.
    pub(crate) fn pressed(&mut self, now: Duration) {
        self.pressed = Some(now);
        // The screen reader has cut the announcement to say what was pressed.
        self.speaking = None;
        self.sense(Some(Haptic::Heard), Some(Earcon::Tick));
    }

    /// The person wants to hear `msg` again.
    pub(crate) fn ask(&mut self, now: Duration, msg: Msg, row: Row) {
        if !self.context.screen_reader {
            return;
        }
        // The answer stands for whatever was about to be said by itself.
        self.polite
            .take_if(|item| item.msg == msg || !item.row.must);
        if self.assertive.iter().any(|item| item.msg == msg) {
            return;
        }
        self.asked = Some(Item {
            msg,
            row,
            ready: now + AFTER_PRESS,
            epoch: self.epoch,
            again: false,
        });
    }

    /// What became of an announcement (P9).
    pub(crate) fn said(&mut self, now: Duration, id: u64, delivered: bool) {
        let Some((_, item)) = self
            .awaiting_delivery
            .take_if(|(awaited, _)| *awaited == id)
        else {
            return;
        };
        self.speaking = None;
        if !delivered && !item.again && item.epoch == self.epoch {
            let again = Item {
                ready: now + AFTER_PRESS,
                again: true,
                row: Row {
                    haptic: None,
                    earcon: None,
                    ..item.row
                },
                ..item
            };
            match again.row.politeness {
                Some(Politeness::Assertive) => self.assertive.push_front(again),
                _ => self.polite = Some(again),
            }
        }
    }

    /// P7: a dialog or a keyboard opens, or is gone.
    pub(crate) fn ui_ready(&mut self, now: Duration, ready: bool) {
        self.window = match (ready, self.window) {
            (false, _) => Window::Quiet,
            (true, Window::Quiet) => Window::Settling(now + SETTLE),
            (true, window) => window,
        };
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.window == Window::Quiet
    }

    /// Gives every cue whose time has come.
    pub(crate) fn advance(&mut self, now: Duration) {
        match self.window {
            Window::Open => {}
            Window::Quiet => return,
            Window::Settling(until) if now < until => return,
            Window::Settling(_) => {
                self.window = Window::Open;
                let epoch = self.epoch;
                self.assertive.retain(|item| item.epoch == epoch);
            }
        }
        if let Some(held) = self.held.take_if(|item| item.ready <= now) {
            self.sense(held.row.haptic, held.row.earcon);
        }
        while let Some(item) = self.assertive.pop_front() {
            if self.assertive_time(&item) > now {
                self.assertive.push_front(item);
                break;
            }
            self.give_assertive(now, item);
        }
        if let Some(item) = self.asked.take_if(|item| item.ready <= now) {
            self.say(now, &item, true);
        }
        if self.polite_time().is_some_and(|time| time <= now)
            && let Some(item) = self.polite.take()
            && (item.row.must || item.again || !self.was_said(now, &item.msg))
        {
            self.last_polite = Some(now);
            self.say(now, &item, false);
        }
        // The heartbeat fills silence; nothing else needs it.
        let silent = self.cues.is_empty();
        if self.heartbeat().is_some_and(|beat| beat <= now) && silent {
            self.sense(None, Some(Earcon::Tick));
        }
        if !self.cues.is_empty() {
            self.beat = self.beat.map(|_| now + HEARTBEAT);
        }
    }

    /// When [`Planner::advance`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let settled = match self.window {
            Window::Open => Duration::ZERO,
            Window::Settling(until) => until,
            Window::Quiet => return None,
        };
        [
            self.held.as_ref().map(|item| item.ready),
            self.assertive.front().map(|item| self.assertive_time(item)),
            self.asked.as_ref().map(|item| item.ready),
            self.polite_time(),
            self.heartbeat(),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|time| time.max(settled))
    }

    fn give_assertive(&mut self, now: Duration, item: Item) {
        self.sense(item.row.haptic, item.row.earcon);
        // A prompt taken back and given again; a problem met twice is news each time.
        let prompt = item.row.haptic == Some(Haptic::YourTurn);
        let repeated = prompt && !item.again && self.was_said_last(now, &item.msg);
        let speech = if self.context.screen_reader && !repeated {
            self.say(now, &item, false);
            speech_length(&item.msg)
        } else {
            Duration::ZERO
        };
        let length = speech.max(if item.row.haptic == Some(Haptic::Heard) {
            Duration::ZERO
        } else {
            PATTERN_GAP
        });
        self.speaking = Some((item, now + length));
    }

    /// P4: not before what is being said has ended, unless that is not worth finishing.
    fn assertive_time(&self, item: &Item) -> Duration {
        match &self.speaking {
            // Whoever has touched has done what was being asked for; hearing of it cannot wait.
            _ if item.row.haptic == Some(Haptic::Heard) => item.ready,
            Some((spoken, until)) if spoken.row.finish => item.ready.max(*until),
            _ => item.ready,
        }
    }

    fn polite_time(&self) -> Option<Duration> {
        let item = self.polite.as_ref()?;
        // Behind an assertive announcement that waits, a polite one has no time of its own yet.
        if !self.assertive.is_empty() {
            return None;
        }
        let mut time = item.ready.max(self.held_until);
        if let Some((_, until)) = &self.speaking {
            time = time.max(*until);
        }
        if let Some(last) = self.last_polite.filter(|_| !item.row.must) {
            time = time.max(last + POLITE_SPACING);
        }
        Some(time)
    }

    fn heartbeat(&self) -> Option<Duration> {
        self.beat
            .filter(|_| self.heartbeat_wanted && self.context.screen_reader && self.context.sounds)
    }

    fn was_said(&self, now: Duration, msg: &Msg) -> bool {
        self.said
            .iter()
            .any(|(said, at)| said == msg && now < *at + SAME_TEXT)
    }

    fn was_said_last(&self, now: Duration, msg: &Msg) -> bool {
        self.said
            .last()
            .is_some_and(|(said, at)| said == msg && now < *at + SAME_TEXT)
    }

    fn say(&mut self, now: Duration, item: &Item, repeat: bool) {
        let id = self.next_id;
        self.next_id += 1;
        let must = item.row.must && !repeat;
        self.cues.push_back(Cue::Say {
            id,
            msg: item.msg.clone(),
            politeness: item.row.politeness.unwrap_or(Politeness::Polite),
            interrupt: item.row.interrupt || repeat,
            must,
            repeat: repeat || item.again,
            expires: Expiry(if must { MUST_EXPIRY } else { POLITE_EXPIRY }),
        });
        if must {
            self.awaiting_delivery = Some((id, item.clone()));
        }
        self.said.retain(|(_, at)| now < *at + SAME_TEXT);
        self.said.push((item.msg.clone(), now));
    }

    fn sense(&mut self, haptic: Option<Haptic>, earcon: Option<Earcon>) {
        if let Some(haptic) = haptic.filter(|_| self.context.haptics) {
            self.cues.push_back(Cue::Feel(haptic));
        }
        if let Some(earcon) = earcon.filter(|_| self.context.sounds) {
            self.cues.push_back(Cue::Play(earcon));
        }
    }
}

/// How long the sentence takes at an ordinary rate. Other languages differ little; a host that knows better reports
/// [`Input::Said`](crate::Input::Said).
pub(crate) fn speech_length(msg: &Msg) -> Duration {
    let words = english_plain(msg).split_whitespace().count();
    SPEECH_START + PER_WORD * u32::try_from(words).unwrap_or(u32::MAX)
}
