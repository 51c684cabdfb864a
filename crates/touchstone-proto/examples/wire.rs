//! What the codec writes and what it takes, for a second decoder to compare itself with (`vectors/check_cddl.py`).
//!
//! Prints one line of JSON for each random valid item: the reader it is meant for, its bytes and the values in it, in order. After an empty line it
//! answers each line `READER HEX` on its input with `yes`, `no` or `skipped`.
//!
//!     cargo run -p touchstone-proto --features fuzz --example wire -- SEED

use std::{
    env, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use p256::elliptic_curve::sec1::ToSec1Point;
use serde_json::{Value, json};
use touchstone_proto::{
    HIGHEST_VERSION,
    advert::{Advert, AdvertFlags},
    cbor::Reader,
    credentials::{
        Credentials, Enterprise, EnterpriseMethod, Network, Passphrase, Secret, Security, Ssid,
        StaticAddress,
    },
    device,
    edhoc::{CredentialId, Ead, ErrorMessage, PublicKey, error_message},
    error::{Error, Inauthentic},
    evidence::{Claims, DebugStatus, FirmwareVersion},
    frame::Framer,
    fuzz,
    message::{Message, envelope, messages},
    owner::OwnerPublicKey,
    phone::{CredentialForm, Session},
    record::{
        Actuator, Actuators, DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, Pace,
        PhoneRecord, PresenceKinds, PressKind, ReleaseReason, Resumed, ResumedState, SeenNetwork,
        Status, TouchReport,
    },
    sas::{Sas, commitment},
    touch::commit_id,
};

/// Random items of each kind.
const ROUNDS: usize = 6;

/// Bytes of a certificate.
const LONGEST_LEAF: usize = 1024;

/// SplitMix64: the same items for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn bool(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Of every length in CBOR.
    fn u32(&mut self) -> u32 {
        let wide = self.next() as u32;
        wide >> [0, 8, 16, 24, 27, 31][self.below(6)]
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        [(); N].map(|()| self.next() as u8)
    }

    fn between(&mut self, least: usize, most: usize) -> Vec<u8> {
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn printable(&mut self, least: usize, most: usize) -> Vec<u8> {
        let mut text = self.between(least, most);
        text.iter_mut().for_each(|byte| *byte = 0x20 + *byte % 0x5f);
        text
    }
}

fn print(reader: &str, bytes: &[u8], values: Value) {
    let line = json!({ "reader": reader, "bytes": hex::encode(bytes), "values": values });
    println!("{line}");
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

fn network(dice: &mut Dice) -> (Network, Value) {
    let ssid = dice.between(1, 32);
    let security = dice.pick(&Security::ALL);
    let (secret, told) = match security {
        Security::Open | Security::Owe => (Secret::None, json!("")),
        Security::Enterprise => {
            let method = dice.pick(&EnterpriseMethod::ALL);
            let (identity, password) = (dice.between(1, 64), dice.between(1, 64));
            let ca = dice.bytes();
            let told = json!([method.number(), hex(&identity), hex(&password), hex(&ca)]);
            let enterprise = Enterprise::new(method, &identity, &password, ca).unwrap();
            (Secret::Enterprise(enterprise), told)
        }
        _ => {
            let passphrase = if dice.bool() {
                hex(&dice.bytes::<32>()).into_bytes()
            } else {
                dice.printable(8, 63)
            };
            let told = json!(hex(&passphrase));
            (
                Secret::Passphrase(Passphrase::new(&passphrase).unwrap()),
                told,
            )
        }
    };
    let hidden = dice.bool();
    let bssid = dice.bool().then(|| dice.bytes::<6>());
    let priority = dice.next() as u8;
    let [ip, gateway, dns] = [(); 3].map(|()| dice.bytes::<4>());
    let prefix = dice.below(33) as u8;
    let fixed = dice.bool();
    let address = StaticAddress::new(
        Ipv4Addr::from(ip),
        prefix,
        Ipv4Addr::from(gateway),
        Ipv4Addr::from(dns),
    )
    .unwrap();
    let network = Network::new(Ssid::new(&ssid).unwrap(), security, secret)
        .unwrap()
        .with_hidden(hidden)
        .with_bssid(bssid)
        .with_priority(priority)
        .with_address(fixed.then_some(address));
    let address = if fixed {
        json!([hex(&ip), prefix, hex(&gateway), hex(&dns)])
    } else {
        json!([])
    };
    let told = json!([
        hex(&ssid),
        security.number(),
        told,
        hidden,
        bssid.map_or(String::new(), |bssid| hex(&bssid)),
        priority,
        address
    ]);
    (network, told)
}

fn credentials(dice: &mut Dice) -> (PhoneRecord, Value) {
    let (networks, told): (Vec<_>, Vec<_>) = (0..=dice.below(4)).map(|_| network(dice)).unzip();
    let mut credentials = Credentials::new(networks).unwrap();
    let mut country = String::new();
    if dice.bool() {
        let letters = [(); 2].map(|()| b'A' + dice.below(26) as u8);
        credentials = credentials.with_country(letters).unwrap();
        country = hex(&letters);
    }
    let custom = dice.between(0, 300);
    let credentials = credentials.with_custom(&custom).unwrap();
    (
        PhoneRecord::Credentials(credentials),
        json!([told, country, hex(&custom)]),
    )
}

fn phone_records(dice: &mut Dice) {
    let mut records = vec![
        (PhoneRecord::Prepare, json!([])),
        (PhoneRecord::Rescan, json!([])),
        (PhoneRecord::Forget, json!([])),
    ];
    for mode in IdentifyMode::ALL {
        records.push((PhoneRecord::Identify(mode), json!([mode.number()])));
    }
    for reason in ReleaseReason::ALL {
        records.push((PhoneRecord::Release(reason), json!([reason.number()])));
    }
    for _ in 0..ROUNDS {
        let next_counter = dice.u32();
        records.push((
            PhoneRecord::KeepAlive { next_counter },
            json!([next_counter]),
        ));
        let (level, h_np) = (dice.pick(&Level::ALL), dice.bytes());
        let values = json!([level.number(), hex(&h_np)]);
        records.push((PhoneRecord::Arm { level, h_np }, values));
        let (n_p, signal, pace) = (
            dice.bytes(),
            dice.pick(&Actuator::ALL),
            dice.pick(&Pace::ALL),
        );
        let values = json!([hex(&n_p), signal.number(), pace.number()]);
        records.push((PhoneRecord::Reveal { n_p, signal, pace }, values));
        let commit_id = dice.bytes();
        records.push((PhoneRecord::Confirm { commit_id }, json!([hex(&commit_id)])));
        records.extend([(); 4].map(|()| credentials(dice)));
    }
    for (record, values) in records {
        // Some lists are too long for one record.
        if let Ok(plaintext) = fuzz::encode_phone_record(&record) {
            print("phone", &plaintext, values);
        }
    }
}

fn device_records(dice: &mut Dice) {
    let mut records = vec![(DeviceRecord::Released, json!([]))];
    for reason in DeniedReason::ALL {
        records.push((DeviceRecord::Denied(reason), json!([reason.number()])));
    }
    for code in ErrorCode::ALL {
        records.push((DeviceRecord::Error(code), json!([code.number()])));
    }
    let statuses = [
        Status::Untouched,
        Status::Responding,
        Status::Accepted,
        Status::Connecting,
        Status::WrongPassword,
        Status::NetworkNotFound,
        Status::DhcpFailed,
        Status::NoInternet,
        Status::Disarmed,
        Status::RespondRefused,
        Status::UnownedUnclaimed,
        Status::Counting,
    ];
    for status in statuses {
        records.push((DeviceRecord::Status(status), json!([status.number(), ""])));
    }
    for _ in 0..ROUNDS {
        let next_counter = dice.u32();
        records.push((
            DeviceRecord::KeepAlive { next_counter },
            json!([next_counter]),
        ));
        let (epoch, level) = (dice.u32(), dice.pick(&Level::ALL));
        let values = json!([epoch, level.number()]);
        records.push((DeviceRecord::Armed { epoch, level }, values));
        let (four, sixteen) = (dice.bytes::<4>(), dice.bytes::<16>());
        for (address, detail) in [
            (IpAddr::from(Ipv4Addr::from(four)), hex(&four)),
            (IpAddr::from(Ipv6Addr::from(sixteen)), hex(&sixteen)),
        ] {
            let status = Status::Joined { address };
            records.push((DeviceRecord::Status(status), json!([8, detail])));
        }
        let commit_id = dice.bytes();
        records.push((
            DeviceRecord::Committed { commit_id },
            json!([hex(&commit_id)]),
        ));
        let touch = TouchReport {
            confirmation: dice.bytes(),
            kind: dice.pick(&PressKind::ALL),
            contended: dice.u32(),
            n_d: dice.bytes(),
        };
        let values = json!([
            hex(&touch.confirmation),
            touch.kind.number(),
            touch.contended,
            hex(&touch.n_d)
        ]);
        records.push((DeviceRecord::Touch(touch), values));
        records.push(resumed(dice));
        let networks: Vec<_> = (0..dice.below(17))
            .map(|_| SeenNetwork {
                ssid: Ssid::new(&dice.between(1, 32)).unwrap(),
                security: dice.pick(&Security::ALL),
                rssi: dice.next() as i8,
                channel: dice.next() as u8,
            })
            .collect();
        let values = networks
            .iter()
            .map(|seen| {
                json!([
                    hex(seen.ssid.as_bytes()),
                    seen.security.number(),
                    seen.rssi,
                    seen.channel
                ])
            })
            .collect();
        let networks = networks.into_iter().collect();
        records.push((DeviceRecord::Networks(networks), values));
    }
    for (record, values) in records {
        print(
            "device",
            &fuzz::encode_device_record(&record).unwrap(),
            values,
        );
    }
}

fn resumed(dice: &mut Dice) -> (DeviceRecord, Value) {
    let resumed = Resumed {
        state: dice.pick(&ResumedState::ALL),
        level: dice.pick(&Level::ALL),
        kind: dice.pick(&PressKind::ALL),
        contended: dice.u32(),
        touch_age: Duration::from_secs(dice.u32().into()),
        h_arm: dice.bool().then(|| dice.bytes()),
        commit_id: dice.bytes(),
    };
    let values = json!([
        resumed.state.number(),
        resumed.level.number(),
        resumed.kind.number(),
        resumed.contended,
        resumed.touch_age.as_secs(),
        resumed.h_arm.map_or(String::new(), |h_arm| hex(&h_arm)),
        hex(&resumed.commit_id)
    ]);
    (DeviceRecord::Resumed(resumed), values)
}

fn claims(dice: &mut Dice) -> Claims {
    let mut ueid: [u8; 17] = dice.bytes();
    ueid[0] = 1;
    Claims {
        nonce: dice.bytes(),
        ueid,
        model_class: dice.next() as u16,
        secure_boot: dice.bool(),
        debug_status: dice.pick(&DebugStatus::ALL),
        boot_id: dice.bytes(),
        firmware: FirmwareVersion {
            major: (dice.u32() >> 16) as u16,
            minor: (dice.u32() >> 16) as u16,
            patch: dice.next() as u16,
        },
        reset_epoch: dice.u32(),
        presence: PresenceKinds::from_bits(dice.next() as u8),
        actuators: Actuators::from_bits(dice.next() as u8),
        max_level: dice.pick(&Level::ALL),
        highest_version: 1 + dice.below(255) as u8,
        boot_count: dice.u32(),
    }
}

fn evidence(dice: &mut Dice) {
    for _ in 0..ROUNDS {
        let claims = claims(dice);
        let payload = fuzz::encode_claims(&claims).unwrap();
        let values = json!([
            hex(&claims.nonce),
            hex(&claims.ueid),
            hex(&claims.model_class.to_be_bytes()),
            claims.secure_boot,
            claims.debug_status.number(),
            hex(&claims.boot_id),
            claims.firmware.to_string(),
            claims.reset_epoch,
            claims.presence.bits(),
            claims.actuators.bits(),
            claims.max_level.number(),
            claims.highest_version,
            claims.boot_count
        ]);
        print("claims", &payload, values);

        let nonce = dice.bytes();
        let sign1 = dice.between(1, 100);
        let [trigger, proposal, request, shown] = fuzz::attestation_fields(&nonce, &sign1).unwrap();
        print("ead-1", &trigger, json!([]));
        print("ead-2", &proposal, json!([263]));
        print("ead-3", &request, json!([hex(&nonce)]));
        print("ead-4", &shown, json!([hex(&sign1)]));
    }
}

fn key(dice: &mut Dice) -> p256::PublicKey {
    loop {
        if let Ok(secret) = p256::SecretKey::from_slice(&dice.bytes::<32>()) {
            return secret.public_key();
        }
    }
}

fn handshake(dice: &mut Dice) {
    for round in 0..ROUNDS {
        let owner = OwnerPublicKey::from_sec1(key(dice).to_sec1_point(false).as_bytes()).unwrap();
        let ccs = owner.to_ccs();
        let sec1 = owner.to_sec1();
        let sign = sec1[64] & 1 == 1;
        print("ccs", &ccs, json!([hex(&sec1[1..33]), sign]));
        let id_cred_i = CredentialId::Kccs(&ccs).encode().unwrap();
        print("id-cred-i", &id_cred_i, json!([hex(&sec1[1..33]), sign]));

        let leaf = dice.between(1, LONGEST_LEAF);
        let by_value = CredentialId::X5chain(&leaf).encode().unwrap();
        print("id-cred-r", &by_value, json!([hex(&leaf)]));
        let hash = dice.bytes::<8>();
        let by_reference = CredentialId::X5t {
            algorithm: -15,
            hash: &hash,
        };
        print(
            "id-cred-r",
            &by_reference.encode().unwrap(),
            json!([hex(&hash)]),
        );

        let form = dice.pick(&[CredentialForm::ByValue, CredentialForm::ByReference]);
        let c_i = dice.next() as u8;
        let classical = Session::start(form, HIGHEST_VERSION, &dice.bytes(), c_i);
        let again = Session::start_after_refusal(form, HIGHEST_VERSION, &dice.bytes(), c_i);
        let (scalar, mut seed) = (dice.bytes(), [0; 64]);
        seed[..32].copy_from_slice(&dice.bytes::<32>());
        seed[32..].copy_from_slice(&dice.bytes::<32>());
        let hybrid = Session::start_hybrid(form, HIGHEST_VERSION, &scalar, &seed, c_i);
        for (started, taken) in [(classical, true), (again, false), (hybrid, true)] {
            let (_, hello) = started.unwrap();
            let Some(Ok(Message::Hello { message_1, .. })) = messages(&hello).next() else {
                panic!("a phone begins with hello");
            };
            // Not told: what the engine keeps of its random numbers. Of a device with both suites the second gets a refusal.
            if taken {
                print("message-1", message_1, Value::Null);
            }
            print("envelope", &hello, split(&hello).unwrap());
        }
        let text = "x".repeat(round);
        let error = error_message::unspecified(&text).unwrap();
        print("edhoc-error", &error, json!([text]));
    }
    // Constants have no value.
    let unknown = error_message::unknown_credential().unwrap();
    print("edhoc-error", &unknown, Value::Null);
}

/// The messages of an envelope: kind and body, as the phone or the device sees them.
fn split(bytes: &[u8]) -> Option<Value> {
    let all: Result<Vec<_>, _> = messages(bytes).collect();
    let told = all.ok()?.into_iter().map(|message| match message {
        Message::Hello {
            version,
            by_reference,
            message_1,
        } => json!([1, version, by_reference, hex(message_1)]),
        Message::Message2(body) => json!([2, hex(body)]),
        Message::Message3(body) => json!([3, hex(body)]),
        Message::Message4(body) => json!([4, hex(body)]),
        Message::EdhocError(body) => json!([5, hex(body)]),
        Message::Record(body) => json!([6, hex(body)]),
    });
    Some(told.collect())
}

fn layouts(dice: &mut Dice) {
    for _ in 0..4 * ROUNDS {
        let advert = Advert {
            version: 1,
            flags: AdvertFlags {
                window_open: dice.bool(),
                unowned: dice.bool(),
                armed: dice.bool(),
                touched: dice.bool(),
                l2_capable: dice.bool(),
            },
            model_class: dice.next() as u16,
            epoch: dice.u32(),
            tag: dice.bytes(),
        };
        print("advert", &advert.encode(), advert_values(&advert));

        let bodies = [(); 3].map(|()| dice.between(1, 200));
        let [first, second, third] = bodies.each_ref().map(Vec::as_slice);
        let some = [
            Message::Message3(first),
            Message::Record(second),
            Message::Message4(third),
        ];
        let whole = envelope(&some[..=dice.below(3)]).unwrap();
        print("envelope", &whole, split(&whole).unwrap());

        // Fragments of one link: what they carry, in order.
        let size = 18 + dice.below(240);
        let mut framer = Framer::new(size);
        framer.send(&whole).unwrap();
        let (mut out, mut fragments) = ([0; 512], Vec::new());
        while let Some(length) = framer.poll_transmit(&mut out) {
            fragments.push(hex(&out[..length]));
        }
        // The rest waits for an acknowledgement.
        if fragments.len() < 16 {
            print("fragments", &whole, json!([size, fragments]));
        }
    }
}

/// What both sides compute and nobody sends whole: the inputs, and what comes of them.
fn derived(dice: &mut Dice) {
    for _ in 0..4 * ROUNDS {
        let (key, th_4, h_arm) = (dice.bytes(), dice.bytes(), dice.bytes());
        let (n_p, n_d) = (dice.bytes(), dice.bytes());
        let sas = Sas {
            th_4: &th_4,
            h_arm: &h_arm,
            n_p: &n_p,
            n_d: &n_d,
        };
        let inputs = [&key[..], &th_4, &h_arm, &n_p, &n_d].concat();
        print("sas", &inputs, json!(sas.counts(&key).groups()));
        print("commitment", &n_p, json!([hex(&commitment(&n_p))]));
        print("commit-id", &th_4, json!([hex(&commit_id(&th_4))]));
    }
}

fn advert_values(advert: &Advert) -> Value {
    let flags = advert.flags;
    json!([
        advert.version,
        flags.window_open,
        flags.unowned,
        flags.armed,
        flags.touched,
        flags.l2_capable,
        advert.model_class,
        advert.epoch,
        hex(&advert.tag)
    ])
}

fn verdict(good: bool) -> &'static str {
    if good { "yes" } else { "no" }
}

fn record<T, E>(read: Result<Option<T>, E>) -> &'static str {
    match read {
        Ok(Some(_)) => "yes",
        Ok(None) => "skipped",
        Err(_) => "no",
    }
}

