#![no_main]

use touchstone_proto_fuzz::bundle;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("bundle", bundle::seeds),
    |input: &[u8]| bundle::run(input)
);
