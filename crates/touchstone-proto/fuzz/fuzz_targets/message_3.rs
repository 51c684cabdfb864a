#![no_main]

use touchstone_proto_fuzz::message_3;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("message_3", message_3::seeds),
    |input: &[u8]| message_3::run(input)
);
