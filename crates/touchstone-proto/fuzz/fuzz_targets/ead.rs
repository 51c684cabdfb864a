#![no_main]

use touchstone_proto_fuzz::ead;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("ead", ead::seeds),
    |input: &[u8]| ead::run(input)
);
