#![no_main]

use touchstone_proto_fuzz::advert;

libfuzzer_sys::fuzz_target!(
    init: touchstone_proto_fuzz::write_seeds("advert", advert::seeds),
    |input: &[u8]| advert::run(input)
);
