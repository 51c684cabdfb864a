#![no_main]

use touchstone_proto_fuzz::message_1;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("message_1", message_1::seeds),
    |input: &[u8]| message_1::run(input)
);
