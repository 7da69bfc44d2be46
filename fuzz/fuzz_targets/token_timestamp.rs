#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ssocreds_fuzz::token_timestamp::check(input);
});
