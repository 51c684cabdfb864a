//! The other end of an exchange of method 0 and suite 3, written from RFC 9528 alone: it has the right keys and says what it likes.

use aes::Aes128;
use ccm::{
    Ccm, KeyInit,
    aead::{Aead, Payload},
    consts::{U13, U16},
};
use hkdf::Hkdf;
use p256::{
    PublicKey, SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
};
use sha2::{Digest, Sha256};
use touchstone_proto::cbor::Head;

pub type Hash = [u8; 32];

/// `message_4`'s and `message_3`'s numbers in EDHOC_KDF.
pub const K_3: u64 = 3;
pub const K_4: u64 = 8;
const KEYSTREAM_2: u64 = 0;
const MAC_2: u64 = 2;
const MAC_3: u64 = 6;

pub fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).expect("small numbers are scalars")
}

pub fn public(key: &SigningKey) -> [u8; 65] {
    let point = key.verifying_key().to_sec1_point(false);
    point.as_bytes().try_into().expect("an uncompressed point")
}

pub fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

/// A byte string in CBOR.
pub fn bstr(bytes: &[u8]) -> Vec<u8> {
    [Head::bytes(bytes.len()).as_slice(), bytes].concat()
}

pub fn sha(pieces: &[&[u8]]) -> Hash {
    Sha256::digest(pieces.concat()).into()
}

/// EDHOC_KDF (RFC 9528 section 4.1.2).
pub fn kdf(prk: &Hash, label: u64, context: &[u8], length: usize) -> Vec<u8> {
    let info = [
        Head::uint(label).as_slice(),
        &bstr(context),
        Head::uint(length as u64).as_slice(),
    ]
    .concat();
    let mut out = vec![0; length];
    Hkdf::<Sha256>::from_prk(prk)
        .expect("a PRK is long enough")
        .expand(&info, &mut out)
        .expect("messages are short");
    out
}

pub fn g(secret: &[u8; 32]) -> [u8; 32] {
    let secret = SecretKey::from_slice(secret).expect("small numbers are scalars");
    let point = secret.public_key().to_sec1_point(false);
    *point.x().expect("not the identity").as_ref()
}

/// TH_2, and PRK_2e, which is PRK_3e2m and PRK_4e3m too where both sides sign.
pub struct Keys {
    pub th_2: Hash,
    pub prk: Hash,
}

impl Keys {
    /// `secret` is ours, `peer` the other side's x-coordinate, `g_y` the Responder's.
    pub fn new(secret: &[u8; 32], peer: &[u8], g_y: &[u8], message_1: &[u8]) -> Self {
        let th_2 = sha(&[&bstr(g_y), &bstr(&sha(&[message_1]))]);
        let secret = SecretKey::from_slice(secret).expect("small numbers are scalars");
        let peer = [&[2], peer].concat();
        let peer = PublicKey::from_sec1_bytes(&peer).expect("our own code sent a point");
        let shared = secret.diffie_hellman(&peer);
        let (prk, _) = Hkdf::<Sha256>::extract(Some(&th_2), shared.raw_secret_bytes());
        Self {
            th_2,
            prk: prk.into(),
        }
    }

    /// Encrypts or decrypts PLAINTEXT_2.
    pub fn keystream_2(&self, text: &[u8]) -> Vec<u8> {
        let keystream = kdf(&self.prk, KEYSTREAM_2, &self.th_2, text.len());
        text.iter().zip(keystream).map(|(a, b)| a ^ b).collect()
    }
}

/// message_2 with this PLAINTEXT_2.
pub fn message_2(keys: &Keys, g_y: &[u8], plaintext_2: &[u8]) -> Vec<u8> {
    bstr(&[g_y, &keys.keystream_2(plaintext_2)].concat())
}

/// message_3 (with [`K_3`]) or message_4 (with [`K_4`]) with this plaintext.
pub fn encrypt0(prk: &Hash, label: u64, hash: &Hash, plaintext: &[u8]) -> Vec<u8> {
    let (cipher, nonce, aad) = cipher(prk, label, hash);
    let payload = Payload {
        msg: plaintext,
        aad: &aad,
    };
    let nonce = nonce.as_slice().try_into().expect("13 bytes");
    bstr(&cipher.encrypt(&nonce, payload).expect("messages are short"))
}

/// The plaintext of a message_3 or message_4 of our own code.
pub fn decrypt0(prk: &Hash, label: u64, hash: &Hash, ciphertext: &[u8]) -> Vec<u8> {
    let (cipher, nonce, aad) = cipher(prk, label, hash);
    let payload = Payload {
        msg: ciphertext,
        aad: &aad,
    };
    let nonce = nonce.as_slice().try_into().expect("13 bytes");
    cipher
        .decrypt(&nonce, payload)
        .expect("both ends derive the same keys")
}

fn cipher(prk: &Hash, label: u64, hash: &Hash) -> (Ccm<Aes128, U16, U13>, Vec<u8>, Vec<u8>) {
    let key = kdf(prk, label, hash, 16);
    let nonce = kdf(prk, label + 1, hash, 13);
    let aad = [&b"\x83\x68Encrypt0\x40"[..], &bstr(hash)].concat();
    let cipher = KeyInit::new_from_slice(&key).expect("16 bytes");
    (cipher, nonce, aad)
}

/// What a side signs: `c_r` is encoded, and empty for the Initiator.
pub struct ToSign<'a> {
    pub c_r: &'a [u8],
    pub id_cred: &'a [u8],
    pub hash: &'a Hash,
    pub cred: &'a [u8],
    pub ead: &'a [u8],
}

impl ToSign<'_> {
    /// Signature_or_MAC_2 or _3.
    pub fn signed(&self, prk: &Hash, key: &SigningKey) -> [u8; 64] {
        let label = if self.c_r.is_empty() { MAC_3 } else { MAC_2 };
        let external = [&bstr(self.hash), self.cred, self.ead].concat();
        let context = [self.c_r, self.id_cred, &external].concat();
        let mac = kdf(prk, label, &context, 32);
        let structure = [
            &b"\x84\x6aSignature1"[..],
            &bstr(self.id_cred),
            &bstr(&external),
            &bstr(&mac),
        ];
        sign(key, &structure.concat())
    }
}

/// A plaintext of the right form; `prefix` is the encoded C_R, or nothing.
pub fn plaintext(prefix: &[u8], id_cred: &[u8], signature: &[u8; 64], ead: &[u8]) -> Vec<u8> {
    [prefix, id_cred, &bstr(signature), ead].concat()
}

/// The hash that follows: TH_3 or TH_4.
pub fn next_hash(hash: &Hash, plaintext: &[u8], cred: &[u8]) -> Hash {
    sha(&[&bstr(hash), plaintext, cred])
}
