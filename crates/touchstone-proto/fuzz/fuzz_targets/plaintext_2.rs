#![no_main]

use touchstone_proto_fuzz::plaintext_2;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("plaintext_2", plaintext_2::seeds),
    |input: &[u8]| plaintext_2::run(input)
);
