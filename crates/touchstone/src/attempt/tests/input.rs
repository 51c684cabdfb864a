//! What comes in from outside: passwords, networks, host errors; and what goes out in a report.

use touchstone_flow::{NetworkChoice, NetworkItem, NetworkName, Strength};
use touchstone_proto::credentials::{
    CredentialError, Credentials, Network, Secret, Security, Ssid,
};

use super::*;

#[test]
fn what_is_out_of_range_is_a_typed_error_before_anything_is_sent() {
    let personal = |ssid: &[u8], passphrase: &[u8]| {
        Network::personal(ssid, Security::Wpa2Psk, passphrase).map(drop)
    };
    for length in [0, 33] {
        assert_eq!(
            personal(&vec![b'x'; length], b"long enough"),
            Err(CredentialError::SsidLength { length })
        );
    }
    assert_eq!(
        personal(b"Home", b"1234567"),
        Err(CredentialError::PassphraseLength { length: 7 })
    );
    assert_eq!(
        personal(b"Home", &[b'x'; 64]),
        Err(CredentialError::KeyNotHexadecimal)
    );
    assert_eq!(
        Credentials::new([]).map(drop),
        Err(CredentialError::NoNetworks)
    );
}

#[test]
fn a_password_out_of_range_is_asked_for_again_and_nothing_is_sent() {
    let hopeless = [
        "1234567".to_owned(),
        "x".repeat(64),
        "12345678\u{7}".to_owned(),
    ];
    for password in hopeless {
        let mut desk = Desk::asked(1);
        desk.decide(&password);
        desk.run(seconds(1.0));
        assert!(
            matches!(
                desk.step(),
                Step::AskPassword { .. } | Step::WrongPassword { .. }
            ),
            "{:?}",
            desk.step()
        );
        assert!(desk.joins(0) == 0 && desk.marked.is_empty());
        desk.type_password(PASSWORD);
        desk.assert_done();
    }
}

#[test]
fn a_network_the_device_cannot_use_leads_back_to_the_question() {
    let mut desk = Desk::asked(1);
    desk.press(ActionId::OtherNetworks);
    let name = Input::TypeNetwork {
        name: "Home".into(),
        secured: false,
    };
    desk.press(ActionId::TypeName);
    desk.tell(Fact::Person(name));
    desk.press(ActionId::Continue);
    desk.press(ActionId::UseNetwork);
    // Home is protected: without a password it is not what the person means.
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0), 0);
    desk.press(ActionId::TryAgain);
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn an_open_twin_of_a_protected_network_is_not_offered() {
    let mut desk = Desk::prompted(1);
    desk.units[0].body.borrow_mut().networks = vec![
        (b"Home", Security::Open, -30),
        (b"Home", Security::Wpa2Psk, -60),
    ];
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.press(ActionId::OtherNetworks);
    desk.press(ActionId::Refresh);
    desk.run(seconds(1.0));
    let Step::NetworkList { items, .. } = desk.step() else {
        panic!("{:?}", desk.step())
    };
    assert_eq!((items.len(), items[0].secured), (1, true));
    let network = desk.core.network(
        0,
        &touchstone_flow::NetworkChoice::Typed {
            ssid: touchstone_flow::NetworkName::new(b"Home"),
            secured: true,
        },
        Some(&Password::new(PASSWORD.into())),
    );
    assert_eq!(network.unwrap().security(), Security::Wpa2Psk);
}

#[test]
fn a_report_holds_no_address_name_network_or_password() {
    let mut desk = Desk::asked(1);
    desk.cut(0);
    desk.lose(0);
    desk.run(seconds(2.0));
    desk.bring_back(0);
    desk.run(seconds(3.0));
    desk.decide(PASSWORD);
    desk.assert_done();
    desk.tell(Fact::HostGone);
    desk.run(seconds(3.0));
    let report = serde_json::to_string(&desk.report.unwrap()).unwrap();
    for secret in ["one is away", "Home", "lamp", PASSWORD] {
        assert!(!report.contains(secret), "{secret}: {report}");
    }
    assert!(report.contains("radio error"), "{report}");
}

#[test]
fn a_bundle_that_cannot_be_had_is_said_without_the_hosts_words() {
    let mut desk = Desk::new(0);
    desk.core.bundle = None;
    desk.core.phase = super::super::Phase::Preparing;
    let error = touchstone_trust::BundleError::Unavailable("/home/ada/bundle.cbor".into());
    desk.tell(Fact::Bundle(Err(error)));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
    desk.tell(Fact::HostGone);
    desk.run(seconds(3.0));
    let report = serde_json::to_string(&desk.report.unwrap()).unwrap();
    assert!(
        !report.contains("ada") && report.contains("unavailable"),
        "{report}"
    );
}

