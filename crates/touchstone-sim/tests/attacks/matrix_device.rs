//! Every message in every state of a device: valid, malformed, late, repeated (R6).
//!
//! The table is generated; what each cell may do follows from a few rules.

use std::time::Duration;

use futures::{
    FutureExt,
    future::{Either, select},
};
use touchstone::ports::{Link, Radio};
use touchstone_device::ports::{Ownership, Signal, Stored};
use touchstone_proto::{frame::Framer, touch};
use touchstone_sim::{BareSession, Room, SimClock, Spec, Unit};

use crate::{
    raw::{Channel, Initiator, Item, array, envelope, hash, record, sealed},
    support::*,
};

/// What a device may be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    OutsideWindow,
    AwaitHello,
    AwaitMessage3,
    Open,
    Armed,
    Touched,
    Accepted,
    Joined,
    Committed,
    RefusedBusy,
    RefusedOwned,
    Released,
    ArmedAtL2,
    ToCount,
    Revealed,
}

const STATES: [State; 15] = [
    State::OutsideWindow,
    State::AwaitHello,
    State::AwaitMessage3,
    State::Open,
    State::Armed,
    State::Touched,
    State::Accepted,
    State::Joined,
    State::Committed,
    State::RefusedBusy,
    State::RefusedOwned,
    State::Released,
    State::ArmedAtL2,
    State::ToCount,
    State::Revealed,
];

impl State {
    fn is_at_level_2(self) -> bool {
        matches!(self, Self::ArmedAtL2 | Self::ToCount | Self::Revealed)
    }

    fn spec(self) -> Spec {
        if self.is_at_level_2() {
            Spec::lamp(1).that_counts()
        } else {
            Spec::lamp(1)
        }
    }
}

/// What a phone may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    Hello,
    Message2,
    Message3,
    Message4,
    EdhocError,
    Prepare,
    KeepAlive,
    IdentifyOff,
    IdentifyRespond,
    Release,
    Rescan,
    Forget,
    ArmL1,
    ArmL2,
    Reveal,
    Confirm,
    /// With the commit_id of another set-up.
    ConfirmAnother,
    Credentials,
    UnknownOptional,
    UnknownCritical,
    ARecordOfADevice,
}

pub(crate) const SAYINGS: [Saying; 21] = [
    Saying::Hello,
    Saying::Message2,
    Saying::Message3,
    Saying::Message4,
    Saying::EdhocError,
    Saying::Prepare,
    Saying::KeepAlive,
    Saying::IdentifyOff,
    Saying::IdentifyRespond,
    Saying::Release,
    Saying::Rescan,
    Saying::Forget,
    Saying::ArmL1,
    Saying::ArmL2,
    Saying::Reveal,
    Saying::Confirm,
    Saying::ConfirmAnother,
    Saying::Credentials,
    Saying::UnknownOptional,
    Saying::UnknownCritical,
    Saying::ARecordOfADevice,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Valid,
    Malformed,
    Late,
    Repeated,
}

/// The plaintext of a record that says this; `None` for what is not a record.
pub(crate) fn plaintext(saying: Saying, channel: &Channel) -> Option<Vec<u8>> {
    let empty = array(&[]);
    let number = |number| array(&[Item::Number(number)]);
    let bytes = |bytes: &[u8]| array(&[Item::Bytes(bytes)]);
    let arm = |level| array(&[Item::Number(level), Item::Bytes(&hash(&[9; 16]))]);
    let reveal = array(&[Item::Bytes(&[9; 16]), Item::Number(0), Item::Number(0)]);
    Some(match saying {
        Saying::Prepare => record(0x01, 16, &empty),
        Saying::KeepAlive => record(0x02, 16, &number(0)),
        Saying::IdentifyOff => record(0x04, 16, &number(0)),
        Saying::IdentifyRespond => record(0x04, 16, &number(1)),
        Saying::Release => record(0x05, 16, &number(0)),
        Saying::Rescan => record(0x07, 16, &empty),
        Saying::Forget => record(0x08, 16, &empty),
        Saying::ArmL1 => record(0x10, 48, &arm(1)),
        Saying::ArmL2 => record(0x10, 48, &arm(2)),
        Saying::Reveal => record(0x11, 48, &reveal),
        Saying::Confirm => record(0x12, 48, &bytes(&touch::commit_id(&channel.th_4))),
        Saying::ConfirmAnother => record(0x12, 48, &bytes(&[0x77; 16])),
        Saying::Credentials => record(0x38, 192, &credentials()),
        Saying::UnknownOptional => record(0x7e, 16, &empty),
        Saying::UnknownCritical => record(0x3e, 16, &empty),
        Saying::ARecordOfADevice => record(0x06, 16, &empty),
        _ => return None,
    })
}

