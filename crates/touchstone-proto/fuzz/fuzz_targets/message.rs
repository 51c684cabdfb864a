#![no_main]

use touchstone_proto_fuzz::message;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("message", message::seeds),
    |input: &[u8]| message::run(input)
);