#[test]
fn the_list_is_made_anew_when_the_person_asks_for_it() {
    let mut desk = Desk::asked(1);
    desk.press(ActionId::OtherNetworks);
    let names = |desk: &Desk| match desk.step() {
        Step::NetworkList { items, .. } => items.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(names(&desk), 1);
    let guests: &[u8] = b"Guests";
    let guests = (guests, Security::Open, -40);
    desk.units[0].body.borrow_mut().networks.push(guests);
    desk.run(seconds(2.0));
    assert_eq!(names(&desk), 1);
    desk.press(ActionId::Refresh);
    desk.run(seconds(1.0));
    desk.press(ActionId::Refresh);
    assert_eq!(names(&desk), 2);
}

fn with_networks(networks: &[(&'static [u8], Security, i8)]) -> Desk {
    let mut desk = Desk::new(1);
    desk.units[0].body.borrow_mut().networks = networks.to_vec();
    desk.run(seconds(5.0));
    desk
}

fn password() -> Password {
    Password::new(PASSWORD.into())
}

fn typed(name: &[u8]) -> NetworkChoice {
    NetworkChoice::Typed {
        ssid: NetworkName::new(name),
        secured: true,
    }
}

#[test]
fn a_network_is_protected_as_all_who_share_its_name_allow() {
    use Security::{Enterprise, Open, Wpa2Psk, Wpa2Wpa3, Wpa3Sae};
    for (first, second, result) in [
        (Wpa2Psk, Wpa2Psk, Wpa2Psk),
        (Wpa2Psk, Open, Wpa2Psk),
        (Open, Wpa2Psk, Wpa2Psk),
        (Wpa2Psk, Wpa3Sae, Wpa2Wpa3),
        (Wpa3Sae, Wpa2Psk, Wpa2Wpa3),
        (Wpa2Psk, Enterprise, Wpa2Psk),
        (Enterprise, Wpa2Psk, Enterprise),
        (Open, Open, Open),
    ] {
        let desk = with_networks(&[
            (b"Other", Wpa3Sae, -30),
            (b"Home", first, -40),
            (b"Home", second, -50),
        ]);
        assert_eq!(
            desk.core.security(0, b"Home"),
            result,
            "{first:?} {second:?}"
        );
    }
}

#[test]
fn the_list_offers_what_can_be_joined_with_its_strength() {
    let mut desk = with_networks(&[
        (b"Strong", Security::Wpa2Psk, -60),
        (b"Fair", Security::Open, -61),
        (b"Still fair", Security::Wpa3Sae, -75),
        (b"Weak", Security::Wpa2Wpa3, -76),
        (b"Office", Security::Enterprise, -40),
    ]);
    let items = |desk: &Desk| {
        let items = desk.core.network_items(0);
        let item = |item: &NetworkItem| {
            let name = String::from_utf8(item.ssid.octets().to_vec()).unwrap();
            (name, item.strength, item.secured, item.saved)
        };
        items.iter().map(item).collect::<Vec<_>>()
    };
    let expected = [
        ("Strong".to_owned(), Strength::Strong, true, false),
        ("Fair".to_owned(), Strength::Fair, false, false),
        ("Still fair".to_owned(), Strength::Fair, true, false),
        ("Weak".to_owned(), Strength::Weak, true, false),
    ];
    assert_eq!(items(&desk), expected);
    // One that the phone can join already is offered whatever it is.
    let office = Ssid::new(b"Office").unwrap();
    let office = Network::new(office, Security::Open, Secret::None).unwrap();
    desk.core.saved = Some(vec![office.clone()]);
    let offered = items(&desk);
    assert_eq!(offered.len(), 5);
    assert!(offered.contains(&("Office".to_owned(), Strength::Strong, true, true)));
    let chosen = desk.core.network(0, &typed(b"Office"), None).unwrap();
    assert_eq!(chosen.ssid(), office.ssid());
    let other = desk.core.network(0, &typed(b"Fair"), None).unwrap();
    assert_eq!(other.security(), Security::Open);
}

#[test]
fn a_name_that_was_typed_and_is_not_seen_is_a_hidden_network() {
    let desk = with_networks(&[(b"Home", Security::Wpa2Psk, -40)]);
    let network = |name: &[u8]| {
        desk.core
            .network(0, &typed(name), Some(&password()))
            .unwrap()
    };
    assert!(network(b"Attic").hidden());
    assert_eq!(network(b"Attic").security(), Security::Wpa2Wpa3);
    assert!(!network(b"Home").hidden());
    assert_eq!(network(b"Home").security(), Security::Wpa2Psk);
}
