//! What runs in the emulator, without an operating system: the bodies of the hybrid kernel, and the kernels as they are in
//! the product, on many inputs. What comes out goes to the printer, for `check.py` to compare; nothing here knows what is
//! right.

#![no_std]
#![no_main]
#![no_builtins]

use core::arch::{asm, global_asm, naked_asm};
use core::panic::PanicInfo;
use core::slice;

use kernel::{Block, Kernel, State};

// The kernels' own source, which takes these for what they are named.
extern crate self as sha2;
extern crate self as std;
mod stand_in;
pub use stand_in::{block_api, sync, time};

/// The guest asked the processor before it came this far.
macro_rules! is_x86_feature_detected {
    ($feature:literal) => {
        true
    };
}

#[allow(dead_code)]
#[path = "../../../lib/sha256/src/kernel/mod.rs"]
mod kernel;

global_asm!(include_str!("boot.s"), options(raw));

macro_rules! body {
    ($name:ident, $file:literal) => {
        #[unsafe(naked)]
        unsafe extern "sysv64" fn $name() {
            naked_asm!(include_str!($file), options(raw))
        }
    };
}

body!(body2, "../../../lib/sha256/src/kernel/hybrid2.s");
body!(body3, "../../../lib/sha256/src/kernel/hybrid3.s");
body!(body4, "../../../lib/sha256/src/kernel/hybrid4.s");

/// The round constants and the order of bytes, from `check.py`.
#[repr(C, align(64))]
struct Constants([u8; 64 * 4 + 32]);

static CONSTANTS: Constants = Constants(*include_bytes!(env!("MLBOM_CONSTANTS")));

/// Streams, blocks in a turn, body.
const BODIES: [(usize, usize, unsafe extern "sysv64" fn()); 3] =
    [(2, 4, body2), (3, 2, body3), (4, 2, body4)];
const TURNS: [usize; 5] = [1, 2, 3, 4, 5];
const SEEDS: u64 = 12;
const KERNELS: [(Kernel, usize); 5] =
    [(Kernel::Hybrid, 4), (Kernel::Hybrid, 3), (Kernel::Hybrid, 2), (Kernel::ShaNi, 4), (Kernel::Avx2, 8)];
/// At a time, and in a run: more than there are lanes, and than any turn has.
const MOST_STREAMS: u64 = 9;
const MOST_BLOCKS: u64 = 12;

/// Memory of 2 MiB between two pieces that are not there (`boot.s`).
const PIECE_BYTES: usize = 2 << 20;
const fn piece(number: usize) -> usize {
    (8 << 20) + number * 2 * PIECE_BYTES
}
const SCRATCH_BYTES: usize = 2 * 8 * 64 * 4 + 4 * 32;

#[unsafe(no_mangle)]
extern "sysv64" fn guest() -> ! {
    let seven = core::arch::x86_64::__cpuid_count(7, 0);
    let one = core::arch::x86_64::__cpuid(1);
    let mut have = true;
    for (name, bit) in [
        ("sha_ni", seven.ebx >> 29),
        ("avx512f", seven.ebx >> 16),
        ("avx512bw", seven.ebx >> 30),
        ("avx512vl", seven.ebx >> 31),
        ("xsave", one.ecx >> 26),
    ] {
        have &= bit & 1 == 1;
        say("cpu ");
        say(name);
        say(if bit & 1 == 1 { " 1\n" } else { " 0\n" });
    }
    if have {
        // XCR0: x87, SSE, AVX, and the three parts of AVX-512.
        unsafe { asm!("xsetbv", in("ecx") 0, in("eax") 0xe7, in("edx") 0) };
        for (streams, blocks, body) in BODIES {
            for turns in TURNS {
                for seed in 0..SEEDS {
                    case(streams, blocks, body, turns, seed);
                }
            }
        }
        for (number, (kernel, width)) in KERNELS.into_iter().enumerate() {
            for seed in 0..SEEDS {
                product(number as u64, kernel, width, seed);
            }
        }
        say("finished\n");
    }
    end()
}

/// One call, with its inputs where a byte too far is a fault.
fn case(streams: usize, blocks: usize, body: unsafe extern "sysv64" fn(), turns: usize, seed: u64) {
    let mut next = numbers(streams as u64, turns as u64, seed);
    let length = streams * 32;
    // The end of a piece, and the start.
    let states = if seed & 1 == 0 { piece(5) + PIECE_BYTES - length } else { piece(5) } as *mut u32;
    for at in 0..streams * 8 {
        unsafe { states.add(at).write(next() as u32) };
    }
    let length = 64 * blocks * turns;
    let mut pointers = [0; 4];
    for (stream, pointer) in pointers.iter_mut().enumerate().take(streams) {
        *pointer = piece(stream)
            + match seed % 4 {
                0 => PIECE_BYTES - length,
                1 => 0,
                _ => 4096 - next() as usize % 64,
            };
        for at in 0..length {
            unsafe { ((*pointer + at) as *mut u8).write(next() as u8) };
        }
    }
    let list = (piece(6) + PIECE_BYTES - 8 * streams) as *mut usize;
    for at in 0..streams {
        unsafe { list.add(at).write(pointers[at]) };
    }
    let scratch = if seed & 2 == 0 { piece(4) + PIECE_BYTES - SCRATCH_BYTES } else { piece(4) };
    for at in 0..SCRATCH_BYTES {
        unsafe { ((scratch + at) as *mut u8).write(0xee) };
    }
    let kept = call(body, states, list, turns, scratch);
    say("case");
    for number in [streams as u64, turns as u64, seed, kept] {
        hex(number);
    }
    for at in 0..streams * 8 {
        hex(unsafe { states.add(at).read() }.into());
    }
    say("\n");
}

