#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ssocreds_fuzz::endpoint_request::check(input);
});
