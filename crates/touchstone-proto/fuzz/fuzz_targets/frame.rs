#![no_main]

use touchstone_proto_fuzz::frame;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("frame", frame::seeds),
    |input: &[u8]| frame::run(input)
);
