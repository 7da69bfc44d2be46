//! Random jitter, which spreads the retries and refreshes of many processes over time. Not
//! cryptographically secure.

use std::hash::{BuildHasher, RandomState};

/// Returns a random number from 0 to 1, both included.
///
/// Not part of the crate's API: public only for the other crates of `ssocreds`.
#[doc(hidden)]
pub fn random_fraction() -> f64 {
    // std seeds each `RandomState` differently. An f64 represents 32 bits exactly.
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
