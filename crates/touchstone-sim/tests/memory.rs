//! What stays in memory: no keys and no passwords in what was given back, and nothing at all after many set-ups (R9).

// Shared with the attacks, which use more of it.
#[allow(dead_code)]
#[path = "attacks/raw.rs"]
mod raw;
#[allow(dead_code)]
#[path = "attacks/support.rs"]
mod support;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, RefCell},
    hint::black_box,
};

use futures::future::{Either, select};
use p256::ecdsa::SigningKey;
use raw::{Channel, Initiator, Item, Responder, array, record, sealed, sign, signing_key};
use support::{honest, room_with_lamp, try_for};
use touchstone::Outcome;
use touchstone_proto::{
    HIGHEST_VERSION,
    credentials::{Credentials, Network, Security},
    device::{self, EdhocToBeSigned, EvidenceToBeSigned, FactoryKey},
    evidence::{Appraiser, Claims, DebugStatus, FirmwareVersion},
    message::{Message, messages},
    owner::OwnerPublicKey,
    phone::{CredentialForm, Session},
    record::{Actuators, Level, PresenceKinds, ReleaseReason},
};
use touchstone_sim::{BareSession, SimClock};

/// Counts what this thread holds, and looks for secrets in what it gives back.
struct Watching;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static SECRETS: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
    static FOUND: Cell<usize> = const { Cell::new(0) };
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

fn count(bytes: usize, sign: isize) {
    let bytes = isize::try_from(bytes).unwrap_or(isize::MAX);
    // The thread may be on its way out.
    let _ = LIVE.try_with(|live| live.set(live.get() + sign * bytes));
}

/// # Safety
/// `block` is alive and has `length` bytes.
unsafe fn look(block: *const u8, length: usize) {
    if !LOOKING.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    let read = |at: usize| {
        // SAFETY: within the block. Volatile, because it may hold bytes that were never written.
        unsafe { block.add(at).read_volatile() }
    };
    let found = SECRETS.try_with(|secrets| {
        let secrets = secrets.try_borrow().ok()?;
        let starts = 0..length.saturating_sub(15);
        let hits = starts
            .filter(|start| {
                secrets
                    .iter()
                    .any(|secret| (0..16).all(|at| read(start + at) == secret[at]))
            })
            .count();
        Some(hits)
    });
    if let Ok(Some(found)) = found {
        let _ = FOUND.try_with(|total| total.set(total.get() + found));
    }
}

// SAFETY: everything is the system allocator's; it is only counted and read before it is given back.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the block is still alive, and the caller's promises are passed on.
        unsafe {
            look(block, layout.size());
            System.dealloc(block, layout);
        }
    }
}

#[global_allocator]
static HEAP: Watching = Watching;

/// How many times one of these occurs in memory that `work` gives back.
fn found_by(secrets: &[[u8; 16]], work: impl FnOnce()) -> usize {
    SECRETS.with(|known| *known.borrow_mut() = secrets.to_vec());
    FOUND.set(0);
    LOOKING.set(true);
    work();
    LOOKING.set(false);
    SECRETS.with(|known| known.borrow_mut().clear());
    FOUND.get()
}

/// How many times one of these occurs in the place of a value that is still there.
fn held_by<T>(secrets: &[[u8; 16]], value: &T) -> usize {
    found_by(secrets, || {
        // SAFETY: the value is alive and has that many bytes.
        unsafe { look((&raw const *value).cast(), size_of::<T>()) }
    })
}

fn head(key: &[u8]) -> [u8; 16] {
    key[..16].try_into().unwrap()
}

#[test]
fn the_check_itself_finds_a_secret_that_is_left() {
    let secret = *b"sixteen byte key";
    let left = vec![1, 2, 3].into_iter().chain(secret).collect::<Vec<u8>>();
    assert_eq!(found_by(&[secret], move || drop(black_box(left))), 1);
    let cleared = vec![0_u8; 64];
    assert_eq!(found_by(&[secret], move || drop(black_box(cleared))), 0);
}

struct Yes;

impl Appraiser for Yes {
    type Verdict = ();
    type Error = core::convert::Infallible;

    fn appraise(&self, _: &[u8], _: &Claims) -> Result<(), Self::Error> {
        Ok(())
    }
}

const UEID: [u8; 17] = [1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];

fn tell(phone: &mut Session, envelope: &[u8]) -> bool {
    messages(envelope).all(|message| phone.handle(message.unwrap()).is_ok())
}

