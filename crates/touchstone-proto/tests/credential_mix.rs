//! TS/1's own mix of credentials, byte for byte: vectors/ts1-credential-mix.json.
//!
//! The session API and the EDHOC engine below it must both produce what the file says; `vectors/check_ts1.py` derives the same from the RFCs alone.
//! With `TS1_VECTORS=write` the outputs in the file are written instead of compared; the Python check then has to agree with them.

mod common;

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use common::{Factory, Yes, sec1, sign, to_device, to_phone};
use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};
use touchstone_proto::{
    advert,
    credentials::{Credentials, Network, Security},
    device::{self, FactoryKey},
    edhoc::{
        ConnectionId, CredentialId, CredentialRef, Ephemeral, Method, PublicKey, Suite,
        credential::x509_cred, initiator, responder,
    },
    evidence::{Claims, DebugStatus, FirmwareVersion},
    message::{Message, messages},
    owner::OwnerPublicKey,
    phone::{self, Confirmed, CredentialForm, Event},
    record::{Actuators, DeviceRecord, Level, PresenceKinds, PressKind},
};

#[derive(Serialize, Deserialize)]
struct File {
    about: String,
    vectors: Vec<Vector>,
}

#[derive(Serialize, Deserialize)]
struct Vector {
    name: String,
    inputs: Inputs,
    outputs: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Inputs {
    form: String,
    version: u8,
    eph_i: String,
    eph_r: String,
    c_i: String,
    c_r: String,
    sk_owner: String,
    sk_factory: String,
    leaf: String,
    ueid: String,
    nonce: String,
    n_p: String,
    n_d: String,
    claims: ClaimInputs,
    epoch: u32,
    press_kind: usize,
    contended: u32,
    ssid: String,
    passphrase: String,
}

#[derive(Serialize, Deserialize)]
struct ClaimInputs {
    model_class: u16,
    secure_boot: bool,
    debug_status: usize,
    boot_id: String,
    firmware: String,
    reset_epoch: u32,
    presence: u8,
    actuators: u8,
    max_level: u8,
    highest_version: u8,
    boot_count: u32,
}

fn bytes<const N: usize>(hexadecimal: &str) -> [u8; N] {
    hex::decode(hexadecimal).unwrap().try_into().unwrap()
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/ts1-credential-mix.json")
}

impl Inputs {
    fn form(&self) -> CredentialForm {
        match self.form.as_str() {
            "x5chain" => CredentialForm::ByValue,
            "x5t" => CredentialForm::ByReference,
            other => panic!("unknown form {other}"),
        }
    }

    fn key(&self, secret: &str) -> SigningKey {
        SigningKey::from_slice(&bytes::<32>(secret)).unwrap()
    }

    fn claims(&self) -> Claims {
        Claims {
            nonce: [0; 16],
            ueid: bytes(&self.ueid),
            model_class: self.claims.model_class,
            secure_boot: self.claims.secure_boot,
            debug_status: DebugStatus::ALL[self.claims.debug_status],
            boot_id: bytes(&self.claims.boot_id),
            firmware: FirmwareVersion::parse(&self.claims.firmware).unwrap(),
            reset_epoch: self.claims.reset_epoch,
            presence: PresenceKinds::from_bits(self.claims.presence),
            actuators: Actuators::from_bits(self.claims.actuators),
            max_level: Level::ALL[usize::from(self.claims.max_level) - 1],
            highest_version: self.claims.highest_version,
            boot_count: self.claims.boot_count,
        }
    }
}

/// Collects outputs by name.
#[derive(Default)]
struct Outputs(BTreeMap<String, String>);

impl Outputs {
    fn put(&mut self, name: &str, value: &[u8]) {
        assert!(self.0.insert(name.into(), hex::encode(value)).is_none());
    }

