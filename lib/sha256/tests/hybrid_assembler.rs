//! The assembler text in `src/kernel/` is what the program that writes it writes.

mod hybrid;

use hybrid::CHECKED_IN;
use hybrid::assembler::Assembler;

/// `MLBOM_WRITE_ASSEMBLER=1` writes the files anew, to be looked at and checked in.
#[test]
#[cfg_attr(miri, ignore = "reads and writes files")]
fn the_checked_in_text_is_the_written_one() {
    for (streams, blocks, checked_in) in CHECKED_IN {
        let written = Assembler::new(streams, blocks).text();
        if std::env::var_os("MLBOM_WRITE_ASSEMBLER").is_some_and(|value| value == "1") {
            let path = format!("{}/src/kernel/hybrid{streams}.s", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, &written).expect("the source tree can be written");
            continue;
        }
        // Not assert_eq: two thousand lines, twice, help nobody.
        let differs = written.lines().zip(checked_in.lines()).position(|(one, other)| one != other);
        assert_eq!(differs, None, "hybrid{streams}.s: the first line that differs, from 0");
        assert!(written == checked_in, "hybrid{streams}.s: one is longer, or a line ends otherwise");
    }
}
