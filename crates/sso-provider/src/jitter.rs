//! A random number, to spread what many processes would otherwise do at the same moment.
//!
//! Not for anything secret.

use std::hash::{BuildHasher, RandomState};

/// Between 0 and 1.
pub(crate) fn random_fraction() -> f64 {
    // std seeds each hasher differently; 32 bits fit a float exactly.
    let bits = RandomState::new().hash_one(0_u8) >> 32;
    u32::try_from(bits).map_or(0.0, |bits| f64::from(bits) / f64::from(u32::MAX))
}
