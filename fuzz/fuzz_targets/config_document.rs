#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ssocreds_fuzz::config_document::check(input);
});
