//! The hybrid kernel's assembler, run by an interpreter: on every machine, every access to memory checked.

mod common;
mod hybrid;

use common::{Random, compress, round_constants};
use hybrid::CHECKED_IN;
use hybrid::interpreter::{KEPT, Machine, general};
use hybrid::memory::Memory;
use mlbom_sha256::kernel::State;

const RETURN: u64 = 0x0dd_ba11;
const SCRATCH: usize = 2 * 8 * 64 * 4 + 4 * 32;

/// Runs `text` as its caller would, and compares what it leaves with what the standard says.
fn run(
    text: &str,
    streams: usize,
    blocks: usize,
    turns: usize,
    room: usize,
    seed: u64,
) -> Result<(), String> {
    let mut random = Random::new(seed);
    let start: Vec<State> = (0..streams).map(|_| std::array::from_fn(|_| random.word() as u32)).collect();
    let data: Vec<Vec<u8>> = (0..streams).map(|_| random.bytes(64 * blocks * turns)).collect();

    let mut memory = Memory::default();
    let ordered: Vec<u8> = start
        .iter()
        .flat_map(|&[a, b, c, d, e, f, g, h]| [f, e, b, a, h, g, d, c].map(u32::to_le_bytes).concat())
        .collect();
    let states = memory.place("states", &ordered, true, 4);
    let pointers: Vec<u8> = data
        .iter()
        .flat_map(|bytes| memory.place("data", bytes, false, random.word() % 64).to_le_bytes())
        .collect();
    let pointers = memory.place("pointers", &pointers, false, 8);
    let mut constants = round_constants().map(u32::to_le_bytes).concat();
    constants.extend([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12].repeat(2));
    let constants = memory.place("constants", &constants, false, 0);
    let scratch = memory.reserve("scratch", room);
    // Seven registers, and the address to return to: the last of it.
    let stack = memory.reserve("stack", 8 * 8);

    let mut machine = Machine::new(memory);
    machine.general = std::array::from_fn(|register| 0x5e47_0000 + register as u64);
    let top = stack + 7 * 8;
    for (name, value) in [
        ("rdi", states),
        ("rsi", pointers),
        ("rdx", turns as u64),
        ("rcx", constants),
        ("r8", scratch),
        ("rsp", top),
    ] {
        machine.general[general(name).expect("a register")] = value;
    }
    machine.memory.write(top, &RETURN.to_le_bytes())?;
    let before = machine.general;

    if machine.run(text)? != RETURN {
        return Err("returns to somewhere else".into());
    }
    for name in KEPT {
        let register = general(name).expect("a register");
        let want = before[register] + if name == "rsp" { 8 } else { 0 };
        if machine.general[register] != want {
            return Err(format!("leaves {name} as {:#x}, not {want:#x}", machine.general[register]));
        }
    }
    if machine.vectors[..16].iter().any(|vector| vector[4..] != [0; 4]) {
        return Err("leaves upper halves of vectors: vzeroupper is missing".into());
    }
    for (index, (mut want, bytes)) in start.into_iter().zip(&data).enumerate() {
        compress(&mut want, bytes.as_chunks::<64>().0);
        let words = machine.memory.read::<32>(states + 32 * index as u64)?;
        let [f, e, b, a, h, g, d, c]: State =
            std::array::from_fn(|at| u32::from_le_bytes(words.as_chunks::<4>().0[at]));
        if [a, b, c, d, e, f, g, h] != want {
            return Err(format!("stream {index} is wrong after {turns} turns"));
        }
    }
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "an interpreter in an interpreter")]
fn the_text_computes_sha_256() {
    for (streams, blocks, text) in CHECKED_IN {
        for turns in [1, 2, 3, 4, 7] {
            for seed in 0..3 {
                assert_eq!(
                    run(text, streams, blocks, turns, SCRATCH, seed),
                    Ok(()),
                    "{streams} streams, {turns} turns"
                );
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "an interpreter in an interpreter")]
fn all_of_the_scratch_space_is_needed_and_no_more() {
    for (streams, blocks, text) in CHECKED_IN {
        let room = 2 * 8 * 64 * 4 + streams * 32;
        assert_eq!(run(text, streams, blocks, 2, room, 1), Ok(()));
        assert!(run(text, streams, blocks, 2, room - 1, 1).is_err(), "{streams} streams");
    }
}

/// What the interpreter is for: each fault in the text is seen.
#[test]
#[cfg_attr(miri, ignore = "an interpreter in an interpreter")]
fn faults_are_found() {
    for (streams, blocks, text) in CHECKED_IN {
        for (from, to, what) in [
            ("cmove rsi, rdi\n", "", "reads on behind the data"),
            ("vzeroupper\n", "", "leaves upper halves"),
            ("push r12\n", "", "leaves a register changed"),
            ("pop rbx\n", "", "leaves the stack pointer elsewhere"),
            ("pop r12\npop rbx\n", "pop rbx\npop r12\n", "swaps two registers"),
            ("vpshufb", "vpshufd", "an instruction that is unknown"),
            ("ymmword ptr [r12 + 256]", "ymmword ptr [r12 + 257]", "reads behind the constants"),
            ("vprord ymm", "vprold ymm", "an instruction that is unknown"),
            (", 18\n", ", 19\n", "another function"),
            ("xchg rax, rcx\n3:", "3:", "reads what was never written"),
            (
                "vmovdqu8 xmm16, xmmword ptr [r8 + 0]",
                "vmovdqu8 xmm16, xmmword ptr [r9 + 0]",
                "another stream's words",
            ),
            ("jnz 3b\n", "", "stops after a turn"),
        ] {
            let changed = text.replacen(from, to, 1);
            // The fault of every place at once, where one alone sits where no turn uses it.
            let everywhere = text.replace(from, to);
            assert_ne!(changed, text, "{what}: nothing to change in the text of {streams} streams");
            let outcome = run(&everywhere, streams, blocks, 3, SCRATCH, 1);
            assert!(outcome.is_err(), "{what}: {streams} streams");
        }
    }
}

/// One instruction less is never the same program: none is there for nothing, and none goes unexamined.
#[test]
#[cfg_attr(miri, ignore = "an interpreter in an interpreter")]
fn a_missing_instruction_is_found() {
    let (streams, blocks, text) = CHECKED_IN[2];
    let lines: Vec<&str> = text.lines().collect();
    let random = &mut Random::new(9);
    let mut found = 0;
    for _ in 0..300 {
        let left_out = random.below(lines.len());
        if lines[left_out].starts_with('#') || lines[left_out] == "3:" {
            continue;
        }
        let changed = [&lines[..left_out], &lines[left_out + 1..]].concat().join("\n");
        assert!(run(&changed, streams, blocks, 3, SCRATCH, 1).is_err(), "without line {}", left_out + 1);
        found += 1;
    }
    assert!(found > 250);
}
