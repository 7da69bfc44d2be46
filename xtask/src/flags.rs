//! The command line of `cargo xtask`.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    clippy::allow_attributes_without_reason,
    reason = "made by the macro"
)]

xflags::xflags! {
    /// The maintainers' tasks.
    cmd xtask {
        /// Runs all checks except the ordinary tests.
        cmd ci {}
        /// Checks the layers and the language of the sources.
        cmd tidy {}
        /// Shows how a profile becomes credentials, against an emulated AWS.
        cmd demo {}
        /// Runs the AWS clients and ssocreds on the same files and services.
        cmd interop {
            /// Only this client: botocore, aws-cli-v1, aws-cli-v2, go, javascript, rust, java or object_store.
            optional --client client: String
            /// Writes docs/INTEROP.md.
            optional --write
        }
        /// Measures ssocreds, lower bounds and other clients.
        cmd bench {
            /// Runs few rounds, only to show that it works.
            optional --quick
            /// Writes docs/BENCHMARKS.md.
            optional --write
        }
        /// Runs many processes in one home directory with random faults, and checks the invariants.
        cmd chaos {
            /// Duration (default: 1).
            optional --minutes minutes: f64
            /// Repeats the choices of an earlier run.
            optional --seed seed: u64
        }
        /// Fuzzes the parsers of untrusted input with cargo-fuzz.
        cmd fuzz {
            /// Duration for each target (default: a few seconds).
            optional --minutes minutes: f64
            /// Only this target of fuzz/fuzz_targets.
            optional target: String
        }
        /// Changes the sources of the library crates, and checks that tests fail; for hours.
        cmd mutants {
            /// Only this crate.
            optional name: String
        }
        /// Installs what tests marked `#[ignore = "needs NAME"]` run, and prints the PATH to find it.
        cmd needs {}
        /// Runs the long forms of the checks, for hours.
        cmd nightly {}
        /// Builds and tests for musl and Windows (with wine); compiles and links for macOS.
        cmd platforms {
            /// Only this platform: musl, windows or macos.
            optional name: String
            /// Only the crates with platform-specific code.
            optional --short
        }
        /// Runs all tests under the address sanitizer, for minutes.
        cmd sanitize {}
        /// Checks that the crates can be published, and builds the archives. Publishes nothing.
        cmd release {
            /// Only builds the archive for this target.
            optional --archive target: String
            /// Only writes the public API to crates/*/public-api.txt.
            optional --write-api
        }
    }
}