/// `[[ssid, 2, passphrase, false, '', 0, []]], '', ''`
fn credentials() -> Vec<u8> {
    let password = touchstone_sim::HOME_PASSWORD.as_bytes();
    let length = u8::try_from(password.len()).unwrap();
    [
        &[0x83, 0x81, 0x87, 0x44],
        b"Home".as_slice(),
        &[0x02, 0x58, length],
        password,
        &[0xf4, 0x40, 0x00, 0x80, 0x40, 0x40],
    ]
    .concat()
}

/// A phone without rules, on a link of its own.
pub(crate) struct RawPhone {
    link: Box<dyn Link>,
    framer: Framer,
    clock: SimClock,
    initiator: Option<Initiator>,
    pub(crate) channel: Option<Channel>,
    pub(crate) heard: Vec<(u8, Vec<u8>)>,
    hello: Vec<u8>,
    message_3: Vec<u8>,
    pub(crate) lost: bool,
    owner: u8,
}

impl RawPhone {
    pub(crate) async fn connect(room: &Room, unit: &Unit, owner: u8) -> Self {
        Self::try_connect(room, unit, owner).await.expect("a link")
    }

    pub(crate) async fn try_connect(room: &Room, unit: &Unit, owner: u8) -> Option<Self> {
        let phone = room.another_phone(touchstone_sim::air::PhoneId(usize::from(owner)));
        let link = phone.radio.connect(&unit.address()).await.ok()?;
        let mut ephemeral = [owner; 32];
        ephemeral[..8].copy_from_slice(&room.world.now().as_nanos().to_be_bytes()[8..]);
        let (initiator, hello) = Initiator::start(owner, ephemeral);
        Some(Self {
            framer: Framer::new(link.fragment_size()),
            link,
            clock: SimClock::new(&room.world),
            initiator: Some(initiator),
            channel: None,
            heard: Vec::new(),
            hello,
            message_3: vec![MESSAGE_3; 100],
            lost: false,
            owner,
        })
    }

    pub(crate) async fn send(&mut self, envelope: &[u8]) {
        if self.lost {
            return;
        }
        self.framer.send(envelope).unwrap();
        self.flush().await;
    }

    async fn flush(&mut self) {
        let mut out = [0; 512];
        while let Some(length) = self.framer.poll_transmit(&mut out) {
            if self.link.send(&out[..length]).await.is_err() {
                self.lost = true;
            }
        }
    }

    /// Listens for so long.
    pub(crate) async fn listen(&mut self, duration: Duration) {
        let mut alarm = self.clock.sleep(duration).boxed();
        while !self.lost {
            let fragment = match select(self.link.receive(), &mut alarm).await {
                Either::Left((Ok(fragment), _)) => fragment,
                Either::Left((Err(_), _)) => {
                    self.lost = true;
                    break;
                }
                Either::Right(_) => return,
            };
            let Ok(envelope) = self.framer.receive(&fragment) else {
                self.lost = true;
                break;
            };
            if let Some(envelope) = envelope {
                let flown: Vec<_> = touchstone_proto::message::messages(envelope)
                    .map_while(Result::ok)
                    .map(|message| match message {
                        touchstone_proto::message::Message::Message2(body) => (MESSAGE_2, body),
                        touchstone_proto::message::Message::Message4(body) => (MESSAGE_4, body),
                        touchstone_proto::message::Message::EdhocError(body) => (EDHOC_ERROR, body),
                        touchstone_proto::message::Message::Record(body) => (RECORD, body),
                        _ => (0, &[] as &[u8]),
                    })
                    .map(|(kind, body)| (kind, body.to_vec()))
                    .collect();
                for (kind, body) in flown {
                    let body = match (kind, &mut self.channel) {
                        (RECORD, Some(channel)) => channel.down.open(&body).unwrap(),
                        _ => body,
                    };
                    self.heard.push((kind, body));
                }
            }
            self.flush().await;
        }
        alarm.await;
    }

    pub(crate) async fn say(&mut self, saying: Saying) {
        let channel = self.channel.as_mut().unwrap();
        let plaintext = plaintext(saying, channel).unwrap();
        let body = channel.up.seal(&plaintext);
        self.send(&sealed(&body)).await;
        self.listen(Duration::from_millis(200)).await;
    }

