#![no_main]

use touchstone_proto_fuzz::evidence;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("evidence", evidence::seeds),
    |input: &[u8]| evidence::run(input)
);
