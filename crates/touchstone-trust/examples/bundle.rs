//! Signed trust bundles that this crate writes and takes, for a second decoder to compare itself with (`touchstone-proto/vectors/check_cddl.py`).
//!
//! Prints one line of JSON for each random bundle: the reader it is meant for, its bytes and the values in it, in order. After an empty line it
//! answers each line `READER HEX` on its input with `yes` or `no`: whether it can be read, whoever signed it and whatever its certificates are.
//!
//!     cargo run -p touchstone-trust --example bundle -- SEED

use std::{env, io};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use touchstone_proto::{
    cbor::{Head, Reader},
    evidence::FirmwareVersion,
    record::Level,
};
use touchstone_trust::{Bundle, BundleContents, BundleError, Line, Model, ModelPolicy};

const BUNDLES: usize = 40;

const PROTECTED: &[u8] = b"\xa2\x01\x26\x10\x78\x21application/vnd.touchstone.bundle";

/// A vendor whose signature is under everything here: what is looked at is the form.
fn sign(message: &[u8]) -> [u8; 64] {
    let signature: Signature = vendor().sign(message);
    signature.to_bytes().into()
}

fn vendor() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    [Head::bytes(bytes.len()).as_slice(), bytes].concat()
}

fn read(message: &[u8]) -> Result<Bundle, BundleError> {
    let key = vendor().verifying_key().to_sec1_point(false);
    Bundle::from_signed(message, key.as_bytes().try_into().unwrap())
}

/// Any number, the short ones as often as the long ones.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(wide, shift)| wide >> shift)
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

fn line() -> impl Strategy<Value = Line> {
    (bytes(300), vec(any::<u16>(), 0..4), vec(bytes(20), 0..4)).prop_map(
        |(certificate, models, revoked_serials)| Line {
            certificate,
            models,
            revoked_serials,
        },
    )
}

fn model() -> impl Strategy<Value = Model> {
    let firmware = any::<[u16; 3]>().prop_map(|[major, minor, patch]| FirmwareVersion {
        major,
        minor,
        patch,
    });
    let minimum_level = prop_oneof![Just(Level::L1), Just(Level::L2)];
    let policy =
        (minimum_level, firmware, any::<bool>()).prop_map(|(level, firmware, mute)| ModelPolicy {
            minimum_level: level,
            minimum_firmware: firmware,
            allowed_without_actuators: mute,
        });
    let names = btree_map("[a-z]{0,8}", "\\PC{0,12}", 0..4);
    (any::<u16>(), names, policy).prop_map(|(class, names, policy)| Model {
        class,
        names,
        policy,
    })
}

fn contents() -> impl Strategy<Value = BundleContents> {
    (
        (number(), number(), "[0-9.]{0,24}"),
        (vec(bytes(300), 0..3), vec(bytes(300), 0..2)),
        vec(line(), 0..4),
        vec(any::<[u8; 17]>(), 0..4),
        vec(model(), 0..4),
    )
        .prop_map(
            |(
                (sequence, not_after, purpose),
                (roots, development_roots),
                lines,
                revoked_ueids,
                models,
            )| {
                BundleContents {
                    sequence,
                    not_after,
                    purpose,
                    roots,
                    development_roots,
                    lines,
                    revoked_ueids,
                    models,
                }
            },
        )
}

fn hexes<T: AsRef<[u8]>>(all: &[T]) -> Vec<String> {
    all.iter().map(hex::encode).collect()
}

fn values(contents: &BundleContents) -> Value {
    let lines = contents.lines.iter().map(|line| {
        json!([
            hex::encode(&line.certificate),
            line.models,
            hexes(&line.revoked_serials)
        ])
    });
    let models = contents.models.iter().map(|model| {
        let ModelPolicy {
            minimum_level,
            minimum_firmware:
                FirmwareVersion {
                    major,
                    minor,
                    patch,
                },
            allowed_without_actuators,
        } = model.policy;
        let names: Vec<_> = model.names.iter().collect();
        json!([
            model.class,
            names,
            minimum_level.number(),
            [major, minor, patch],
            allowed_without_actuators
        ])
    });
    json!([
        contents.sequence,
        contents.not_after,
        contents.purpose,
        hexes(&contents.roots),
        hexes(&contents.development_roots),
        lines.collect::<Vec<_>>(),
        hexes(&contents.revoked_ueids),
        models.collect::<Vec<_>>(),
    ])
}

fn print(contents: &BundleContents) {
    let payload = contents.to_payload();
    let message = contents.signed(&sign(&contents.to_be_signed()));
    let told =
        json!({ "reader": "bundle", "bytes": hex::encode(payload), "values": values(contents) });
    println!("{told}");
    // What is in it was told above.
    let told = json!({ "reader": "bundle-message", "bytes": hex::encode(message), "values": null });
    println!("{told}");
}

/// Whether a payload can be read once the vendor has signed it.
fn is_bundle(payload: &[u8]) -> bool {
    let mut structure = Vec::new();
    let mut message = vec![0x84];
    structure.extend_from_slice(b"\x84\x6aSignature1");
    for out in [&mut structure, &mut message] {
        out.extend(bstr(PROTECTED));
    }
    structure.push(0x40);
    message.push(0xa0);
    for out in [&mut structure, &mut message] {
        out.extend(bstr(payload));
    }
    message.extend(bstr(&sign(&structure)));
    !matches!(read(&message), Err(BundleError::Malformed))
}

/// Nothing inside is looked at before the signature holds, so that what is inside is asked by itself.
fn is_message(message: &[u8]) -> bool {
    if matches!(read(message), Err(BundleError::Malformed)) {
        return false;
    }
    let mut reader = Reader::new(message);
    reader.array(4).unwrap();
    reader.bytes().unwrap();
    reader.map(0).unwrap();
    is_bundle(reader.bytes().unwrap())
}

fn main() {
    let seed = env::args().nth(1).map_or(1, |seed| seed.parse().unwrap());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..BUNDLES {
        print(&contents().new_tree(&mut runner).unwrap().current());
    }
    println!();
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let (reader, bytes) = line.split_once(' ').unwrap();
        let bytes = hex::decode(bytes).unwrap();
        let good = match reader {
            "bundle" => is_bundle(&bytes),
            "bundle-message" => is_message(&bytes),
            other => panic!("no reader {other}"),
        };
        println!("{}", if good { "yes" } else { "no" });
    }
}
