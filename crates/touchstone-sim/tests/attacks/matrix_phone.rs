//! Every message in every state of a phone's session: valid, malformed, late, repeated (R6), from a device without rules.

use touchstone_proto::{
    HIGHEST_VERSION,
    credentials::Credentials,
    error::{Error, LocalError},
    evidence::{Appraiser, Claims},
    message::messages,
    owner::OwnerPublicKey,
    phone::{Attested, Confirmed, CredentialForm, Event, Leaf, Session, Touched},
    record::{Actuator, IdentifyMode, Level, Pace, PressKind, ReleaseReason},
    sas::{Counts, Sas},
    touch::{Touch, commit_id},
};

use crate::{
    raw::{Channel, Item, Responder, array, envelope, hash, record, sealed, sign, signing_key},
    support::*,
};

const UEID: [u8; 17] = [1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
const N_P: [u8; 16] = [0x50; 16];
pub(crate) const N_D: [u8; 16] = [0x44; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    AwaitMessage2,
    AwaitLeaf,
    AwaitOwner,
    AwaitSignature,
    AwaitEvidence,
    AwaitDenied,
    Refused,
    Attested,
    Arming,
    Armed,
    ArmedAtL2,
    ToCount,
    Revealed,
    Miscounted,
    Counted,
    Touched,
    Sent,
    Releasing,
}

const STATES: [State; 18] = [
    State::AwaitMessage2,
    State::AwaitLeaf,
    State::AwaitOwner,
    State::AwaitSignature,
    State::AwaitEvidence,
    State::AwaitDenied,
    State::Refused,
    State::Attested,
    State::Arming,
    State::Armed,
    State::ArmedAtL2,
    State::ToCount,
    State::Revealed,
    State::Miscounted,
    State::Counted,
    State::Touched,
    State::Sent,
    State::Releasing,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    Hello,
    Message2,
    Message3,
    Message4,
    EdhocError,
    KeepAlive,
    KeepAliveAhead,
    ArmedL1,
    ArmedL2,
    Released,
    Status,
    Counting,
    Disarmed,
    Denied,
    Committed,
    Error,
    Touch,
    TouchAtL2,
    TouchOfAnotherArm,
    Resumed,
    Networks,
    UnknownOptional,
    UnknownCritical,
    ARecordOfAPhone,
}

pub(crate) const SAYINGS: [Saying; 24] = [
    Saying::Hello,
    Saying::Message2,
    Saying::Message3,
    Saying::Message4,
    Saying::EdhocError,
    Saying::KeepAlive,
    Saying::KeepAliveAhead,
    Saying::ArmedL1,
    Saying::ArmedL2,
    Saying::Released,
    Saying::Status,
    Saying::Counting,
    Saying::Disarmed,
    Saying::Denied,
    Saying::Committed,
    Saying::Error,
    Saying::Touch,
    Saying::TouchAtL2,
    Saying::TouchOfAnotherArm,
    Saying::Resumed,
    Saying::Networks,
    Saying::UnknownOptional,
    Saying::UnknownCritical,
    Saying::ARecordOfAPhone,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Valid,
    Malformed,
    Late,
    Repeated,
}

struct Yes;

impl Appraiser for Yes {
    type Verdict = ();
    type Error = core::convert::Infallible;

    fn appraise(&self, _: &[u8], _: &Claims) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A phone's session, the device it talks to, and what it was given on the way.
pub(crate) struct Pair {
    pub(crate) phone: Session,
    device: Responder,
    pub(crate) channel: Channel,
    message_2: Vec<u8>,
    message_3: Vec<u8>,
    message_4: Vec<u8>,
    pub(crate) h_arm: [u8; 32],
    pub(crate) attested: Option<Attested>,
    pub(crate) touched: Option<Touched>,
}

pub(crate) fn home() -> Credentials {
    network("Home")
}

impl State {
    /// The level that is asked for on the way there.
    fn level(self) -> Level {
        match self {
            Self::ArmedAtL2 | Self::ToCount | Self::Revealed | Self::Miscounted | Self::Counted => {
                Level::L2
            }
            _ => Level::L1,
        }
    }
}

impl Pair {
    pub(crate) fn hear(&mut self, envelope: &[u8]) -> Result<Vec<Event>, touchstone_proto::Error> {
        messages(envelope)
            .map(|message| self.phone.handle(message?))
            .collect()
    }

    fn hears_record(&mut self, plaintext: &[u8]) -> Vec<Event> {
        let body = self.channel.down.seal(plaintext);
        self.hear(&sealed(&body)).unwrap()
    }

    /// What the phone said last, opened.
    pub(crate) fn reads(&mut self, envelope: &[u8]) -> Vec<u8> {
        let mut plaintext = Vec::new();
        for message in messages(envelope) {
            if let Ok(touchstone_proto::message::Message::Record(body)) = message {
                plaintext = self.channel.up.open(body).expect("sealed in order");
            }
        }
        plaintext
    }

    pub(crate) fn reach(state: State) -> Self {
        let leaf = [0x30; 300];
        let (phone, hello) =
            Session::start(CredentialForm::ByValue, HIGHEST_VERSION, &[3; 32], 7).unwrap();
        let mut pair = Self {
            phone,
            device: Responder::new(signing_key(0x77), &leaf, UEID),
            channel: Channel::made_up(),
            message_2: Vec::new(),
            message_3: Vec::new(),
            message_4: envelope(MESSAGE_4, &[0x5a; 40]),
            h_arm: [0; 32],
            attested: None,
            touched: None,
        };
        pair.message_2 = pair.device.message_2(&hello[3..], [4; 32]);
        if state == State::AwaitMessage2 {
            return pair;
        }
        let message_2 = pair.message_2.clone();
        pair.hear(&message_2).unwrap();
        if state == State::AwaitLeaf {
            return pair;
        }
        assert!(matches!(pair.phone.leaf(), Some(Leaf::ByValue(_))));
        let key = pair.device.key();
        pair.phone.authenticate(&leaf, &key, &UEID).unwrap();
        if state == State::AwaitOwner {
            return pair;
        }
        let owner = signing_key(0x11);
        let public =
            OwnerPublicKey::from_sec1(owner.verifying_key().to_sec1_point(false).as_bytes())
                .unwrap();
        let to_be_signed = pair.phone.ask_owner(&public, &[0x4e; 16]).unwrap().to_vec();
        if state == State::AwaitSignature {
            return pair;
        }
        let message_3 = pair
            .phone
            .owner_signed(&sign(&owner, &to_be_signed))
            .unwrap();
        pair.message_3 = message_3.to_vec();
        let body = messages(&message_3)
            .find_map(|message| match message {
                Ok(touchstone_proto::message::Message::Message3(body)) => Some(body.to_vec()),
                _ => None,
            })
            .unwrap();
        pair.channel = pair.device.read_message_3(&body);
        // PREPARE.
        pair.reads(&message_3);
        let refused = matches!(state, State::AwaitDenied | State::Refused);
        pair.message_4 = pair.device.message_4(&pair.channel, !refused);
        if state == State::AwaitEvidence {
            return pair;
        }
        let message_4 = pair.message_4.clone();
        pair.hear(&message_4).unwrap();
        if state == State::Refused {
            pair.hears_record(&record(0x14, 48, &array(&[Item::Number(0)])));
        }
        if refused {
            return pair;
        }
        pair.attested = Some(pair.phone.appraise(&Yes).unwrap().0);
        if state == State::Attested {
            return pair;
        }
        let attested = pair.attested.as_ref().unwrap();
        let level = state.level();
        let arm = pair.phone.arm(attested, level, &N_P).unwrap();
        pair.h_arm = hash(&pair.reads(&arm));
        assert_eq!(pair.phone.h_arm(), Some(pair.h_arm), "h_arm");
        if state == State::Arming {
            return pair;
        }
        pair.hears_record(&armed(level.number().into()));
        if matches!(state, State::Armed | State::ArmedAtL2) {
            return pair;
        }
        if state == State::Releasing {
            let release = pair.phone.release(ReleaseReason::Cancelled).unwrap();
            pair.reads(&release);
            return pair;
        }
        let touch = pair.touch(pair.h_arm, level);
        if level == Level::L2 {
            let event = pair.hears_record(&touch).pop();
            assert!(matches!(event, Some(Event::TouchedToCount { .. })));
            pair.count(state);
            return pair;
        }
        for event in pair.hears_record(&touch) {
            if let Event::Touched { touched, .. } = event {
                pair.touched = Some(touched);
            }
        }
        assert!(pair.touched.is_some());
        if state == State::Touched {
            return pair;
        }
        let sent = pair
            .phone
            .send_credentials(
                pair.attested.take().unwrap(),
                pair.touched.take().unwrap(),
                Confirmed::by_the_persons_press(),
                &home(),
            )
            .unwrap();
        pair.reads(&sent);
        pair
    }

    /// From TOUCH at level L2 on.
    fn count(&mut self, state: State) {
        if state == State::ToCount {
            return;
        }
        let reveal = self.phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
        assert_eq!(self.reads(&reveal)[0], 0x11);
        if state == State::Revealed {
            return;
        }
        let counts = Sas {
            th_4: &self.channel.th_4,
            h_arm: &self.h_arm,
            n_p: &N_P,
            n_d: &N_D,
        }
        .counts(&self.channel.touch_key);
        if state == State::Miscounted {
            let others = counts.groups().map(|count| count % 6 + 1);
            let others = Counts::entered(others).unwrap();
            assert!(self.phone.compare_counts(&others).is_err());
        } else {
            self.touched = Some(self.phone.compare_counts(&counts).unwrap().0);
        }
    }

    fn touch(&self, h_arm: [u8; 32], level: Level) -> Vec<u8> {
        let confirmation = Touch {
            th_4: &self.channel.th_4,
            h_arm: &h_arm,
            owner_kid: &self.device.owner_kid,
            ueid: &UEID,
            level,
            kind: PressKind::Touch,
            contended: 0,
            n_d: &N_D,
        }
        .confirmation(&self.channel.touch_key);
        record(
            0x20,
            80,
            &array(&[
                Item::Bytes(&confirmation),
                Item::Number(0),
                Item::Number(0),
                Item::Bytes(&N_D),
            ]),
        )
    }

    fn plaintext(&self, saying: Saying) -> Option<Vec<u8>> {
        let number = |number| array(&[Item::Number(number)]);
        let status = |state| array(&[Item::Number(state), Item::Bytes(&[])]);
        Some(match saying {
            Saying::KeepAlive => record(0x02, 16, &number(0)),
            Saying::KeepAliveAhead => record(0x02, 16, &number(1000)),
            Saying::ArmedL1 => armed(1),
            Saying::ArmedL2 => armed(2),
            Saying::Released => record(0x06, 16, &array(&[])),
            Saying::Status => record(0x13, 48, &status(2)),
            Saying::Counting => record(0x13, 48, &status(12)),
            Saying::Disarmed => record(0x13, 48, &status(9)),
            Saying::Denied => record(0x14, 48, &number(1)),
            Saying::Committed => record(0x15, 48, &array(&[Item::Bytes(&[6; 16])])),
            Saying::Error => record(0x16, 48, &number(5)),
            Saying::Touch => self.touch(self.h_arm, Level::L1),
            Saying::TouchAtL2 => self.touch(self.h_arm, Level::L2),
            Saying::TouchOfAnotherArm => self.touch([0xaa; 32], Level::L1),
            Saying::Resumed => record(
                0x21,
                80,
                &array(&[
                    Item::Number(0),
                    Item::Number(1),
                    Item::Number(0),
                    Item::Number(0),
                    Item::Number(3),
                    Item::Bytes(&self.h_arm),
                    Item::Bytes(&commit_id(&self.channel.th_4)),
                ]),
            ),
            Saying::Networks => record(0x30, 512, &array(&[])),
            Saying::UnknownOptional => record(0x7e, 16, &array(&[])),
            Saying::UnknownCritical => record(0x3e, 16, &array(&[])),
            Saying::ARecordOfAPhone => record(0x05, 16, &number(0)),
            _ => return None,
        })
    }

    pub(crate) fn envelope(&mut self, saying: Saying, late: bool) -> Vec<u8> {
        match saying {
            Saying::Hello => envelope(HELLO, &[0x5a; 40]),
            Saying::Message2 => self.message_2.clone(),
            Saying::Message3 => {
                if self.message_3.is_empty() {
                    envelope(MESSAGE_3, &[0x5a; 100])
                } else {
                    self.message_3.clone()
                }
            }
            Saying::Message4 => self.message_4.clone(),
            Saying::EdhocError => envelope(EDHOC_ERROR, &[0x01, 0x60]),
            saying => {
                let plaintext = self.plaintext(saying).unwrap();
                let body = if late {
                    let used = self.channel.down.counter.checked_sub(1);
                    // Before anything was said, "late" is a counter that is not due.
                    self.channel.down.seal_at(used.unwrap_or(7), &plaintext)
                } else {
                    self.channel.down.seal(&plaintext)
                };
                sealed(&body)
            }
        }
    }
}

fn armed(level: u64) -> Vec<u8> {
    record(0x03, 16, &array(&[Item::Number(9), Item::Number(level)]))
}

/// After an error the session is over, whatever is asked of it.
pub(crate) fn assert_over(pair: &mut Pair, name: &str) {
    let poisoned = Err(LocalError::Poisoned.into());
    assert_eq!(pair.phone.keep_alive(), poisoned, "{name}");
    assert_eq!(pair.phone.confirm(), poisoned, "{name}");
    assert_eq!(
        pair.phone.identify(IdentifyMode::Respond),
        poisoned,
        "{name}"
    );
    assert_eq!(pair.phone.correct_credentials(&home()), poisoned, "{name}");
    if let (Some(attested), Some(touched)) = (pair.attested.take(), pair.touched.take()) {
        let sealed = pair.phone.send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &home(),
        );
        assert_eq!(sealed, poisoned, "{name}");
    }
    assert!(pair.phone.advert_key().is_none() && pair.phone.th_4().is_none());
}

fn is_record(saying: Saying) -> bool {
    !matches!(
        saying,
        Saying::Hello | Saying::Message2 | Saying::Message3 | Saying::Message4 | Saying::EdhocError
    )
}

/// Whether a message of the handshake is the one awaited.
fn is_awaited(state: State, saying: Saying) -> bool {
    matches!(
        (state, saying),
        (State::AwaitMessage2, Saying::Message2) | (State::AwaitEvidence, Saying::Message4)
    )
}

fn play(state: State, saying: Saying, how: How) {
    let name = format!("{state:?} {saying:?} {how:?}");
    let mut pair = Pair::reach(state);
    let mut bytes = pair.envelope(saying, how == How::Late);
    if how == How::Malformed {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    }
    let outcome = pair.hear(&bytes);
    let touched = outcome.as_ref().is_ok_and(|events| {
        events
            .iter()
            .any(|event| matches!(event, Event::Touched { .. }))
    });
    let to_count = outcome.as_ref().is_ok_and(|events| {
        events
            .iter()
            .any(|event| matches!(event, Event::TouchedToCount { .. }))
    });
    let may_count = state == State::ArmedAtL2 && saying == Saying::TouchAtL2;
    assert!(!to_count || may_count, "{name}: to count");
    if how == How::Valid && may_count {
        assert!(to_count, "{name}: the table is wrong");
    }
    // The level in force does not fall, and counting answers REVEAL.
    if state == State::ArmedAtL2 && saying == Saying::Touch {
        assert!(outcome.is_err(), "{name}: a lower level");
    }
    let revealed = matches!(
        state,
        State::Revealed | State::Miscounted | State::Counted | State::Releasing
    );
    if saying == Saying::Counting && !revealed {
        assert!(outcome.is_err(), "{name}: counts that were not asked for");
    }
    // The one way to a touch.
    let may_touch = state == State::Armed && saying == Saying::Touch;
    if how == How::Valid && may_touch {
        assert!(touched, "{name}: the table is wrong");
    }
    assert!(!touched || may_touch, "{name}: touched");
    if how == How::Malformed && !(is_awaited(state, saying) && outcome.is_ok()) {
        assert!(outcome.is_err(), "{name}: taken");
    }
    if how == How::Late && is_record(saying) {
        assert!(outcome.is_err(), "{name}: taken");
    }
    if matches!(saying, Saying::UnknownCritical | Saying::ARecordOfAPhone) {
        assert!(outcome.is_err(), "{name}: taken");
    }
    if !is_record(saying) && !is_awaited(state, saying) {
        assert!(outcome.is_err(), "{name}: taken");
    }
    if is_record(saying)
        && matches!(
            state,
            State::AwaitMessage2
                | State::AwaitLeaf
                | State::AwaitOwner
                | State::AwaitSignature
                | State::AwaitEvidence
        )
    {
        assert!(outcome.is_err(), "{name}: a record before the channel");
    }
    if outcome.is_err() {
        return assert_over(&mut pair, &name);
    }
    if how == How::Repeated {
        assert!(pair.hear(&bytes).is_err(), "{name}: twice");
        return assert_over(&mut pair, &name);
    }
    // Whatever was taken, what is to be counted is compared only where it was played, and only once.
    let counts = Counts::entered([1, 1, 1]).unwrap();
    let compared = pair.phone.compare_counts(&counts);
    if state != State::Revealed {
        let wrong = Error::from(LocalError::WrongState);
        assert_eq!(compared.map(|_| ()), Err(wrong), "{name}: compared");
    }
    // Whatever was taken, credentials still need the touch.
    let corrected = pair.phone.correct_credentials(&home()).is_ok();
    assert!(
        !corrected || state == State::Sent,
        "{name}: credentials without a touch"
    );
}

#[test]
fn r6_every_message_in_every_state_of_a_phone() {
    for state in STATES {
        for saying in SAYINGS {
            for how in [How::Valid, How::Malformed, How::Late, How::Repeated] {
                play(state, saying, how);
            }
        }
    }
}

/// Any one bit of any record that a device may send.
#[test]
fn r6_no_changed_bit_of_a_record_is_taken_by_a_phone() {
    for saying in SAYINGS.into_iter().filter(|saying| is_record(*saying)) {
        let length = Pair::reach(State::Attested).envelope(saying, false).len();
        for bit in (8..length * 8).step_by(41) {
            let mut pair = Pair::reach(State::Armed);
            let mut bytes = pair.envelope(saying, false);
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(pair.hear(&bytes).is_err(), "{saying:?} bit {bit}");
            assert_over(&mut pair, "changed");
        }
    }
}

/// Credentials sealed in one state of one session are never sealed again: each CRED has a counter of its own.
#[test]
fn r8_a_corrected_password_is_sealed_under_a_new_counter() {
    let mut pair = Pair::reach(State::Sent);
    let before = pair.channel.up.counter;
    let again: Vec<Vec<u8>> = (0..5)
        .map(|_| pair.phone.correct_credentials(&home()).unwrap().to_vec())
        .collect();
    for envelope in &again {
        assert_eq!(pair.reads(envelope)[0], 0x38);
    }
    assert_eq!(pair.channel.up.counter, before + 5);
    assert!(again.windows(2).all(|pair| pair[0] != pair[1]));
}