    /// Whether a record of this type was heard.
    pub(crate) fn heard_record(&self, kind: u8) -> bool {
        self.heard
            .iter()
            .any(|(message, body)| *message == RECORD && body.first() == Some(&kind))
    }

    pub(crate) async fn hello(&mut self) {
        let hello = self.hello.clone();
        self.send(&hello).await;
        self.listen(Duration::from_millis(400)).await;
    }

    pub(crate) async fn handshake(&mut self, room: &Room, unit: &Unit) {
        assert!(self.try_handshake(room, unit).await, "no session");
    }

    /// Whether there is a session now.
    pub(crate) async fn try_handshake(&mut self, room: &Room, unit: &Unit) -> bool {
        self.hello().await;
        let Some((MESSAGE_2, message_2)) = self.heard.pop() else {
            return false;
        };
        let leaf = room.pki.leaf(&unit.ueid(), 1);
        let key: [u8; 65] = leaf
            .key
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .try_into()
            .unwrap();
        let mut initiator = self.initiator.take().unwrap();
        let (message_3, channel) = initiator.finish(&message_2, &leaf.certificate, &key);
        self.message_3.clone_from(&message_3);
        self.channel = Some(channel);
        self.send(&message_3).await;
        self.listen(Duration::from_millis(400)).await;
        self.heard.iter().any(|(kind, _)| *kind == MESSAGE_4)
    }

    /// The envelope that says this.
    fn envelope(&mut self, saying: Saying) -> Vec<u8> {
        match saying {
            Saying::Hello => Initiator::start(self.owner, [0x33; 32]).1,
            Saying::Message2 => envelope(MESSAGE_2, &[0x5a; 200]),
            Saying::Message3 => self.message_3.clone(),
            Saying::Message4 => envelope(MESSAGE_4, &[0x5a; 40]),
            Saying::EdhocError => envelope(EDHOC_ERROR, &[0x01, 0x60]),
            saying => {
                let mut made_up = Channel::made_up();
                let channel = self.channel.as_mut().unwrap_or(&mut made_up);
                let plaintext = plaintext(saying, channel).unwrap();
                let body = channel.up.seal(&plaintext);
                sealed(&body)
            }
        }
    }

    /// The same, under a counter that was used before.
    fn late(&mut self, saying: Saying) -> Vec<u8> {
        let mut made_up = Channel::made_up();
        let channel = self.channel.as_mut().unwrap_or(&mut made_up);
        match plaintext(saying, channel) {
            Some(plaintext) => {
                let used = channel.up.counter.saturating_sub(1);
                sealed(&channel.up.seal_at(used, &plaintext))
            }
            // A message of the handshake that comes again after its time.
            None => match saying {
                Saying::Hello => self.hello.clone(),
                saying => self.envelope(saying),
            },
        }
    }
}

/// A room in which the device is in this state for the phone returned.
async fn reach(room: &Room, lamp: &Unit, state: State) -> RawPhone {
    if state == State::OutsideWindow {
        SimClock::new(&room.world).sleep(s(15 * 60 - 3)).await;
    }
    if state == State::RefusedOwned {
        lamp.preload(Stored {
            reset_epoch: 0,
            power_cycle: None,
            ownership: Some(Ownership {
                owner_kid: [7; 32],
                credentials: network("Elsewhere"),
                commit_id: [7; 16],
            }),
        });
        SimClock::new(&room.world).sleep(s(5)).await;
    }
    if state == State::RefusedBusy {
        let mut first = RawPhone::connect(room, lamp, 3).await;
        first.handshake(room, lamp).await;
        first.say(Saying::ArmL1).await;
        assert!(first.heard_record(0x03));
        // Goes away, and stays armed.
        first.link.close().await;
    }
    let mut phone = RawPhone::connect(room, lamp, 2).await;
    match state {
        State::OutsideWindow => {
            phone.listen(s(5)).await;
            return phone;
        }
        State::AwaitHello => return phone,
        State::AwaitMessage3 => {
            phone.hello().await;
            let leaf = room.pki.leaf(&lamp.ueid(), 1);
            let key = leaf.key.verifying_key().to_sec1_point(false);
            let (_, message_2) = phone.heard.pop().unwrap();
            let mut initiator = phone.initiator.take().unwrap();
            let key = key.as_bytes().try_into().unwrap();
            phone.message_3 = initiator.finish(&message_2, &leaf.certificate, &key).0;
            return phone;
        }
        _ => phone.handshake(room, lamp).await,
    }
    if matches!(state, State::Open | State::RefusedOwned) {
        phone.say(Saying::Prepare).await;
        return phone;
    }
    let arm = if state.is_at_level_2() {
        Saying::ArmL2
    } else {
        Saying::ArmL1
    };
    phone.say(arm).await;
    if state == State::RefusedBusy {
        assert!(phone.heard_record(0x14), "not refused");
        return phone;
    }
    assert!(phone.heard_record(0x03), "not armed");
    if state == State::Released {
        phone.say(Saying::Release).await;
        return phone;
    }
    if matches!(state, State::Armed | State::ArmedAtL2) {
        return phone;
    }
    SimClock::new(&room.world).sleep(s(1)).await;
    lamp.touch();
    phone.listen(s(1)).await;
    assert!(phone.heard_record(0x20), "not touched");
    if state.is_at_level_2() {
        if state == State::Revealed {
            phone.say(Saying::Reveal).await;
        }
        return phone;
    }
    for (until, saying, patience) in [
        (State::Touched, Saying::Credentials, 0),
        (State::Accepted, Saying::KeepAlive, 5),
        (State::Joined, Saying::Confirm, 0),
    ] {
        if state == until {
            return phone;
        }
        phone.say(saying).await;
        phone.listen(s(patience)).await;
    }
    assert!(lamp.is_owned());
    phone
}

