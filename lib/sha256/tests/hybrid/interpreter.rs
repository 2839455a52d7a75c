//! Runs the text of the hybrid kernel's assembler, on any machine.
//!
//! It knows the instructions and operands that occur and no others: what it does not know is an error, so that nothing
//! in the text goes unexamined. What a real assembler makes of the text, this cannot tell.

use super::memory::Memory;

type Vector = [u32; 8];

/// The processor.
pub struct Machine {
    pub general: [u64; 16],
    pub vectors: [Vector; 32],
    pub memory: Memory,
    zero: bool,
}

/// Names of the general registers, 64 bits each, by number.
const GENERAL: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];
/// Registers that a function leaves as they were (System V AMD64 ABI, 3.2.1).
pub const KEPT: [&str; 7] = ["rbx", "rsp", "rbp", "r12", "r13", "r14", "r15"];

/// The number of a general register.
pub fn general(name: &str) -> Option<usize> {
    GENERAL.iter().position(|known| *known == name)
}

impl Machine {
    pub fn new(memory: Memory) -> Self {
        Self { general: [0; 16], vectors: [[0xa5a5_a5a5; 8]; 32], memory, zero: false }
    }

    /// Runs until the function returns; the address that it returns to is the answer.
    pub fn run(&mut self, text: &str) -> Result<u64, String> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let mut at = 0;
        for _ in 0..1_000_000 {
            let line = *lines.get(at).ok_or("runs past the end")?;
            at += 1;
            if line.starts_with('#') || line.is_empty() || line == "3:" {
                continue;
            }
            let (name, operands) = line.split_once(' ').unwrap_or((line, ""));
            let operands: Vec<&str> = operands.split(',').map(str::trim).collect();
            let fault = |what: String| format!("line {at}: {line}: {what}");
            match (name, &operands[..]) {
                ("ret", [""]) => return self.pop().map_err(fault),
                ("jnz", ["3b"]) => {
                    if !self.zero {
                        at = lines[..at]
                            .iter()
                            .rposition(|line| *line == "3:")
                            .ok_or("no label 3 before it")?;
                    }
                }
                _ if name.starts_with('v') || name.starts_with("sha") => {
                    self.vector_instruction(name, &operands).map_err(fault)?;
                }
                _ => self.general_instruction(name, &operands).map_err(fault)?,
            }
        }
        Err("does not end".into())
    }

    fn general_instruction(&mut self, name: &str, operands: &[&str]) -> Result<(), String> {
        let register = |name: &str| general(name).ok_or(format!("no register {name}"));
        match (name, operands) {
            ("push", [from]) => {
                let value = self.general[register(from)?];
                self.general[4] -= 8;
                self.memory.write(self.general[4], &value.to_le_bytes())?;
            }
            ("pop", [to]) => self.general[register(to)?] = self.pop()?,
            // The halves of registers that occur; writing one clears the other half.
            ("mov", ["esi", value]) => self.general[6] = u64::from(number::<u32>(value)?),
            ("xor", ["edi", "edi"]) => (self.general[7], self.zero) = (0, true),
            ("mov", [to, from]) if from.starts_with("qword ptr ") => {
                let bytes = self.memory.read(self.address(from.trim_start_matches("qword ptr "))?)?;
                self.general[register(to)?] = u64::from_le_bytes(bytes);
            }
            ("mov", [to, from]) => self.general[register(to)?] = self.general[register(from)?],
            ("lea", [to, from]) => self.general[register(to)?] = self.address(from)?,
            ("xchg", [one, other]) => self.general.swap(register(one)?, register(other)?),
            ("cmp", [register_name, value]) => {
                self.zero = self.general[register(register_name)?] == number::<u64>(value)?;
            }
            ("cmove", [to, from]) => {
                if self.zero {
                    self.general[register(to)?] = self.general[register(from)?];
                }
            }
            ("add", [to, from]) => {
                let sum = self.general[register(to)?].wrapping_add(self.general[register(from)?]);
                (self.general[register(to)?], self.zero) = (sum, sum == 0);
            }
            ("dec", [to]) => {
                let less = self.general[register(to)?].wrapping_sub(1);
                (self.general[register(to)?], self.zero) = (less, less == 0);
            }
            _ => return Err("not an instruction that is known here".into()),
        }
        Ok(())
    }

    fn vector_instruction(&mut self, name: &str, operands: &[&str]) -> Result<(), String> {
        match (name, operands) {
            ("vzeroupper", [""]) => {
                // It leaves the upper sixteen registers alone.
                self.vectors[..16].iter_mut().for_each(|vector| vector[4..].fill(0));
            }
            // Aligned and unaligned moves between memory and registers that the first sixteen encodings reach.
            ("vmovdqu" | "vmovdqa", [to, from]) if to.contains(" ptr ") => {
                let (length, address) = self.pointed(to)?;
                let (register, width) = vector(from)?;
                self.check_move(name, length, width, register, address)?;
                let bytes = self.vectors[register].map(u32::to_le_bytes);
                self.memory.write(address, &bytes.as_flattened()[..length])?;
            }
            ("vmovdqu" | "vmovdqa", [to, from]) => {
                let (length, address) = self.pointed(from)?;
                let (register, width) = vector(to)?;
                self.check_move(name, length, width, register, address)?;
                self.vectors[register] = self.load(length, address)?;
            }
            ("vmovdqu8", [to, from]) => {
                let ((register, 16), (16, address)) = (vector(to)?, self.pointed(from)?) else {
                    return Err("widths other than 16 bytes".into());
                };
                self.vectors[register] = self.load(16, address)?;
            }
            ("vmovq", [to, from]) => {
                let ((register, 16), (8, address)) = (vector(to)?, self.pointed(from)?) else {
                    return Err("widths other than 8 bytes into 16".into());
                };
                self.vectors[register] = self.load(8, address)?;
            }
            ("vinserti32x4", [to, base, from, "1"]) => {
                let ((to, 32), (base, 32), (16, address)) = (vector(to)?, vector(base)?, self.pointed(from)?)
                else {
                    return Err("widths other than 16 bytes into 32".into());
                };
                let half = self.load(16, address)?;
                let mut result = self.vectors[base];
                result[4..].copy_from_slice(&half[..4]);
                self.vectors[to] = result;
            }
            ("sha256rnds2", [to, from]) => {
                let ((to, 16), (from, 16)) = (vector(to)?, vector(from)?) else {
                    return Err("not 16 bytes wide".into());
                };
                if to >= 16 || from >= 16 {
                    return Err("it has no encoding for registers from 16 up".into());
                }
                let low = rounds(self.vectors[to], self.vectors[from], self.vectors[0]);
                // An old encoding: the upper half stays as it was.
                self.vectors[to][..4].copy_from_slice(&low);
            }
            ("vprord" | "vpsrld", [to, from, count]) => {
                let ((to, 32), (from, 32)) = (vector(to)?, vector(from)?) else {
                    return Err("not 32 bytes wide".into());
                };
                let count = number::<u32>(count)?;
                if count == 0 || count > 31 {
                    return Err("a count that is no count".into());
                }
                let shifted =
                    |word: u32| if name == "vprord" { word.rotate_right(count) } else { word >> count };
                self.vectors[to] = self.vectors[from].map(shifted);
            }
            ("vpternlogd", [to, second, third, "0x96"]) => {
                let ((to, 32), (second, 32), (third, 32)) = (vector(to)?, vector(second)?, vector(third)?)
                else {
                    return Err("not 32 bytes wide".into());
                };
                // Table 0x96 has a one where an odd number of the three are one.
                let (a, b, c) = (self.vectors[to], self.vectors[second], self.vectors[third]);
                self.vectors[to] = std::array::from_fn(|lane| a[lane] ^ b[lane] ^ c[lane]);
            }
            (_, [to, first, second]) => self.binary(name, to, first, second)?,
            _ => return Err("not an instruction that is known here".into()),
        }
        Ok(())
    }

    /// Instructions of two sources: both registers, or the second in memory.
    fn binary(&mut self, name: &str, to: &str, first: &str, second: &str) -> Result<(), String> {
        let ((to, width), (first, same)) = (vector(to)?, vector(first)?);
        if width != same || (width == 16 && name != "vpaddd") {
            return Err("widths that do not occur".into());
        }
        let a = self.vectors[first];
        let b = if let Some(memory) = second.strip_suffix("{1to8}") {
            let (4, address) = self.pointed(memory)? else { return Err("repeats another size".into()) };
            if width != 32 {
                return Err("repeats a word to another width".into());
            }
            [u32::from_le_bytes(self.memory.read(address)?); 8]
        } else if second.contains(" ptr ") {
            let (length, address) = self.pointed(second)?;
            if length != width {
                return Err("memory of another width".into());
            }
            self.load(length, address)?
        } else {
            let (register, same) = vector(second)?;
            if same != width {
                return Err("a register of another width".into());
            }
            self.vectors[register]
        };
        let mut result: Vector = match name {
            "vpaddd" => std::array::from_fn(|lane| a[lane].wrapping_add(b[lane])),
            "vpunpckldq" => [a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]],
            "vpunpckhdq" => [a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7]],
            "vpunpcklqdq" => [a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]],
            "vpunpckhqdq" => [a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7]],
            "vpshufb" => shuffle(a, b),
            _ => return Err("not an instruction that is known here".into()),
        };
        if width == 16 {
            result[4..].fill(0);
        }
        self.vectors[to] = result;
        Ok(())
    }

    /// A vector from memory, zeros above.
    fn load(&self, length: usize, address: u64) -> Result<Vector, String> {
        let mut bytes = [0; 32];
        match length {
            8 => bytes[..8].copy_from_slice(&self.memory.read::<8>(address)?),
            16 => bytes[..16].copy_from_slice(&self.memory.read::<16>(address)?),
            32 => bytes = self.memory.read::<32>(address)?,
            _ => return Err(format!("{length} bytes are no vector")),
        }
        Ok(std::array::from_fn(|lane| u32::from_le_bytes(bytes.as_chunks::<4>().0[lane])))
    }

    fn check_move(
        &self,
        name: &str,
        length: usize,
        width: usize,
        register: usize,
        address: u64,
    ) -> Result<(), String> {
        if length != width {
            return Err("memory of another width".into());
        }
        if register >= 16 {
            return Err("it has no encoding for registers from 16 up".into());
        }
        if name == "vmovdqa" && !address.is_multiple_of(width as u64) {
            return Err(format!("{address:#x} is not aligned"));
        }
        Ok(())
    }

    fn pop(&mut self) -> Result<u64, String> {
        let value = self.memory.read(self.general[4])?;
        self.general[4] += 8;
        Ok(u64::from_le_bytes(value))
    }

    /// The size and address of `xmmword ptr [r8 + 16]` and the like.
    fn pointed(&self, operand: &str) -> Result<(usize, u64), String> {
        let (size, place) = operand.split_once(" ptr ").ok_or("not memory")?;
        let size = match size {
            "dword" => 4,
            "qword" => 8,
            "xmmword" => 16,
            "ymmword" => 32,
            _ => return Err(format!("no size {size}")),
        };
        Ok((size, self.address(place)?))
    }

    /// The address that `[register + number]` is.
    fn address(&self, place: &str) -> Result<u64, String> {
        let inner =
            place.strip_prefix('[').and_then(|place| place.strip_suffix(']')).ok_or("not an address")?;
        let (register, offset) =
            inner.split_once(" + ").ok_or("not an address of the one kind that is known")?;
        let register = general(register).ok_or("an address without a register")?;
        Ok(self.general[register].wrapping_add(number::<u64>(offset)?))
    }
}