    fn envelope(&mut self, names: &[&str], envelope: &[u8]) {
        let bodies: Vec<_> = messages(envelope)
            .map(|message| match message.unwrap() {
                Message::Hello { message_1, .. } => message_1,
                Message::Message2(body)
                | Message::Message3(body)
                | Message::Message4(body)
                | Message::Record(body)
                | Message::EdhocError(body) => body,
            })
            .collect();
        assert_eq!(bodies.len(), names.len());
        for (name, body) in names.iter().zip(bodies) {
            self.put(name, body);
        }
    }
}

/// The vector through both sessions.
fn sessions(inputs: &Inputs) -> BTreeMap<String, String> {
    let mut outputs = Outputs::default();
    let [c_i] = bytes(&inputs.c_i);
    let [c_r] = bytes(&inputs.c_r);
    let leaf = hex::decode(&inputs.leaf).unwrap();
    let factory = Factory(inputs.key(&inputs.sk_factory));
    let owner_key = inputs.key(&inputs.sk_owner);
    let owner = OwnerPublicKey::from_sec1(&sec1(&owner_key)).unwrap();

    let (mut phone, hello) =
        phone::Session::start(inputs.form(), inputs.version, &bytes(&inputs.eph_i), c_i).unwrap();
    let mut device = device::Session::new();
    outputs.envelope(&["message_1"], &hello);
    outputs.put("hello_envelope", &hello);
    to_device(&mut device, &hello).unwrap();

    let message_2 = device
        .message_2(&leaf, &bytes(&inputs.eph_r), c_r, &factory)
        .unwrap();
    outputs.envelope(&["message_2"], &message_2);
    to_phone(&mut phone, &message_2).unwrap();
    phone
        .authenticate(&leaf, &factory.public(), &bytes(&inputs.ueid))
        .unwrap();

    let to_be_signed = phone
        .ask_owner(&owner, &bytes(&inputs.nonce))
        .unwrap()
        .to_vec();
    let message_3 = phone
        .owner_signed(&sign(&owner_key, &to_be_signed))
        .unwrap();
    outputs.envelope(&["message_3", "prepare_sealed"], &message_3);
    outputs.put("message_3_envelope", &message_3);
    to_device(&mut device, &message_3).unwrap();

    let message_4 = device.message_4(&inputs.claims(), &factory).unwrap();
    outputs.envelope(&["message_4"], &message_4);
    to_phone(&mut phone, &message_4).unwrap();
    outputs.put("evidence", phone.evidence().unwrap());
    outputs.put("binder", phone.binder().unwrap());
    outputs.put("th_4", &phone.th_4().unwrap());
    let (attested, _) = phone.appraise(&Yes).unwrap();

    let arm = phone
        .arm(&attested, Level::L1, &bytes(&inputs.n_p))
        .unwrap();
    outputs.envelope(&["arm_sealed"], &arm);
    outputs.put("h_arm", &phone.h_arm().unwrap());
    to_device(&mut device, &arm).unwrap();
    let armed = device
        .seal(&DeviceRecord::Armed {
            epoch: inputs.epoch,
            level: Level::L1,
        })
        .unwrap();
    outputs.envelope(&["armed_sealed"], &armed);
    outputs.put(
        "advert_tag",
        &advert::tag(&device.k_adv().unwrap(), inputs.epoch),
    );
    to_phone(&mut phone, &armed).unwrap();

    let kind = PressKind::ALL[inputs.press_kind];
    let touch = device
        .touch(kind, inputs.contended, &bytes(&inputs.n_d))
        .unwrap();
    outputs.envelope(&["touch_sealed"], &touch);
    let Some(Event::Touched { touched, .. }) = to_phone(&mut phone, &touch).unwrap().pop() else {
        panic!("no touch")
    };
    outputs.put("commit_id", &phone.commit_id().unwrap());

    let network = Network::personal(
        &hex::decode(&inputs.ssid).unwrap(),
        Security::Wpa2Wpa3,
        &hex::decode(&inputs.passphrase).unwrap(),
    )
    .unwrap();
    let cred = phone
        .send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &Credentials::new([network]).unwrap(),
        )
        .unwrap();
    outputs.envelope(&["cred_sealed"], &cred);
    to_device(&mut device, &cred).unwrap();
    outputs.0
}

