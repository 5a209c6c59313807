//! Random choices that one number repeats.

/// The generator splitmix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring runs.
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to and without `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit.max(1))).unwrap_or(0)
    }

    /// True this often in a hundred.
    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    /// One of these.
    ///
    /// # Panics
    /// Without anything to choose from: a mistake in this program.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let number = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX));
        &from[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_sequence_and_every_face_comes_up() {
        let roll = |seed| (0..200).scan(Dice::new(seed), |dice, _| Some(dice.below(6))).collect::<Vec<_>>();
        assert_eq!(roll(7), roll(7));
        assert_ne!(roll(7), roll(8));
        assert!((0..6).all(|face| roll(7).contains(&face)));
    }
}
