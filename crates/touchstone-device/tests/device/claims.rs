//! Claims: their owner, their life, and what is left of them after a lost link.

use touchstone_device::ports::{JoinStatus, Signal};
use touchstone_proto::record::{ErrorCode, Resumed, ResumedState, Status};

use crate::support::{ADDRESS, FRAGMENT, Heard, Room, ms, network, s};

/// The only thing heard, a RESUMED.
fn resumed(heard: &[Heard]) -> Resumed {
    match heard {
        [Heard::Resumed(resumed), ..] => *resumed,
        _ => panic!("{heard:?}"),
    }
}

#[test]
fn a_new_link_of_the_same_owner_takes_up_the_touch() {
    let mut room = Room::new();
    let lost = room.touched(1);
    let memory = room.phones[lost].memory.clone().unwrap();
    room.hang_up(lost);
    room.wait(s(20));
    let phone = room.session(1);
    let resumed = resumed(&room.heard(phone));
    assert_eq!(resumed.state, ResumedState::Touched);
    assert_eq!(resumed.contended, 0);
    assert_eq!(resumed.touch_age.as_secs(), 20);
    room.phones[phone].resume(&memory, &resumed);
    room.credentials(phone, &network("Home", "correct horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    room.confirm(phone);
    let heard = room.heard(phone);
    assert_eq!(heard.last(), Some(&Heard::Committed(memory.commit_id())));
}

#[test]
fn a_touch_made_while_the_link_was_lost_is_told_to_the_same_owner() {
    let mut room = Room::new();
    let lost = room.armed(1);
    let memory = room.phones[lost].memory.clone().unwrap();
    room.hang_up(lost);
    room.touch();
    let phone = room.session(1);
    let resumed = resumed(&room.heard(phone));
    room.phones[phone].resume(&memory, &resumed);
}

#[test]
fn a_touch_made_after_the_reconnect_but_before_a_new_arm_is_told_too() {
    let mut room = Room::new();
    let lost = room.armed(1);
    let memory = room.phones[lost].memory.clone().unwrap();
    room.hang_up(lost);
    room.wait(ms(100));
    let unfinished = room.dial(1, FRAGMENT);
    room.phones[unfinished].stalls = true;
    room.settle();
    room.hang_up(unfinished);
    let phone = room.session(1);
    assert_eq!(room.heard(phone), []);
    room.touch();
    let resumed = resumed(&room.heard(phone));
    assert_eq!(resumed.contended, 0);
    room.phones[phone].resume(&memory, &resumed);
}

#[test]
fn an_owner_that_reconnects_untouched_arms_anew_without_being_busy() {
    let mut room = Room::new();
    let lost = room.armed(1);
    room.hang_up(lost);
    let phone = room.armed(1);
    room.touch();
    assert_eq!(room.heard(phone), [Heard::Touched { contended: 0 }]);
}

#[test]
fn an_owner_displaces_its_own_older_session() {
    let mut room = Room::new();
    let older = room.touched(1);
    let newer = room.session(1);
    assert!(room.is_lost(older) && !room.is_lost(newer));
    resumed(&room.heard(newer));
    assert!(room.device.has_free_slot());
}

#[test]
fn another_owner_displaces_nobody_and_resumes_nothing() {
    let mut room = Room::new();
    let phone = room.touched(1);
    let other = room.session(2);
    assert_eq!(room.heard(other), []);
    assert!(!room.is_lost(phone));
}

#[test]
fn the_advertised_tag_follows_the_owner_to_its_new_session() {
    let mut room = Room::new();
    let lost = room.touched(1);
    room.hang_up(lost);
    let phone = room.session(1);
    let key = room.phones[phone].session.advert_key().unwrap();
    let advert = room.device.advertisement(room.now).unwrap();
    assert!(advert.flags.touched && key.matches(&advert));
}

#[test]
fn a_claim_lives_ten_minutes_without_keepalive() {
    let mut room = Room::new();
    let lost = room.joined(1);
    room.hang_up(lost);
    room.wait(s(9 * 60));
    let phone = room.session(1);
    let resumed = resumed(&room.heard(phone));
    assert_eq!(resumed.state, ResumedState::Joined);
    room.wait(s(61));
    assert_eq!(room.heard(phone), [Heard::Status(Status::Disarmed)]);
    assert_eq!(
        room.world.with(|world| (world.leaves, world.stores)),
        (1, 0)
    );
}

#[test]
fn keepalive_keeps_a_claim() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.keep(phone, s(30 * 60));
    room.confirm(phone);
    assert!(matches!(
        room.heard(phone).last(),
        Some(Heard::Committed(_))
    ));
}

#[test]
fn a_claim_lives_at_most_an_hour_after_its_touch() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.keep(phone, s(59 * 60));
    assert!(!room.heard(phone).contains(&Heard::Status(Status::Disarmed)));
    room.keep(phone, s(50));
    room.wait(s(30));
    assert!(room.heard(phone).contains(&Heard::Status(Status::Disarmed)));
    assert_eq!(room.world.with(|world| world.leaves), 1);
}

#[test]
fn a_claim_does_not_survive_its_boot() {
    let mut room = Room::new();
    room.joined(1);
    room.power_cut();
    let phone = room.session(1);
    assert_eq!(room.heard(phone), []);
    assert_eq!(
        room.world.with(|world| world.joins.len()),
        1,
        "not joined again"
    );
}

