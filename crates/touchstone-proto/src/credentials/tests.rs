//! What is a credential and what is not.

use std::{format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use core::net::Ipv4Addr;

use super::*;
use crate::{cbor::Reader, error::Misbehaviour};

fn encode(credentials: &Credentials) -> Vec<u8> {
    let mut out = heapless::Vec::<u8, 2048>::new();
    credentials.write(&mut Writer::new(&mut out)).unwrap();
    out.to_vec()
}

fn decode(bytes: &[u8]) -> Result<Credentials, Misbehaviour> {
    Credentials::read(&mut Reader::new(bytes))
}

fn home() -> Network {
    Network::personal(b"Home", Security::Wpa2Psk, b"correct horse").unwrap()
}

fn enterprise() -> Network {
    let secret = Enterprise::new(EnterpriseMethod::Ttls, b"me", b"secret", [7; 32]).unwrap();
    Network::new(
        Ssid::new(b"Work").unwrap(),
        Security::Enterprise,
        Secret::Enterprise(secret),
    )
    .unwrap()
}

#[test]
fn an_ssid_has_1_to_32_raw_octets() {
    for length in [0, 33, 255] {
        assert_eq!(
            Ssid::new(&vec![b'a'; length]),
            Err(CredentialError::SsidLength { length })
        );
    }
    for octets in [&[b'a'; 1][..], &[0xff; 32], &[0], b"\0\xffx"] {
        assert_eq!(Ssid::new(octets).unwrap().as_bytes(), octets);
    }
}

#[test]
fn a_passphrase_has_8_to_63_bytes_or_64_hexadecimal_digits() {
    for length in [0, 7, 65, 255] {
        assert_eq!(
            Passphrase::new(&vec![b'a'; length]).map(|_| ()),
            Err(CredentialError::PassphraseLength { length })
        );
    }
    for length in [8, 63, 64] {
        Passphrase::new(&vec![b'a'; length]).unwrap();
    }
    assert_eq!(
        Passphrase::new(&[b'g'; 64]).map(|_| ()),
        Err(CredentialError::KeyNotHexadecimal)
    );
    Passphrase::new("pässword ☃".as_bytes()).unwrap();
    Passphrase::new(b"\xff\xfe not utf-8").unwrap();
    for control in [0, 0x0a, 0x1f, 0x7f] {
        assert_eq!(
            Passphrase::new(&[b'a', b'b', b'c', b'd', b'e', b'f', b'g', control]).map(|_| ()),
            Err(CredentialError::PassphraseCharacter)
        );
    }
}

#[test]
fn the_secret_belongs_to_the_security() {
    let ssid = || Ssid::new(b"n").unwrap();
    let passphrase = || Secret::Passphrase(Passphrase::new(b"12345678").unwrap());
    let enterprise = || enterprise().secret().clone();
    for security in Security::ALL {
        let outcomes = [Secret::None, passphrase(), enterprise()]
            .map(|secret| Network::new(ssid(), security, secret).is_ok());
        let expected = match security {
            Security::Open | Security::Owe => [true, false, false],
            Security::Wpa2Psk | Security::Wpa3Sae | Security::Wpa2Wpa3 => [false, true, false],
            Security::Enterprise => [false, false, true],
        };
        assert_eq!(outcomes, expected, "{security:?}");
    }
}

#[test]
fn enterprise_names_and_passwords_have_1_to_64_bytes() {
    let new = |identity: usize, password: usize| {
        Enterprise::new(
            EnterpriseMethod::Peap,
            &vec![b'a'; identity],
            &vec![b'a'; password],
            [0; 32],
        )
        .map(|_| ())
    };
    assert_eq!(new(1, 64), Ok(()));
    assert_eq!(new(64, 1), Ok(()));
    for length in [0, 65] {
        assert_eq!(
            new(length, 1),
            Err(CredentialError::IdentityLength { length })
        );
        assert_eq!(
            new(1, length),
            Err(CredentialError::EnterprisePasswordLength { length })
        );
    }
}

#[test]
fn a_list_has_1_to_8_networks_that_fit_one_record() {
    assert_eq!(
        Credentials::new([]).map(|_| ()),
        Err(CredentialError::NoNetworks)
    );
    Credentials::new((0..8).map(|_| home())).unwrap();
    assert_eq!(
        Credentials::new((0..9).map(|_| home())).map(|_| ()),
        Err(CredentialError::TooManyNetworks)
    );
    let big = || {
        Enterprise::new(EnterpriseMethod::Peap, &[b'a'; 64], &[b'a'; 64], [0; 32])
            .map(Secret::Enterprise)
            .and_then(|secret| Network::new(Ssid::new(&[b'a'; 32])?, Security::Enterprise, secret))
            .unwrap()
    };
    assert_eq!(
        Credentials::new((0..8).map(|_| big())).map(|_| ()),
        Err(CredentialError::TooLarge)
    );
}

#[test]
fn country_and_vendor_data_are_checked() {
    let home = || Credentials::new([home()]).unwrap();
    home().with_country(*b"DE").unwrap();
    for country in [*b"de", *b"D1", [0, 0]] {
        assert_eq!(
            home().with_country(country).map(|_| ()),
            Err(CredentialError::Country)
        );
    }
    home().with_custom(&[1; 512]).unwrap();
    assert_eq!(
        home().with_custom(&[1; 513]).map(|_| ()),
        Err(CredentialError::CustomLength { length: 513 })
    );
}

#[test]
fn a_prefix_has_at_most_32_bits() {
    let ip = Ipv4Addr::new(10, 0, 0, 1);
    StaticAddress::new(ip, 32, ip, ip).unwrap();
    assert_eq!(
        StaticAddress::new(ip, 33, ip, ip),
        Err(CredentialError::PrefixLength)
    );
}

#[test]
fn credentials_read_back_whole() {
    let ip = |last| Ipv4Addr::new(192, 168, 1, last);
    let address = StaticAddress::new(ip(7), 24, ip(1), ip(2)).unwrap();
    let full = home()
        .with_hidden(true)
        .with_bssid(Some([1, 2, 3, 4, 5, 6]))
        .with_priority(9)
        .with_address(Some(address));
    let owe = Network::new(Ssid::new(b"Owe").unwrap(), Security::Owe, Secret::None).unwrap();
    let credentials = Credentials::new([full, enterprise(), Network::open(b"Cafe").unwrap(), owe])
        .unwrap()
        .with_country(*b"CH")
        .unwrap()
        .with_custom(b"vendor")
        .unwrap();
    let bytes = encode(&credentials);
    let read = decode(&bytes).unwrap();
    assert_eq!(encode(&read), bytes);
    let [full, work, cafe, _] = read.networks() else {
        panic!("four networks")
    };
    assert_eq!(full.ssid().as_bytes(), b"Home");
    assert_eq!(full.security(), Security::Wpa2Psk);
    assert!(matches!(full.secret(), Secret::Passphrase(p) if p.expose() == b"correct horse"));
    assert!(full.hidden());
    assert_eq!(full.bssid(), Some([1, 2, 3, 4, 5, 6]));
    assert_eq!(full.priority(), 9);
    assert_eq!(full.address(), Some(address));
    assert!(matches!(
        work.secret(),
        Secret::Enterprise(e) if e.identity() == b"me" && e.password() == b"secret"
            && e.ca() == &[7; 32] && e.method() == EnterpriseMethod::Ttls
    ));
    assert!(matches!(cafe.secret(), Secret::None));
    assert_eq!(read.country(), Some(*b"CH"));
    assert_eq!(read.custom(), b"vendor");
}

#[test]
fn the_encoding_is_the_specified_one() {
    let bytes = encode(&Credentials::new([home()]).unwrap());
    let mut expected = vec![0x83, 0x81, 0x87, 0x44];
    expected.extend(b"Home");
    expected.extend([0x02, 0x4d]);
    expected.extend(b"correct horse");
    expected.extend([0xf4, 0x40, 0x00, 0x80, 0x40, 0x40]);
    assert_eq!(bytes, expected);
}

#[test]
fn what_could_not_be_typed_cannot_be_received() {
    let cases: [(&[u8], CredentialError); 6] = [
        (&[0x83, 0x80, 0x40, 0x40], CredentialError::NoNetworks),
        (
            &[
                0x83, 0x81, 0x87, 0x40, 0x00, 0x40, 0xf4, 0x40, 0x00, 0x80, 0x40, 0x40,
            ],
            CredentialError::SsidLength { length: 0 },
        ),
        (
            // A personal network without a passphrase.
            &[
                0x83, 0x81, 0x87, 0x41, b'n', 0x02, 0x40, 0xf4, 0x40, 0x00, 0x80, 0x40, 0x40,
            ],
            CredentialError::PassphraseLength { length: 0 },
        ),
        (
            // An open network with one.
            &[
                0x83, 0x81, 0x87, 0x41, b'n', 0x00, 0x41, 1, 0xf4, 0x40, 0x00, 0x80, 0x40, 0x40,
            ],
            CredentialError::SecretMismatch,
        ),
        (
            // An enterprise network without identity.
            &[
                0x83, 0x81, 0x87, 0x41, b'n', 0x05, 0x40, 0xf4, 0x40, 0x00, 0x80, 0x40, 0x40,
            ],
            CredentialError::SecretMismatch,
        ),
        (
            // A country of three letters.
            &[
                0x83, 0x81, 0x87, 0x41, b'n', 0x00, 0x40, 0xf4, 0x40, 0x00, 0x80, 0x43, b'C', b'H',
                b'E', 0x40,
            ],
            CredentialError::Country,
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(
            decode(bytes).map(|_| ()),
            Err(Misbehaviour::Credentials(error)),
            "{bytes:x?}"
        );
    }
}

#[test]
fn nine_networks_cannot_be_received() {
    let mut bytes = vec![0x83, 0x89];
    for _ in 0..9 {
        bytes.extend([0x87, 0x41, b'n', 0x00, 0x40, 0xf4, 0x40, 0x00, 0x80]);
    }
    bytes.extend([0x40, 0x40]);
    assert_eq!(
        decode(&bytes).map(|_| ()),
        Err(Misbehaviour::Credentials(CredentialError::TooManyNetworks))
    );
}

#[test]
fn nothing_secret_shows_in_debug_output() {
    let credentials = Credentials::new([home(), enterprise()])
        .unwrap()
        .with_custom(b"vendor token")
        .unwrap();
    let shown = format!("{credentials:?} {credentials:#?}");
    for secret in ["correct horse", "secret", "vendor token"] {
        let as_list = format!("{:?}", secret.as_bytes());
        let as_list = as_list.trim_matches(['[', ']']);
        assert!(!shown.contains(&format!("\"{secret}")), "{shown}");
        assert!(!shown.contains(as_list), "{shown}");
    }
    assert!(!shown.contains("horse"));
    assert!(shown.contains("Home"));
}

#[test]
fn errors_say_what_is_allowed() {
    let text: String = format!("{}", CredentialError::PassphraseLength { length: 7 });
    assert_eq!(text, "passphrase of 7 bytes, need 8 to 63");
}

proptest! {
    #[test]
    fn no_bytes_panic_and_what_reads_encodes_to_itself(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut reader = Reader::new(&bytes);
        if let Ok(credentials) = Credentials::read(&mut reader) {
            let used = bytes.len() - reader.remaining().len();
            prop_assert_eq!(encode(&credentials), &bytes[..used]);
        }
    }

    #[test]
    fn a_changed_byte_never_panics(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&Credentials::new([home(), enterprise()]).unwrap());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut reader = Reader::new(&bytes);
        if let Ok(credentials) = Credentials::read(&mut reader) {
            let used = bytes.len() - reader.remaining().len();
            prop_assert_eq!(encode(&credentials), &bytes[..used]);
        }
    }
}
