#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ssocreds_fuzz::role_credentials_file::check(input);
});
