//! What a report calls things.

use touchstone_flow::{
    Actuators, AgainReason, Event, NotGenuineReason, Permission, PresenceKind, Product,
    UpdateTarget,
};
use touchstone_proto::record::Status;

use super::super::{delivery::status_name, event_name};

/// "NotGenuine { reason: Evidence }" as "not genuine".
fn words(debug: &str) -> String {
    let name = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap();
    let mut words = String::new();
    for (position, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && position > 0 {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[test]
fn every_event_is_called_in_the_report_what_it_is_called_in_the_flow() {
    let product = || Product::new("Kitchen lamp");
    let events = [
        Event::PermissionNeeded {
            what: Permission::Location,
        },
        Event::PermissionBlocked,
        Event::BluetoothOff,
        Event::BluetoothMissing,
        Event::LocationOff,
        Event::Scanning,
        Event::LetGo,
        Event::Found { n: 2 },
        Event::Verifying,
        Event::NotGenuine {
            reason: NotGenuineReason::Evidence,
        },
        Event::NotChecked,
        Event::AwaitPresence {
            kind: PresenceKind::Touch,
            several: true,
        },
        Event::PresenceWithdrawn,
        Event::Touched { product: product() },
        Event::SeveralTouched,
        Event::AnotherNearby,
        Event::TouchAgain {
            why: AgainReason::NotMine,
        },
        Event::CountSignals {
            actuators: Actuators::default(),
        },
        Event::NotConfirmed,
        Event::ChooseNetwork {
            product: product(),
            actuators: Actuators::default(),
            networks: Vec::new(),
            preselected: 0,
        },
        Event::Networks(Vec::new()),
        Event::Sending,
        Event::Joining,
        Event::WrongPassword,
        Event::NetworkNotFound,
        Event::DhcpFailed,
        Event::NoInternet,
        Event::InternetBack,
        Event::Saving,
        Event::Done {
            product: product(),
            note: None,
        },
        Event::Cancelled,
        Event::LinkLost,
        Event::LinkBack,
        Event::AlreadyOwned,
        Event::OwnedByYou { product: product() },
        Event::Forgotten { product: product() },
        Event::Unfinished { product: product() },
        Event::Busy,
        Event::Revoked,
        Event::CannotSignal,
        Event::UpdateRequired {
            what: UpdateTarget::App,
        },
        Event::Failed { code: 1 },
    ];
    for event in events {
        assert_eq!(event_name(&event), words(&format!("{event:?}")));
    }
}

#[test]
fn every_status_is_called_in_the_report_what_it_is_called_in_the_protocol() {
    let states = [
        Status::Untouched,
        Status::Responding,
        Status::Accepted,
        Status::Connecting,
        Status::WrongPassword,
        Status::NetworkNotFound,
        Status::DhcpFailed,
        Status::NoInternet,
        Status::Joined {
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        },
        Status::Disarmed,
        Status::RespondRefused,
        Status::Counting,
        Status::UnownedUnclaimed,
    ];
    for status in states {
        let name = status_name(status).replace(" and ", " ");
        assert_eq!(name, format!("status {}", words(&format!("{status:?}"))));
    }
}