/// The same through the engine alone, with the recorded EAD fields: confirms the messages and adds the keys.
fn engine(inputs: &Inputs, outputs: &mut BTreeMap<String, String>) {
    let suite = [Suite::Aes128CcmMac128P256];
    let method = [Method::SignatureSignature];
    let leaf = hex::decode(&inputs.leaf).unwrap();
    let factory = Factory(inputs.key(&inputs.sk_factory));
    let owner_key = inputs.key(&inputs.sk_owner);
    let owner = OwnerPublicKey::from_sec1(&sec1(&owner_key)).unwrap();
    let ephemeral = |text: &str| Ephemeral::from_bytes(&bytes(text)).unwrap();
    let id = |text: &str| ConnectionId::new(&bytes::<1>(text)).unwrap();

    let (phone, message_1) = initiator::start(
        method[0],
        &suite,
        ephemeral(&inputs.eph_i),
        id(&inputs.c_i),
        &[0x14],
    )
    .unwrap();
    assert_eq!(outputs["message_1"], hex::encode(&message_1));
    let received = responder::AwaitMessage1::new(&method, &suite)
        .read(&message_1)
        .unwrap();
    let hash = <sha2::Sha256 as sha2::Digest>::digest(&leaf);
    let id_cred_r = match inputs.form() {
        CredentialForm::ByValue => CredentialId::X5chain(&leaf),
        CredentialForm::ByReference => CredentialId::X5t {
            algorithm: -15,
            hash: &hash[..8],
        },
    }
    .encode()
    .unwrap();
    let cred_r = x509_cred(&leaf).unwrap();
    let pending = received
        .message_2(
            ephemeral(&inputs.eph_r),
            id(&inputs.c_r),
            CredentialRef {
                id_cred: &id_cred_r,
                cred: &cred_r,
            },
            &hex::decode("154481190107").unwrap(),
        )
        .unwrap();
    let signature = sign(&factory.0, pending.to_be_signed());
    let (_, message_2) = pending.signed(&signature).unwrap();
    assert_eq!(outputs["message_2"], hex::encode(&message_2));
    let verified = phone
        .read(&message_2)
        .unwrap()
        .verify(&cred_r, &PublicKey::from_sec1(&factory.public()).unwrap())
        .unwrap();
    let cred_i = owner.to_ccs();
    let id_cred_i = CredentialId::Kccs(&cred_i).encode().unwrap();
    let ead_3 = hex::decode(format!("16558219010750{}", inputs.nonce)).unwrap();
    let pending = verified
        .message_3(
            CredentialRef {
                id_cred: &id_cred_i,
                cred: &cred_i,
            },
            &ead_3,
        )
        .unwrap();
    let signature = sign(&owner_key, pending.to_be_signed());
    let (phone, message_3) = pending.signed(&signature).unwrap();
    assert_eq!(outputs["message_3"], hex::encode(&message_3));
    assert_eq!(outputs["th_4"], hex::encode(phone.th_4()));

    let exporter = phone.exporter();
    let context = [0x82, 0x64, b'T', b'S', b'/', b'1', inputs.version];
    for (name, label, length) in [
        ("key_i_to_r", 0x8001, 32),
        ("key_r_to_i", 0x8002, 32),
        ("static_ivs", 0x8003, 24),
        ("touch_key", 0x8004, 32),
        ("k_adv", 0x8005, 32),
    ] {
        let mut key = vec![0; length];
        exporter.export(label, &context, &mut key).unwrap();
        outputs.insert(name.into(), hex::encode(key));
    }
}

#[test]
fn every_vector_comes_out_byte_for_byte() {
    let text = fs::read_to_string(path()).unwrap();
    let mut file: File = serde_json::from_str(&text).unwrap();
    assert!(file.vectors.len() >= 4);
    let write = env::var_os("TS1_VECTORS").is_some_and(|value| value == "write");
    for vector in &mut file.vectors {
        let mut outputs = sessions(&vector.inputs);
        engine(&vector.inputs, &mut outputs);
        if write {
            vector.outputs = outputs;
        } else {
            assert_eq!(vector.outputs, outputs, "{}", vector.name);
        }
    }
    if write {
        let mut text = serde_json::to_string_pretty(&file).unwrap();
        text.push('\n');
        fs::write(path(), text).unwrap();
    }
}

#[test]
fn the_mix_covers_both_forms_and_both_signs_of_y() {
    let file: File = serde_json::from_str(&fs::read_to_string(path()).unwrap()).unwrap();
    let mut seen: Vec<_> = file
        .vectors
        .iter()
        .map(|vector| {
            let key = vector.inputs.key(&vector.inputs.sk_owner);
            (vector.inputs.form.clone(), sec1(&key)[64] & 1)
        })
        .collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    let factory = Factory(
        file.vectors[0]
            .inputs
            .key(&file.vectors[0].inputs.sk_factory),
    );
    let _: &dyn FactoryKey = &factory;
}
