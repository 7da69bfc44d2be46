//! The code in the project's own pages, compiled as their readers would.
//!
//! Not responsible for tests: they are in `main.rs`. Each crate's README is compiled with that crate.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/COMING_FROM.md")]
struct ComingFrom;
