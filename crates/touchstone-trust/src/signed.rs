//! The signed form of a bundle: COSE_Sign1 (RFC 9052 section 4.2) around deterministic CBOR.
//! Its CDDL is docs/PROTOCOL.md section 11.
//!
//! The protected header is compared whole: another algorithm, content type or encoding is another message.

use std::collections::BTreeMap;

use p256::ecdsa::{Signature, signature::Verifier};
use touchstone_proto::{
    cbor::{Head, Reader},
    error::Misbehaviour,
    evidence::FirmwareVersion,
    record::Level,
};

use crate::{Bundle, BundleContents, BundleError, Line, Model, ModelPolicy, es256};

/// Largest signed bundle that is looked at, in bytes.
pub const MAX_SIGNED_BUNDLE: usize = 1 << 20;

const FORMAT: u64 = 1;
const PROTECTED: &[u8] = b"\xa2\x01\x26\x10\x78\x21application/vnd.touchstone.bundle";

impl Bundle {
    /// Reads a bundle signed by the vendor; `vendor_key` is SEC1 uncompressed and compiled into the app.
    ///
    /// Nothing inside is interpreted before the signature was checked. Rollback is the caller's to refuse, with [`Bundle::at_least`].
    ///
    /// # Errors
    /// [`BundleError::Malformed`], [`BundleError::Signature`], or what [`Bundle::new`] finds wrong.
    pub fn from_signed(message: &[u8], vendor_key: &[u8; 65]) -> Result<Self, BundleError> {
        if message.len() > MAX_SIGNED_BUNDLE {
            return Err(BundleError::Malformed);
        }
        let (payload, signature) = open(message).map_err(|_| BundleError::Malformed)?;
        let key = es256::uncompressed(vendor_key).ok_or(BundleError::Signature)?;
        let signature = Signature::from_slice(signature).map_err(|_| BundleError::Signature)?;
        key.verify(&to_be_signed(payload), &signature)
            .map_err(|_| BundleError::Signature)?;
        Self::new(contents(payload).map_err(|_| BundleError::Malformed)?)
    }
}

impl BundleContents {
    /// The payload of a signed bundle.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut out = Output::default();
        out.head(Head::array(9)).head(Head::uint(FORMAT));
        out.head(Head::uint(self.sequence))
            .head(Head::uint(self.not_after))
            .text(&self.purpose);
        out.each(&self.roots, |out, root| out.bytes(root));
        out.each(&self.development_roots, |out, root| out.bytes(root));
        out.each(&self.lines, |out, line| {
            out.head(Head::array(3)).bytes(&line.certificate);
            out.each(&line.models, |out, class| {
                out.head(Head::uint((*class).into()))
            });
            out.each(&line.revoked_serials, |out, serial| out.bytes(serial))
        });
        out.each(&self.revoked_ueids, |out, ueid| out.bytes(ueid));
        out.each(&self.models, write_model);
        out.0
    }

    /// What the vendor's key signs with ES256: the Sig_structure of RFC 9052 section 4.4.
    pub fn to_be_signed(&self) -> Vec<u8> {
        to_be_signed(&self.to_payload())
    }

    /// The signed bundle, with a signature over [`BundleContents::to_be_signed`] as r || s.
    pub fn signed(&self, signature: &[u8; 64]) -> Vec<u8> {
        let mut out = Output::default();
        out.head(Head::array(4)).bytes(PROTECTED).head(Head::map(0));
        out.bytes(&self.to_payload()).bytes(signature);
        out.0
    }
}

fn open(message: &[u8]) -> Result<(&[u8], &[u8]), Misbehaviour> {
    let mut reader = Reader::new(message);
    reader.array(4)?;
    if reader.bytes()? != PROTECTED {
        return Err(Misbehaviour::WrongType);
    }
    reader.map(0)?;
    let payload = reader.bytes()?;
    let signature = reader.byte_array::<64>()?;
    reader.end()?;
    Ok((payload, signature))
}

fn to_be_signed(payload: &[u8]) -> Vec<u8> {
    let mut out = Output::default();
    out.head(Head::array(4))
        .text("Signature1")
        .bytes(PROTECTED)
        .bytes(&[])
        .bytes(payload);
    out.0
}

