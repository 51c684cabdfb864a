//! A device, the air, and a phone driven by hand: the protocol without the SDK.

use std::time::Duration;

use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    record::{DeniedReason, ReleaseReason},
};
use touchstone_sim::{
    BareError, BareSession, Factory, HOME_PASSWORD, Room, Spec, Unit,
    air::{PhoneId, Settings, Summary},
};

fn home() -> Credentials {
    Credentials::new([
        Network::personal(b"Home", Security::Wpa2Psk, HOME_PASSWORD.as_bytes()).unwrap(),
    ])
    .unwrap()
}

/// From the connection to the RELEASED after COMMITTED; the person touches two seconds after ARMED.
async fn set_up(
    room: &Room,
    lamp: &Unit,
    known_leaf: Option<Vec<u8>>,
) -> Result<Vec<u8>, BareError> {
    let mut phone = BareSession::open(&room.phone, lamp, known_leaf).await?;
    phone.arm([7; 16]).await?;
    let touch = lamp.clone();
    room.world
        .after(Duration::from_secs(2), move |_| touch.touch());
    let networks = phone.networks().await?;
    assert_eq!(networks[0].ssid.as_bytes(), b"Home");
    let touched = phone.touched().await?;
    phone.respond().await?;
    phone.deliver(touched, &home()).await?;
    let leaf = phone.leaf().to_vec();
    phone.close().await;
    Ok(leaf)
}

fn room_with_lamp(seed: u64) -> (Room, Unit) {
    let room = Room::new(seed);
    let lamp = room.unit(&Spec::lamp(1));
    (room, lamp)
}

fn figures(known_leaf: Option<Vec<u8>>) -> (Summary, Summary, Vec<u8>) {
    let (room, lamp) = room_with_lamp(1);
    let leaf = room
        .world
        .block_on(set_up(&room, &lamp, known_leaf))
        .unwrap();
    assert!(lamp.is_owned() && lamp.is_online());
    let log = room.world.log();
    (log.summary(), log.until_accepted().summary(), leaf)
}

#[test]
fn a_session_by_hand_sets_a_device_up() {
    let (whole, accepted, _) = figures(None);
    assert_eq!(whole.links, 1);
    assert_eq!(whole.credential_records(), 1);
    assert_eq!((whole.round_trips(), accepted.round_trips()), (4, 3));
}

#[test]
fn the_figures_on_the_air_stay_within_their_bounds() {
    let (_, by_value, leaf) = figures(None);
    let (_, by_reference, _) = figures(Some(leaf));
    assert!(
        by_value.handshake_bytes() <= 1_100,
        "{}",
        by_value.handshake_bytes()
    );
    assert!(
        by_reference.handshake_bytes() <= 650,
        "{}",
        by_reference.handshake_bytes()
    );
    let pdus = by_value.att_pdus - by_value.networks_pdus();
    assert!(pdus <= 16, "{pdus}: {:#?}", by_value.envelopes);
    assert!(
        by_value.att_pdus_from_phone <= 7,
        "{}",
        by_value.att_pdus_from_phone
    );
}

#[test]
fn every_fragment_size_carries_a_session() {
    for mtu in [23, 24, 25, 50, 64, 100, 185, 247, 251, 300, 512, 517] {
        let (room, lamp) = room_with_lamp(1);
        room.world.set_air(Settings {
            mtu,
            ..Settings::default()
        });
        room.world
            .block_on(set_up(&room, &lamp, None))
            .unwrap_or_else(|error| panic!("MTU {mtu}: {error}"));
    }
}

#[test]
fn an_impostor_never_reaches_the_owner_key() {
    for factory in [
        Factory::ForeignRoot,
        Factory::CopiedLeaf,
        Factory::LeafAsAuthority,
    ] {
        let room = Room::new(1);
        let lamp = room.unit(&Spec::lamp(1).from_factory(factory));
        let opened = room
            .world
            .block_on(BareSession::open(&room.phone, &lamp, None));
        assert!(
            matches!(opened, Err(BareError::NotGenuine(_))),
            "{factory:?}"
        );
        assert!(room.phone.keys.devices().is_empty(), "{factory:?}");
        assert!(
            !room
                .world
                .log()
                .summary()
                .envelopes
                .iter()
                .any(|envelope| envelope.carries(0x03)),
            "{factory:?}"
        );
    }
}

#[test]
fn the_first_arm_wins_and_another_phone_is_told_busy() {
    let (room, lamp) = room_with_lamp(1);
    room.world.block_on(async {
        let mut first = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        first.arm([1; 16]).await.unwrap();
        let other = room.another_phone(PhoneId(1));
        let mut second = BareSession::open(&other, &lamp, None).await.unwrap();
        assert_eq!(
            second.arm([2; 16]).await,
            Err(BareError::Denied(DeniedReason::Busy))
        );
        first.release(ReleaseReason::Cancelled).await.unwrap();
        // A session that was refused stays so: the next try is a new one.
        second.close().await;
        let mut second = BareSession::open(&other, &lamp, None).await.unwrap();
        second.arm([3; 16]).await.unwrap();
    });
}

#[test]
fn a_touch_before_arm_is_not_a_touch() {
    let (room, lamp) = room_with_lamp(1);
    room.world.block_on(async {
        let mut phone = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        lamp.touch();
        room.world.spawn(async {});
        phone.arm([1; 16]).await.unwrap();
        let waited = phone
            .wait(|event| {
                matches!(event, touchstone_proto::phone::Event::Networks(_)).then_some(())
            })
            .await;
        assert_eq!(waited, Ok(()));
    });
    room.world.run_for(Duration::from_secs(3));
    assert!(
        !room
            .world
            .log()
            .summary()
            .envelopes
            .iter()
            .any(|envelope| envelope.carries_record(80))
    );
}

#[test]
fn an_owned_device_refuses_another_owner_key() {
    let (room, lamp) = room_with_lamp(1);
    room.world.block_on(set_up(&room, &lamp, None)).unwrap();
    lamp.set_power(false);
    lamp.set_power(true);
    let other = room.another_phone(PhoneId(1));
    let opened = room.world.block_on(BareSession::open(&other, &lamp, None));
    assert!(matches!(
        opened,
        Err(BareError::Denied(DeniedReason::Owned))
    ));
}

#[test]
fn the_same_seed_gives_the_same_air() {
    let run = |seed| {
        let (room, lamp) = room_with_lamp(seed);
        room.world.block_on(set_up(&room, &lamp, None)).unwrap();
        room.world.log()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}
