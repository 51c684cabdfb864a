#![no_main]

use touchstone_proto_fuzz::certificate;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("certificate", certificate::seeds),
    |input: &[u8]| certificate::run(input)
);