fn attestation(bytes: &[u8], at: usize) -> bool {
    Ead::parse(bytes).is_ok_and(|field| fuzz::attestation(field)[at])
}

/// Everything but the signature, which is nobody's.
fn sign1(bytes: &[u8], anybody: &PublicKey) -> bool {
    match fuzz::evidence(bytes, &[0; 32], anybody) {
        Err(Error::NotAuthentic(Inauthentic::Evidence)) => {
            let mut reader = Reader::new(bytes);
            reader.array(4).unwrap();
            reader.bytes().unwrap();
            reader.map(0).unwrap();
            fuzz::claims(reader.bytes().unwrap()).is_ok()
        }
        _ => false,
    }
}

fn judge(reader: &str, bytes: &[u8], anybody: &PublicKey) -> &'static str {
    match reader {
        "phone" => return record(fuzz::phone_record(bytes)),
        "device" => return record(fuzz::device_record(bytes)),
        _ => {}
    }
    verdict(match reader {
        "claims" => fuzz::claims(bytes).is_ok(),
        "evidence" => sign1(bytes, anybody),
        "ead-1" => attestation(bytes, 0),
        "ead-2" => attestation(bytes, 1),
        "ead-3" => attestation(bytes, 2),
        "ead-4" => attestation(bytes, 3),
        "ccs" => OwnerPublicKey::from_ccs(bytes).is_ok(),
        "id-cred-i" => match CredentialId::parse(bytes) {
            Ok(CredentialId::Kccs(ccs)) => OwnerPublicKey::from_ccs(ccs).is_ok(),
            _ => false,
        },
        "id-cred-r" => match CredentialId::parse(bytes) {
            // What reads certificates is another crate; it takes none that is longer.
            Ok(CredentialId::X5chain(leaf)) => (1..=LONGEST_LEAF).contains(&leaf.len()),
            Ok(CredentialId::X5t { algorithm, hash }) => algorithm == -15 && hash.len() == 8,
            _ => false,
        },
        "message-1" => {
            let hello = Message::Hello {
                version: HIGHEST_VERSION,
                by_reference: false,
                message_1: bytes,
            };
            device::Session::taking(device::Suites::WithHybrid)
                .handle(hello)
                .is_ok()
        }
        "edhoc-error" => ErrorMessage::parse(bytes).is_ok(),
        "advert" => Advert::parse(bytes).is_ok(),
        "envelope" => split(bytes).is_some(),
        "fragment" => Framer::new(512).receive(bytes).is_ok(),
        other => panic!("no reader {other}"),
    })
}

fn main() {
    let seed = env::args().nth(1).map_or(1, |seed| seed.parse().unwrap());
    let mut dice = Dice(seed);
    let anybody = PublicKey::from_sec1(key(&mut dice).to_sec1_point(false).as_bytes()).unwrap();
    phone_records(&mut dice);
    device_records(&mut dice);
    evidence(&mut dice);
    handshake(&mut dice);
    layouts(&mut dice);
    derived(&mut dice);
    println!();
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let (reader, bytes) = line.split_once(' ').unwrap();
        println!("{}", judge(reader, &hex::decode(bytes).unwrap(), &anybody));
    }
}
