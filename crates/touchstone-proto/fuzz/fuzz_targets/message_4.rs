#![no_main]

use touchstone_proto_fuzz::message_4;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("message_4", message_4::seeds),
    |input: &[u8]| message_4::run(input)
);
