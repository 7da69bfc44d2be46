//! Compiles the code in the project's pages. Each crate compiles its own README.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/COMING_FROM.md")]
struct ComingFrom;
