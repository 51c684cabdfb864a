#![no_main]

use touchstone_proto_fuzz::message_2;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("message_2", message_2::seeds),
    |input: &[u8]| message_2::run(input)
);
