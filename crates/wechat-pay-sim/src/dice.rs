//! Deterministic randomness: the same seed and the same calls give the same numbers, also across a snapshot.

use serde::{Deserialize, Serialize};

/// SplitMix64. Its whole state is one number, so that it can be saved with the orders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dice(u64);

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// That many of `0-9A-Za-z`.
    pub(crate) fn text(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(ALPHANUMERIC[(self.next() % 62) as usize]))
            .collect()
    }

    /// That many decimal digits.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(b'0' + (self.next() % 10) as u8))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut one, mut two, mut other) = (Dice::new(7), Dice::new(7), Dice::new(8));
        let text = one.text(32);
        assert_eq!(text, two.text(32), "a run must be repeatable from its seed");
        assert_ne!(text, other.text(32), "another seed is another run");
    }
}