/// An armed phone session on the heap, where it has been from the beginning, and the keys it must not leave there.
fn armed() -> (Box<Session>, Channel) {
    let leaf = [0x30; 300];
    let (session, hello) =
        Session::start(CredentialForm::ByValue, HIGHEST_VERSION, &[3; 32], 7).unwrap();
    let mut phone = Box::new(session);
    let mut device = Responder::new(signing_key(0x77), &leaf, UEID);
    assert!(tell(&mut phone, &device.message_2(&hello[3..], [4; 32])));
    phone.authenticate(&leaf, &device.key(), &UEID).unwrap();
    let owner = signing_key(0x11);
    let public =
        OwnerPublicKey::from_sec1(owner.verifying_key().to_sec1_point(false).as_bytes()).unwrap();
    let to_be_signed = phone.ask_owner(&public, &[0x4e; 16]).unwrap().to_vec();
    let message_3 = phone.owner_signed(&sign(&owner, &to_be_signed)).unwrap();
    let body = messages(&message_3)
        .find_map(|message| match message {
            Ok(Message::Message3(body)) => Some(body.to_vec()),
            _ => None,
        })
        .unwrap();
    let mut channel = device.read_message_3(&body);
    let message_4 = device.message_4(&channel, true);
    assert!(tell(&mut phone, &message_4));
    let (attested, ()) = phone.appraise(&Yes).unwrap();
    phone.arm(&attested, Level::L1, &[5; 16]).unwrap();
    let armed = record(0x03, 16, &array(&[Item::Number(9), Item::Number(1)]));
    let body = channel.down.seal(&armed);
    assert!(tell(&mut phone, &sealed(&body)));
    (phone, channel)
}

fn keys(channel: &Channel) -> Vec<[u8; 16]> {
    vec![
        head(&channel.up.key),
        head(&channel.down.key),
        head(&channel.touch_key),
    ]
}

#[test]
fn r9_a_session_that_ends_leaves_no_keys() {
    let (phone, channel) = armed();
    assert_eq!(found_by(&keys(&channel), move || drop(black_box(phone))), 0);
}

#[test]
fn r9_a_session_that_is_aborted_leaves_no_keys() {
    let (mut phone, channel) = armed();
    assert!(!tell(&mut phone, &sealed(&[0x5a; 32])));
    assert!(phone.keep_alive().is_err());
    assert_eq!(found_by(&keys(&channel), move || drop(black_box(phone))), 0);
}

#[test]
fn r9_an_aborted_session_of_a_phone_has_no_keys_any_more_while_it_is_still_there() {
    let (mut phone, channel) = armed();
    // And perhaps more than once: a move leaves copies.
    assert!(held_by(&keys(&channel), &*phone) >= 3);
    assert!(!tell(&mut phone, &sealed(&[0x5a; 32])));
    assert_eq!(held_by(&keys(&channel), &*phone), 0);
}

struct Factory(SigningKey);

impl FactoryKey for Factory {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        sign(&self.0, to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        sign(&self.0, to_be_signed.as_bytes())
    }
}

#[test]
fn r9_an_aborted_session_of_a_device_has_no_keys_any_more_while_it_is_still_there() {
    let factory = Factory(signing_key(0x77));
    let key = factory.0.verifying_key().to_sec1_point(false);
    let leaf = [0x30; 300];
    let claims = Claims {
        nonce: [0; 16],
        ueid: UEID,
        model_class: 1,
        secure_boot: true,
        debug_status: DebugStatus::Disabled,
        boot_id: [2; 8],
        firmware: FirmwareVersion {
            major: 1,
            minor: 0,
            patch: 0,
        },
        reset_epoch: 0,
        presence: PresenceKinds::NONE,
        actuators: Actuators::default(),
        max_level: Level::L1,
        highest_version: 1,
        boot_count: 1,
    };
    let take = |device: &mut device::Session, envelope: &[u8]| {
        messages(envelope).all(|message| device.handle(message.unwrap()).is_ok())
    };
    let mut device = Box::new(device::Session::new());
    let (mut phone, hello) = Initiator::start(0x11, [3; 32]);
    assert!(take(&mut device, &hello));
    let message_2 = device.message_2(&leaf, &[4; 32], 2, &factory).unwrap();
    let key = key.as_bytes().try_into().unwrap();
    let (message_3, channel) = phone.finish(&message_2[1..], &leaf, &key);
    assert!(take(&mut device, &message_3));
    device.message_4(&claims, &factory).unwrap();
    assert!(held_by(&keys(&channel), &*device) >= 3);
    assert!(!take(&mut device, &sealed(&[0x5a; 32])));
    assert_eq!(held_by(&keys(&channel), &*device), 0);
    // The farewell was sealed before that.
    assert!(device.farewell().is_some());
}

