#![no_main]

use touchstone_proto_fuzz::record_device;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("record_device", record_device::seeds),
    |input: &[u8]| record_device::run(input)
);
