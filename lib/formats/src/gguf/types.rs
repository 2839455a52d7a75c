//! The types of a tensor's elements (ggml.h, `enum ggml_type`), which come in blocks.

/// A type: its number, its name, the elements of a block, and the bytes of one.
pub(super) struct Type {
    number: u32,
    pub(super) name: &'static str,
    pub(super) block_elements: u64,
    pub(super) block_bytes: u64,
}

const fn of(number: u32, name: &'static str, block_elements: u64, block_bytes: u64) -> Type {
    Type { number, name, block_elements, block_bytes }
}

/// In order of number. Not here: the numbers that ggml has taken back (4, 5, 31 to 33, 36 to 38), and 9, Q8_1, which is
/// only ever in memory, and whose length ggml and its Python package do not agree on.
const TYPES: [Type; 33] = [
    of(0, "F32", 1, 4),
    of(1, "F16", 1, 2),
    of(2, "Q4_0", 32, 18),
    of(3, "Q4_1", 32, 20),
    of(6, "Q5_0", 32, 22),
    of(7, "Q5_1", 32, 24),
    of(8, "Q8_0", 32, 34),
    of(10, "Q2_K", 256, 84),
    of(11, "Q3_K", 256, 110),
    of(12, "Q4_K", 256, 144),
    of(13, "Q5_K", 256, 176),
    of(14, "Q6_K", 256, 210),
    of(15, "Q8_K", 256, 292),
    of(16, "IQ2_XXS", 256, 66),
    of(17, "IQ2_XS", 256, 74),
    of(18, "IQ3_XXS", 256, 98),
    of(19, "IQ1_S", 256, 50),
    of(20, "IQ4_NL", 32, 18),
    of(21, "IQ3_S", 256, 110),
    of(22, "IQ2_S", 256, 82),
    of(23, "IQ4_XS", 256, 136),
    of(24, "I8", 1, 1),
    of(25, "I16", 1, 2),
    of(26, "I32", 1, 4),
    of(27, "I64", 1, 8),
    of(28, "F64", 1, 8),
    of(29, "IQ1_M", 256, 56),
    of(30, "BF16", 1, 2),
    of(34, "TQ1_0", 256, 54),
    of(35, "TQ2_0", 256, 66),
    of(39, "MXFP4", 32, 17),
    of(40, "NVFP4", 64, 36),
    of(41, "Q1_0", 128, 18),
];

/// The type of that number.
pub(super) fn of_number(number: u32) -> Option<&'static Type> {
    TYPES.binary_search_by_key(&number, |kind| kind.number).ok().map(|at| &TYPES[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_finds_itself() {
        assert!(TYPES.windows(2).all(|pair| pair[0].number < pair[1].number));
        for kind in &TYPES {
            assert_eq!(of_number(kind.number).map(|found| found.name), Some(kind.name));
        }
        for number in [4, 5, 9, 31, 33, 36, 38, 42, u32::MAX] {
            assert!(of_number(number).is_none(), "{number}");
        }
    }
}
