#![no_main]

use touchstone_proto_fuzz::record_phone;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("record_phone", record_phone::seeds),
    |input: &[u8]| record_phone::run(input)
);