/// What each side draws for ML-KEM, while it is needed, once it has done its part, and at the end.
#[test]
fn r9_a_session_in_the_hybrid_suite_leaves_nothing_that_was_drawn_for_the_kem() {
    let (mut seed, m) = ([0x6b; 64], [0x3c; 32]);
    seed[32..].fill(0x7a);
    let secrets = [head(&seed), head(&seed[32..]), head(&m)];
    let factory = Factory(signing_key(0x77));
    let key: [u8; 65] = factory
        .0
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .try_into()
        .unwrap();
    let leaf = [0x30; 300];
    let start = || {
        let form = CredentialForm::ByValue;
        let (phone, hello) =
            Session::start_hybrid(form, HIGHEST_VERSION, &[3; 32], &seed, 7).unwrap();
        (Box::new(phone), hello)
    };
    let answer = |hello: &[u8]| {
        let mut device = Box::new(device::Session::taking(device::Suites::WithHybrid));
        for message in messages(hello) {
            device.handle(message.unwrap()).unwrap();
        }
        let message_2 = device.message_2_hybrid(&leaf, &[4; 32], &m, 3, &factory);
        (device, message_2.unwrap())
    };

    let (phone, _) = start();
    assert_eq!(found_by(&secrets, move || drop(black_box(phone))), 0);

    let (mut phone, _) = start();
    let refusal = [0x05, 0x02, 0x03];
    assert!(!tell(&mut phone, &refusal));
    assert_eq!(found_by(&secrets, move || drop(black_box(phone))), 0);

    let (mut phone, hello) = start();
    let (device, message_2) = answer(&hello);
    assert!(tell(&mut phone, &message_2));
    // Before the signature is verified, and before anything else has gone over these bytes.
    assert_eq!(held_by(&secrets, &*phone), 0);
    assert_eq!(held_by(&secrets, &*device), 0);
    phone.authenticate(&leaf, &key, &UEID).unwrap();
    assert_eq!(held_by(&secrets, &*phone), 0);
    assert_eq!(found_by(&secrets, move || drop(black_box(phone))), 0);
    assert_eq!(found_by(&secrets, move || drop(black_box(device))), 0);
}

#[test]
fn r9_credentials_that_are_given_up_leave_no_password() {
    let password = *b"correct horse battery staple";
    let secret = head(&password);
    let make = || {
        let network = Network::personal(b"Home", Security::Wpa2Psk, &password).unwrap();
        Box::new(Credentials::new([network]).unwrap())
    };
    assert_eq!(found_by(&[secret], || drop(black_box(make()))), 0);
    // The same for what a device holds for a claim: replaced, and taken away.
    let mut held = Box::new(Some(*make()));
    assert_eq!(
        found_by(&[secret], move || {
            *held = None;
            drop(black_box(held));
        }),
        0
    );
}

/// Everything that a whole room gives back, after a claim that had credentials and ended without CONFIRM.
#[test]
fn r9_a_claim_that_ends_leaves_no_password_anywhere() {
    let password = *b"another horse altogether";
    let secret = head(&password);
    let found = found_by(&[secret], || {
        let (room, lamp) = room_with_lamp(3);
        let network = Network::personal(b"Home", Security::Wpa2Psk, &password).unwrap();
        let credentials = Credentials::new([network]).unwrap();
        room.world.block_on(async {
            let mut phone = BareSession::open(&room.phone, &lamp, None).await.unwrap();
            phone.arm([1; 16]).await.unwrap();
            let touch = lamp.clone();
            room.world.after(support::s(2), move |_| touch.touch());
            let touched = phone.touched().await.unwrap();
            let clock = SimClock::new(&room.world);
            let deliver = Box::pin(phone.deliver(touched, &credentials));
            let waited = select(deliver, Box::pin(clock.sleep(support::s(20)))).await;
            assert!(matches!(waited, Either::Right(_)), "the password is wrong");
            drop(waited);
            phone.release(ReleaseReason::Failed).await.unwrap();
            phone.close().await;
        });
        assert_eq!(lamp.joins().len(), 1);
        room.world.run_for(support::s(900));
        drop(lamp);
        drop(room);
    });
    assert_eq!(found, 0);
}

fn flat(count: usize) {
    let visit = |seed: u64| {
        let (room, lamp) = room_with_lamp(seed % 7);
        let told = try_for(&room, honest(&lamp), support::s(60));
        assert_eq!(told.outcome(), Outcome::Connected);
        // What is still planned holds on to the room.
        room.world.run_for(support::s(900));
    };
    // Once for each seed, so that everything that is made once is made.
    (0..7).for_each(visit);
    let before = LIVE.with(Cell::get);
    (0..count as u64).for_each(visit);
    let after = LIVE.with(Cell::get);
    println!("{count} set-ups: {before} bytes before, {after} after");
    assert_eq!(after, before, "after {count} set-ups");
}

#[test]
fn r9_the_application_side_is_flat_over_60_set_ups_in_a_row() {
    flat(60);
}

/// `cargo test --release -p touchstone-sim --test memory -- --ignored`
#[test]
#[ignore = "takes minutes; its figures are in docs/THREATS.md"]
fn r9_the_application_side_is_flat_over_10_000_set_ups_in_a_row() {
    flat(10_000);
}