struct Cell {
    state: State,
    saying: Saying,
    how: How,
}

impl Cell {
    fn has_channel(&self) -> bool {
        !matches!(
            self.state,
            State::OutsideWindow | State::AwaitHello | State::AwaitMessage3
        )
    }

    fn arrives(&self) -> bool {
        matches!(self.how, How::Valid | How::Repeated)
    }

    /// Whether it may make the device join a network.
    fn may_join(&self) -> bool {
        self.arrives()
            && self.saying == Saying::Credentials
            && matches!(
                self.state,
                State::Touched
                    | State::Accepted
                    | State::Joined
                    | State::Committed
                    | State::Revealed
            )
    }

    /// Whether it may have counts played.
    fn may_count(&self) -> bool {
        self.arrives()
            && self.saying == Saying::Reveal
            && matches!(self.state, State::ToCount | State::Revealed)
    }

    /// Whether the session was asked for something that level L2 does not have.
    fn leaves_level_2(&self) -> bool {
        match self.saying {
            Saying::ArmL1 => self.state.is_at_level_2(),
            Saying::Credentials => matches!(self.state, State::ArmedAtL2 | State::ToCount),
            _ => false,
        }
    }

    /// Whether it may change whose the device is.
    fn may_own(&self) -> bool {
        self.arrives()
            && match self.saying {
                Saying::Confirm => matches!(self.state, State::Accepted | State::Joined),
                Saying::Forget => self.state == State::Committed,
                _ => false,
            }
    }

    fn may_respond(&self) -> bool {
        self.arrives()
            && self.saying == Saying::IdentifyRespond
            && matches!(
                self.state,
                State::Touched | State::Accepted | State::Joined | State::Committed
            )
    }

    /// Whether the session cannot go on afterwards.
    fn ends_the_session(&self) -> bool {
        self.has_channel()
            && (self.how != How::Valid
                || self.leaves_level_2()
                || (self.saying == Saying::Reveal && !self.may_count())
                || matches!(
                    self.saying,
                    Saying::Hello
                        | Saying::Message2
                        | Saying::Message3
                        | Saying::Message4
                        | Saying::EdhocError
                        | Saying::UnknownCritical
                        | Saying::ARecordOfADevice
                ))
    }