fn contents(payload: &[u8]) -> Result<BundleContents, Misbehaviour> {
    let mut reader = Reader::new(payload);
    reader.array(9)?;
    if reader.uint()? != FORMAT {
        return Err(Misbehaviour::IntegerOutOfRange);
    }
    let contents = BundleContents {
        sequence: reader.uint()?,
        not_after: reader.uint()?,
        purpose: reader.text()?.to_owned(),
        roots: list(&mut reader, read_bytes)?,
        development_roots: list(&mut reader, read_bytes)?,
        lines: list(&mut reader, |reader| {
            reader.array(3)?;
            Ok(Line {
                certificate: read_bytes(reader)?,
                models: list(reader, Reader::uint_as)?,
                revoked_serials: list(reader, read_bytes)?,
            })
        })?,
        revoked_ueids: list(&mut reader, |reader| reader.byte_array().copied())?,
        models: list(&mut reader, read_model)?,
    };
    reader.end()?;
    Ok(contents)
}

fn write_model<'a>(out: &'a mut Output, model: &Model) -> &'a mut Output {
    let FirmwareVersion {
        major,
        minor,
        patch,
    } = model.policy.minimum_firmware;
    out.head(Head::array(5))
        .head(Head::uint(model.class.into()))
        .head(Head::array(model.names.len()));
    for (language, name) in &model.names {
        out.head(Head::array(2)).text(language).text(name);
    }
    out.head(Head::uint(match model.policy.minimum_level {
        Level::L1 => 1,
        Level::L2 => 2,
    }));
    out.each(&[major, minor, patch], |out, number| {
        out.head(Head::uint((*number).into()))
    });
    out.bool(model.policy.allowed_without_actuators)
}

fn read_model(reader: &mut Reader<'_>) -> Result<Model, Misbehaviour> {
    reader.array(5)?;
    let class = reader.uint_as()?;
    let mut names = BTreeMap::new();
    for _ in 0..reader.array_any()? {
        reader.array(2)?;
        let language = reader.text()?.to_owned();
        if names
            .last_key_value()
            .is_some_and(|(last, _)| *last >= language)
        {
            return Err(Misbehaviour::UnorderedMap);
        }
        names.insert(language, reader.text()?.to_owned());
    }
    let minimum_level = match reader.uint()? {
        1 => Level::L1,
        2 => Level::L2,
        _ => return Err(Misbehaviour::IntegerOutOfRange),
    };
    reader.array(3)?;
    let minimum_firmware = FirmwareVersion {
        major: reader.uint_as()?,
        minor: reader.uint_as()?,
        patch: reader.uint_as()?,
    };
    let allowed_without_actuators = reader.bool()?;
    Ok(Model {
        class,
        names,
        policy: ModelPolicy {
            minimum_level,
            minimum_firmware,
            allowed_without_actuators,
        },
    })
}

/// Grows with what is really there, never with what a length promises.
fn list<'b, T>(
    reader: &mut Reader<'b>,
    mut item: impl FnMut(&mut Reader<'b>) -> Result<T, Misbehaviour>,
) -> Result<Vec<T>, Misbehaviour> {
    let mut list = Vec::new();
    for _ in 0..reader.array_any()? {
        list.push(item(reader)?);
    }
    Ok(list)
}

fn read_bytes(reader: &mut Reader<'_>) -> Result<Vec<u8>, Misbehaviour> {
    reader.bytes().map(<[u8]>::to_vec)
}

#[derive(Default)]
struct Output(Vec<u8>);

impl Output {
    fn head(&mut self, head: Head) -> &mut Self {
        self.0.extend_from_slice(head.as_slice());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(Head::bytes(bytes.len()))
            .0
            .extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.head(Head::text(text.len()))
            .0
            .extend_from_slice(text.as_bytes());
        self
    }

    fn bool(&mut self, value: bool) -> &mut Self {
        self.0.push(if value { 0xf5 } else { 0xf4 });
        self
    }

    fn each<T>(
        &mut self,
        items: &[T],
        item: impl for<'a> Fn(&'a mut Self, &T) -> &'a mut Self,
    ) -> &mut Self {
        self.head(Head::array(items.len()));
        for each in items {
            item(self, each);
        }
        self
    }
}
