//! A random number that spreads retries and refreshes of many processes over time.
//!
//! It is not for secrets.

use std::hash::{BuildHasher, RandomState};

/// A number from 0 to 1.
///
/// Not part of the crate's API: public only for the other crates of the family.
#[doc(hidden)]
pub fn random_fraction() -> f64 {
    // std seeds each hasher differently; 32 bits fit a float exactly.
    let bits = RandomState::new().hash_one(0_u8) >> 32;
    u32::try_from(bits).map_or(0.0, |bits| f64::from(bits) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_fractions_fill_the_range() {
        let fractions: Vec<f64> = (0..1000).map(|_| random_fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)));
        assert!(fractions.iter().any(|fraction| *fraction < 0.1));
        assert!(fractions.iter().any(|fraction| *fraction > 0.9));
    }
}