    async fn play(&self, room: &Room, lamp: &Unit) {
        let Self { state, saying, how } = self;
        let name = format!("{state:?} {saying:?} {how:?}");
        let mut phone = reach(room, lamp, *state).await;
        let (joins, owned, signals) = (lamp.joins().len(), lamp.is_owned(), lamp.signals().len());
        phone.heard.clear();
        let before = fragments_down(&room.world.log(), lamp.id());
        let envelope = match how {
            How::Late => phone.late(*saying),
            _ => phone.envelope(*saying),
        };
        match how {
            How::Malformed => {
                let mut malformed = envelope.clone();
                let last = malformed.len() - 1;
                malformed[last] ^= 1;
                if *saying == Saying::EdhocError {
                    malformed.push(0xff);
                }
                if *saying == Saying::Hello {
                    // A point that is not on the curve's field.
                    malformed[5..37].fill(0xff);
                }
                phone.send(&malformed).await;
            }
            How::Repeated => {
                phone.send(&envelope).await;
                phone.send(&envelope).await;
            }
            How::Valid | How::Late => phone.send(&envelope).await,
        }
        phone.listen(s(1)).await;

        let joined = lamp.joins().len() - joins;
        assert!(joined <= usize::from(self.may_join()), "{name}: joined");
        if matches!(how, How::Valid) && self.may_join() {
            assert_eq!(joined, 1, "{name}: the table is wrong");
        }
        assert!(lamp.is_owned() == owned || self.may_own(), "{name}: owner");
        let responds = lamp.signals()[signals..]
            .iter()
            .any(|(_, signal)| *signal == Signal::Respond);
        assert!(!responds || self.may_respond(), "{name}: responds");
        if matches!(how, How::Valid) && self.may_respond() {
            assert!(responds, "{name}: the table is wrong");
        }
        if *state != State::Revealed {
            // A play begins after a pause.
            phone.listen(s(4)).await;
            let counts = lamp.signals()[signals..]
                .iter()
                .any(|(_, signal)| matches!(signal, Signal::Count(_)));
            assert!(!counts || self.may_count(), "{name}: counts");
            if matches!(how, How::Valid) && self.may_count() {
                assert!(counts, "{name}: the table is wrong");
            }
        }
        if *state == State::OutsideWindow {
            let answers = fragments_down(&room.world.log(), lamp.id()) - before;
            assert_eq!(answers, 0, "{name}: answered");
        }
        if self.ends_the_session() {
            // Whatever was heard, nothing valid is answered any more.
            let heard = phone.heard.len();
            phone.say(Saying::KeepAlive).await;
            phone.listen(s(2)).await;
            let answered = phone.heard[heard..]
                .iter()
                .any(|(kind, body)| *kind == RECORD && body.first() == Some(&0x02));
            assert!(!answered, "{name}: went on");
        }
    }
}

fn play_all(states: &[State]) {
    let mut cells = 0;
    for state in states {
        for saying in SAYINGS {
            for how in [How::Valid, How::Malformed, How::Late, How::Repeated] {
                let room = Room::new(201);
                let lamp = room.unit(&state.spec());
                let cell = Cell {
                    state: *state,
                    saying,
                    how,
                };
                room.world.block_on(cell.play(&room, &lamp));
                cells += 1;
            }
        }
    }
    assert_eq!(cells, states.len() * SAYINGS.len() * 4);
}

#[test]
fn r6_every_message_in_every_state_of_a_device_before_the_session() {
    play_all(&STATES[..3]);
}

#[test]
fn r6_every_message_in_every_state_of_a_device_up_to_the_touch() {
    play_all(&STATES[3..6]);
}

#[test]
fn r6_every_message_in_every_state_of_a_device_after_the_credentials() {
    play_all(&STATES[6..9]);
}

#[test]
fn r6_every_message_in_every_state_of_a_device_that_has_refused_or_released() {
    play_all(&STATES[9..12]);
}

#[test]
fn r6_every_message_in_every_state_of_a_device_at_level_2() {
    play_all(&STATES[12..]);
}

#[test]
fn r21_the_commit_id_of_another_set_up_confirms_nothing() {
    for state in [State::Accepted, State::Joined, State::Committed] {
        let room = Room::new(203);
        let lamp = room.unit(&Spec::lamp(1));
        room.world.block_on(async {
            let mut phone = reach(&room, &lamp, state).await;
            phone.heard.clear();
            phone.say(Saying::ConfirmAnother).await;
            assert!(!phone.heard_record(0x15), "{state:?}");
            assert!(phone.heard_record(0x16), "{state:?}");
        });
        assert_eq!(lamp.is_owned(), state == State::Committed, "{state:?}");
    }
}

#[test]
fn r6_whatever_was_said_the_next_honest_phone_is_served() {
    // One cell in nine, so that all states, sayings and hows take part.
    let mut index = 0;
    for state in STATES {
        for saying in SAYINGS {
            for how in [How::Valid, How::Malformed, How::Late, How::Repeated] {
                index += 1;
                if index % 9 != 0 {
                    continue;
                }
                let room = Room::new(202);
                let lamp = room.unit(&state.spec());
                let cell = Cell { state, saying, how };
                room.world.block_on(cell.play(&room, &lamp));
                lamp.hold(s(11));
                room.world.run_for(s(15));
                room.world.block_on(async {
                    let mut phone = BareSession::open(&room.phone, &lamp, None)
                        .await
                        .unwrap_or_else(|error| panic!("{state:?} {saying:?} {how:?}: {error}"));
                    phone.arm([1; 16]).await.unwrap();
                });
            }
        }
    }
}