/// The number of a vector register, and its width in bytes.
fn vector(name: &str) -> Result<(usize, usize), String> {
    let (digits, width) = match (name.strip_prefix("xmm"), name.strip_prefix("ymm")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 32),
        _ => return Err(format!("no vector {name}")),
    };
    let register = number::<usize>(digits)?;
    if register < 32 { Ok((register, width)) } else { Err(format!("no vector {name}")) }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("no number {text}"))
}

/// Bytes of `from` in the order that `order` says, in each half by itself.
fn shuffle(from: Vector, order: Vector) -> Vector {
    let (from, order) = (from.map(u32::to_le_bytes), order.map(u32::to_le_bytes));
    let (from, order) = (from.as_flattened(), order.as_flattened());
    let byte = |at: usize| match order[at] {
        high if high & 0x80 != 0 => 0,
        index => from[at / 16 * 16 + usize::from(index & 15)],
    };
    std::array::from_fn(|lane| u32::from_le_bytes(std::array::from_fn(|at| byte(4 * lane + at))))
}

/// Two rounds. `cdgh` and `abef` have those words from the highest of four lanes down; `wk` has W+K of the first round
/// in its lowest lane. The answer is what a b e f have become, in the same order.
fn rounds(cdgh: Vector, abef: Vector, wk: Vector) -> [u32; 4] {
    let [mut f, mut e, mut b, mut a, ..] = abef;
    let [mut h, mut g, mut d, mut c, ..] = cdgh;
    for wk in &wk[..2] {
        let sum1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let t1 = h.wrapping_add(sum1).wrapping_add((e & f) ^ (!e & g)).wrapping_add(*wk);
        let sum0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let t2 = sum0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
    }
    [f, e, b, a]
}