#[test]
fn resumed_tells_how_far_the_claim_has_come() {
    let steps = [
        (
            JoinStatus::Connecting,
            ResumedState::Joining,
            Status::Connecting,
        ),
        (
            JoinStatus::WrongPassword,
            ResumedState::JoinFailed,
            Status::WrongPassword,
        ),
        (
            JoinStatus::NetworkNotFound,
            ResumedState::JoinFailed,
            Status::NetworkNotFound,
        ),
        (
            JoinStatus::DhcpFailed,
            ResumedState::JoinFailed,
            Status::DhcpFailed,
        ),
        (
            JoinStatus::NoInternet,
            ResumedState::Joined,
            Status::NoInternet,
        ),
        (
            JoinStatus::Joined { address: ADDRESS },
            ResumedState::Joined,
            Status::Joined { address: ADDRESS },
        ),
    ];
    for (join, state, status) in steps {
        let mut room = Room::new();
        let phone = room.touched(1);
        room.credentials(phone, &network("Home", "correct horse"));
        room.wifi(join);
        room.hang_up(phone);
        let again = room.session(1);
        let heard = room.heard(again);
        assert_eq!(resumed(&heard).state, state);
        assert_eq!(heard[1..], [Heard::Status(status)]);
    }
}

#[test]
fn a_wrong_password_is_corrected_after_a_lost_link() {
    let mut room = Room::new();
    let lost = room.touched(1);
    let memory = room.phones[lost].memory.clone().unwrap();
    room.credentials(lost, &network("Home", "wrong horse"));
    room.wifi(JoinStatus::WrongPassword);
    room.hang_up(lost);
    let phone = room.session(1);
    let resumed = resumed(&room.heard(phone));
    room.phones[phone].resume(&memory, &resumed);
    room.credentials(phone, &network("Home", "correct horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    room.confirm(phone);
    assert!(matches!(
        room.heard(phone).last(),
        Some(Heard::Committed(_))
    ));
}

#[test]
fn the_highest_contention_since_arm_is_told_however_long_ago() {
    let mut room = Room::new();
    let lost = room.armed(1);
    let other = room.session(2);
    room.hang_up(other);
    room.keep(lost, s(180));
    room.touch();
    assert!(room.heard(lost).contains(&Heard::Touched { contended: 0 }));
    room.hang_up(lost);
    let phone = room.session(1);
    assert_eq!(resumed(&room.heard(phone)).contended, 1);
}

/// Breaks the link after every fragment of a whole set-up, in either direction, and expects the owner to finish all the same.
#[test]
fn a_disconnect_at_any_fragment_of_the_handshake_is_survived() {
    for broken_after in 0..40 {
        let mut room = Room::new();
        let phone = room.dial(1, 31);
        let mut buffer = [0; 512];
        let mut moved = 0;
        'broken: loop {
            let before = moved;
            let link = room.phones[phone].link;
            while let Some(length) = room.phones[phone].transmit(&mut buffer) {
                if moved == broken_after {
                    break 'broken;
                }
                moved += 1;
                room.device.received(room.now, link, &buffer[..length]);
            }
            while let Some(length) = room.device.poll_transmit(link, &mut buffer) {
                if moved == broken_after {
                    break 'broken;
                }
                moved += 1;
                room.phones[phone].receive(&buffer[..length]);
            }
            if moved == before {
                break;
            }
        }
        room.hang_up(phone);
        room.wait(ms(100));
        let again = room.armed(1);
        room.touch();
        assert_eq!(
            room.heard(again),
            [Heard::Touched { contended: 0 }],
            "broken after {broken_after}"
        );
    }
}

#[test]
fn a_disconnect_in_every_state_of_a_set_up_is_survived() {
    type Step = fn(&mut Room) -> usize;
    let steps: [(&str, Step); 6] = [
        ("attested", |room| room.session(1)),
        ("armed", |room| room.armed(1)),
        ("touched", |room| room.touched(1)),
        ("accepted", |room| {
            let phone = room.touched(1);
            room.credentials(phone, &network("Home", "correct horse"));
            phone
        }),
        ("joined", |room| room.joined(1)),
        ("committed", |room| room.owned(1)),
    ];
    for (state, step) in steps {
        let mut room = Room::new();
        let phone = step(&mut room);
        room.hang_up(phone);
        room.wait(s(1));
        let again = room.dial(1, FRAGMENT);
        room.settle();
        assert!(room.phones[again].is_established(), "{state}");
        let heard = room.heard(again);
        match state {
            "attested" | "armed" => assert_eq!(heard, [Heard::Evidence], "{state}"),
            "committed" => assert!(matches!(heard[1], Heard::Committed(_)), "{heard:?}"),
            _ => assert!(matches!(heard[1], Heard::Resumed(_)), "{state}: {heard:?}"),
        }
    }
}

#[test]
fn others_who_were_about_during_a_claim_are_told_of_long_after() {
    let mut room = Room::new();
    let phone = room.touched(1);
    let other = room.session(2);
    room.hang_up(other);
    room.keep(phone, s(200));
    room.hang_up(phone);
    let again = room.session(1);
    assert_eq!(resumed(&room.heard(again)).contended, 1);
}

#[test]
fn a_record_that_has_no_place_ends_the_arm() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.forget(phone);
    assert_eq!(
        room.heard(phone),
        [Heard::Error(ErrorCode::UnexpectedRecord)]
    );
    room.world.signals();
    room.wait(s(9));
    assert_eq!(room.count(Signal::Waiting), 0);
    let other = room.session(2);
    room.arm(other);
    assert!(matches!(room.heard(other)[..], [Heard::Armed { .. }]));
}