/// The product's driver: any number of streams, with unequal runs that end where nothing more is.
fn product(number: u64, kernel: Kernel, width: usize, seed: u64) {
    let mut next = numbers(16 + number, 0, seed);
    let streams = (next() % (MOST_STREAMS + 1)) as usize;
    let mut states = [[0; 8]; MOST_STREAMS as usize];
    let mut runs: [&[Block]; MOST_STREAMS as usize] = [&[]; MOST_STREAMS as usize];
    for stream in 0..streams {
        states[stream] = core::array::from_fn(|_| next() as u32);
        let blocks = (next() % (MOST_BLOCKS + 1)) as usize;
        let start = piece(if stream < 4 { stream } else { stream + 4 }) + PIECE_BYTES - 64 * blocks;
        for at in 0..64 * blocks {
            unsafe { ((start + at) as *mut u8).write(next() as u8) };
        }
        runs[stream] = unsafe { slice::from_raw_parts(start as *const Block, blocks) };
    }
    kernel::advance_width(kernel, width, &mut states[..streams], &runs[..streams]);
    say("product");
    for number in [number, streams as u64, seed] {
        hex(number);
    }
    states[..streams].iter().flat_map(|state: &State| state).for_each(|word| hex((*word).into()));
    say("\n");
}

/// A sequence that `check.py` has too: xorshift.
fn numbers(one: u64, two: u64, three: u64) -> impl FnMut() -> u64 {
    let mut random = (one << 32 | two << 16 | three).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 32
    }
}

/// Calls the body with marks in the registers that it has to leave as they are; the bits of them and of the stack
/// pointer that it did not, and some where the upper parts of a vector are not zero.
fn call(
    body: unsafe extern "sysv64" fn(),
    states: *mut u32,
    list: *const usize,
    turns: usize,
    scratch: usize,
) -> u64 {
    let changed: u64;
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            // Something in the upper parts, for vzeroupper to clear.
            "vpternlogd zmm15, zmm15, zmm15, 255",
            "push rsp",
            "movabs rbx, 0x0123456789abcdef",
            "lea rbp, [rbx + 1]",
            "lea r12, [rbx + 2]",
            "lea r13, [rbx + 3]",
            "lea r14, [rbx + 4]",
            "lea r15, [rbx + 5]",
            "call rax",
            "pop rax",
            "xor rax, rsp",
            "movabs rcx, 0x0123456789abcdef",
            "xor rbx, rcx",
            "or rax, rbx",
            "inc rcx",
            "xor rbp, rcx",
            "or rax, rbp",
            "inc rcx",
            "xor r12, rcx",
            "or rax, r12",
            "inc rcx",
            "xor r13, rcx",
            "or rax, r13",
            "inc rcx",
            "xor r14, rcx",
            "or rax, r14",
            "inc rcx",
            "xor r15, rcx",
            "or rax, r15",
            "vpxorq ymm17, ymm17, ymm17",
            ".irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
            "vextracti64x2 xmm16, ymm\\number, 1",
            "vporq ymm17, ymm17, ymm16",
            "vextracti64x4 ymm16, zmm\\number, 1",
            "vporq ymm17, ymm17, ymm16",
            ".endr",
            "vptestmq k1, ymm17, ymm17",
            "kmovw ecx, k1",
            "or rax, rcx",
            "pop rbp",
            "pop rbx",
            inout("rax") body => changed,
            in("rdi") states,
            in("rsi") list,
            in("rdx") turns,
            in("rcx") &raw const CONSTANTS,
            in("r8") scratch,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
            clobber_abi("sysv64"),
        );
    }
    changed
}

/// Writes to the parallel port, which the emulator writes to a file.
fn say(text: &str) {
    for byte in text.bytes() {
        out(0x378, byte);
        // Strobe.
        out(0x37a, 0x0d);
        out(0x37a, 0x0c);
    }
}

/// A space, and the number without zeros in front.
fn hex(number: u64) {
    say(" ");
    let digits = (64 - (number | 1).leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        let digit = (number >> (4 * digit) & 15) as usize;
        say(&"0123456789abcdef"[digit..digit + 1]);
    }
}

fn out(port: u16, byte: u8) {
    unsafe { asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack)) };
}

/// The emulator ends at this word.
fn end() -> ! {
    "Shutdown".bytes().for_each(|byte| out(0x8900, byte));
    loop {
        unsafe { asm!("hlt") };
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    say("panic\n");
    end()
}

// What the compiler takes for granted.

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    unsafe { asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") length => _) };
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    unsafe { asm!("rep stosb", inout("rdi") to => _, in("al") byte as u8, inout("rcx") length => _) };
    to
}
