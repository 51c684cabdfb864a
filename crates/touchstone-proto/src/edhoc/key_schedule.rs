//! The key schedule (RFC 9528 section 4.1).

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::cipher_suite::HASH_LENGTH;
use crate::cbor::Head;
use crate::error::LocalError;

/// `info_label` of `EDHOC_KDF` (RFC 9528 section 4.1.2, figure 6, and appendix H).
pub(super) mod label {
    pub(crate) const KEYSTREAM_2: u64 = 0;
    pub(crate) const SALT_3E2M: u64 = 1;
    pub(crate) const MAC_2: u64 = 2;
    pub(crate) const K_3: u64 = 3;
    pub(crate) const IV_3: u64 = 4;
    pub(crate) const SALT_4E3M: u64 = 5;
    pub(crate) const MAC_3: u64 = 6;
    pub(crate) const PRK_OUT: u64 = 7;
    pub(crate) const K_4: u64 = 8;
    pub(crate) const IV_4: u64 = 9;
    pub(crate) const PRK_EXPORTER: u64 = 10;
    pub(crate) const PRK_OUT_UPDATE: u64 = 11;
}

/// Most slices a context is made of.
const MAX_PIECES: usize = 8;

/// A pseudorandom key: `PRK_2e`, `PRK_3e2m`, `PRK_4e3m`, `PRK_out` or `PRK_exporter`. Zeroized on drop.
#[derive(Clone)]
pub(super) struct Prk(Zeroizing<[u8; HASH_LENGTH]>);

impl Prk {
    /// `EDHOC_Extract` (RFC 9528 section 4.1.1).
    pub(super) fn extract(salt: &[u8; HASH_LENGTH], secret: &[u8]) -> Self {
        let mut prk = Zeroizing::new([0; HASH_LENGTH]);
        let (mut output, _) = Hkdf::<Sha256>::extract(Some(salt), secret);
        prk.copy_from_slice(&output);
        zeroize::Zeroize::zeroize(output.as_mut_slice());
        Self(prk)
    }

    /// `EDHOC_KDF` (RFC 9528 section 4.1.2) with a context given in pieces.
    pub(super) fn kdf(
        &self,
        label: u64,
        context: &[&[u8]],
        output: &mut [u8],
    ) -> Result<(), LocalError> {
        let length = context.iter().map(|piece| piece.len()).sum();
        let output_length = u64::try_from(output.len()).map_err(|_| LocalError::OutputTooLong)?;
        let (label, length) = (Head::uint(label), Head::bytes(length));
        let output_length = Head::uint(output_length);
        let mut info = heapless::Vec::<&[u8], { MAX_PIECES + 3 }>::new();
        let pieces = [label.as_slice(), length.as_slice()]
            .into_iter()
            .chain(context.iter().copied())
            .chain([output_length.as_slice()]);
        for piece in pieces {
            info.push(piece).map_err(|_| LocalError::OutputTooLong)?;
        }
        Hkdf::<Sha256>::from_prk(self.0.as_slice())
            .map_err(|_| LocalError::OutputTooLong)?
            .expand_multi_info(&info, output)
            .map_err(|_| LocalError::OutputTooLong)
    }

    /// `EDHOC_KDF` of as many bytes as the result has.
    pub(super) fn derive<const N: usize>(
        &self,
        label: u64,
        context: &[u8],
    ) -> Result<Zeroizing<[u8; N]>, LocalError> {
        let mut output = Zeroizing::new([0; N]);
        self.kdf(label, &[context], output.as_mut_slice())?;
        Ok(output)
    }

    /// The key that follows by `EDHOC_KDF` alone.
    pub(super) fn next(&self, label: u64, context: &[u8]) -> Result<Self, LocalError> {
        self.derive(label, context).map(Self)
    }

    /// The key that follows by mixing in a static Diffie-Hellman secret: `PRK_3e2m` or `PRK_4e3m` of method 3.
    pub(super) fn mix(
        &self,
        salt_label: u64,
        transcript_hash: &[u8; HASH_LENGTH],
        secret: &p256::ecdh::SharedSecret,
    ) -> Result<Self, LocalError> {
        let salt = self.derive(salt_label, transcript_hash)?;
        Ok(Self::extract(&salt, secret.raw_secret_bytes()))
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8; HASH_LENGTH] {
        &self.0
    }
}

impl core::fmt::Debug for Prk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Prk(32 bytes)")
    }
}
