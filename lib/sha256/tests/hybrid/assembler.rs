//! Writes the bodies of the hybrid kernel's naked functions:
//!
//!     fn(states: rdi, data: rsi, turns: rdx, constants: rcx, scratch: r8)
//!
//! A turn takes each stream on by a few blocks. The message schedule depends on the message alone, not on the state,
//! so that the eight 32-bit lanes of a vector register hold blocks that follow each other as well as streams: eight
//! units, each a block of a stream. Vector instructions compute their schedule and leave W+K in the scratch buffer, in
//! pairs of 64 bits, as the rounds want them. Those rounds are done a turn later by SHA-NI, one chain a stream, and
//! the two kinds of work are mixed instruction by instruction: they wait for different parts of the processor.
//!
//! Two buffers take turns. `rax` is the one that rounds read, `rcx` the one that is being filled, `rbp` the scratch
//! space of both and of the states before a block, `r12` the constants, `rdi` zero, `rsi` the bytes to go on by.
//! `xmm0` is what `sha256rnds2` reads; then come the streams' states, then vectors for what lives shortly; `ymm16` to
//! `ymm31` are a ring of the last sixteen words of the schedule.

/// Units that one vector holds.
const LANES: usize = 8;
/// Bytes of the W+K pair of two rounds, for all units.
const ROW: usize = LANES * 8;
/// Pairs of rounds in a block.
const PAIRS: usize = 32;
/// So many pairs of rounds have their share of the schedule spread between them.
const WINDOW: usize = 8;

/// Where the constants end and the byte order of words begins.
const SWAP: usize = 256;
/// Where the states before a block are kept, behind the two buffers.
const SAVED: usize = 2 * PAIRS * ROW;

/// What to write code for.
pub struct Assembler {
    streams: usize,
    /// Blocks of each stream in a turn.
    blocks: usize,
    /// How many short-lived vectors were named so far: they are used in rotation.
    named: usize,
}

impl Assembler {
    pub fn new(streams: usize, blocks: usize) -> Self {
        assert!((1..=4).contains(&streams), "as many as have registers");
        assert!(streams * blocks <= LANES, "a turn's units fit one vector");
        Self { streams, blocks, named: 0 }
    }

    /// The whole file.
    pub fn text(mut self) -> String {
        let mut lines = self.prologue();
        lines.extend(self.schedule().concat());
        lines.push("xchg rax, rcx".into());
        lines.push("3:".into());
        lines.extend(self.turn());
        lines.extend(["xchg rax, rcx", "dec rdx", "jnz 3b"].map(String::from));
        lines.extend(self.epilogue());
        let mut text = format!(
            "# SHA-256 of {} streams, {} blocks of each in a turn. Written by the test `hybrid_assembler`\n\
             # (MLBOM_WRITE_ASSEMBLER=1 writes it anew); what it does is said there. Not to be changed by hand.\n",
            self.streams, self.blocks
        );
        for line in lines {
            text += &line;
            text.push('\n');
        }
        text
    }

    fn prologue(&self) -> Vec<String> {
        let mut lines: Vec<String> = ["rbp", "rbx", "r12", "r13", "r14", "r15", "rdi"]
            .map(|register| format!("push {register}"))
            .into();
        lines.extend(["mov rbp, r8", "mov r12, rcx"].map(String::from));
        for stream in 0..self.streams {
            lines.push(format!("mov {}, qword ptr [rsi + {}]", pointer(stream), 8 * stream));
            lines.push(format!("vmovdqu {}, xmmword ptr [rdi + {}]", self.abef(stream), 32 * stream));
            lines.push(format!("vmovdqu {}, xmmword ptr [rdi + {}]", self.cdgh(stream), 32 * stream + 16));
        }
        lines.extend(["xor edi, edi", "mov rcx, rbp"].map(String::from));
        lines.push(format!("lea rax, [rbp + {}]", PAIRS * ROW));
        lines
    }

    fn epilogue(&self) -> Vec<String> {
        let mut lines = vec!["pop rdi".to_owned()];
        for stream in 0..self.streams {
            lines.push(format!("vmovdqu xmmword ptr [rdi + {}], {}", 32 * stream, self.abef(stream)));
            lines.push(format!("vmovdqu xmmword ptr [rdi + {}], {}", 32 * stream + 16, self.cdgh(stream)));
        }
        lines.extend(["r15", "r14", "r13", "r12", "rbx", "rbp"].map(|register| format!("pop {register}")));
        lines.extend(["vzeroupper", "ret"].map(String::from));
        lines
    }

    /// The rounds of one turn, with the schedule of the next between them.
    fn turn(&mut self) -> Vec<String> {
        // The last turn schedules its own blocks again, for nobody: the pointers stay, so that nothing is read
        // behind the end.
        let mut lines = vec![format!("mov esi, {}", 64 * self.blocks)];
        lines.extend(["cmp rdx, 1", "cmove rsi, rdi"].map(String::from));
        lines.extend((0..self.streams).map(|stream| format!("add {}, rsi", pointer(stream))));
        let words = self.schedule();
        let rounds: Vec<(usize, usize)> =
            (0..self.blocks).flat_map(|block| (0..PAIRS).map(move |pair| (block, pair))).collect();
        let windows = rounds.len() / WINDOW;
        let mut done = 0;
        for (index, window) in rounds.chunks(WINDOW).enumerate() {
            if window[0].1 == 0 {
                lines.extend(self.keep());
            }
            let due = words.len() * (index + 1) / windows;
            let side = words[done..due].concat();
            done = due;
            let main: Vec<[String; 2]> =
                window.iter().flat_map(|&(block, pair)| self.pair_of_rounds(block, pair)).collect();
            let mut taken = 0;
            for (step, round) in main.iter().enumerate() {
                lines.extend(round.iter().cloned());
                let due = side.len() * (step + 1) / main.len();
                lines.extend(side[taken..due].iter().cloned());
                taken = due;
            }
            if window[WINDOW - 1].1 == PAIRS - 1 {
                lines.extend(self.add_kept());
            }
        }
        lines
    }

    /// Two rounds of every stream.
    fn pair_of_rounds(&self, block: usize, pair: usize) -> Vec<[String; 2]> {
        let round = |stream| {
            // What was c d g h becomes a b e f, and the other way round in the next pair.
            let (to, from) = match pair % 2 {
                0 => (self.cdgh(stream), self.abef(stream)),
                _ => (self.abef(stream), self.cdgh(stream)),
            };
            [
                format!("vmovq xmm0, qword ptr [rax + {}]", self.wk(stream, block, pair)),
                format!("sha256rnds2 {to}, {from}"),
            ]
        };
        (0..self.streams).map(round).collect()
    }

    fn keep(&self) -> Vec<String> {
        let keep = |stream| {
            let at = SAVED + 32 * stream;
            [
                format!("vmovdqa xmmword ptr [rbp + {at}], {}", self.abef(stream)),
                format!("vmovdqa xmmword ptr [rbp + {}], {}", at + 16, self.cdgh(stream)),
            ]
        };
        (0..self.streams).flat_map(keep).collect()
    }

    fn add_kept(&self) -> Vec<String> {
        let add = |stream| {
            let (at, abef, cdgh) = (SAVED + 32 * stream, self.abef(stream), self.cdgh(stream));
            [
                format!("vpaddd {abef}, {abef}, xmmword ptr [rbp + {at}]"),
                format!("vpaddd {cdgh}, {cdgh}, xmmword ptr [rbp + {}]", at + 16),
            ]
        };
        (0..self.streams).flat_map(add).collect()
    }

    /// The schedule of a turn: the instructions of each of the 64 words.
    fn schedule(&mut self) -> Vec<Vec<String>> {
        (0..64)
            .map(|t| {
                let mut lines = match t {
                    16.. => self.word(t),
                    _ if t % 4 == 0 => self.load(t / 4),
                    _ => Vec::new(),
                };
                if t % 2 == 1 {
                    lines.extend(self.store(t / 2));
                }
                lines
            })
            .collect()
    }

    /// Word `t` from the sixteen before it (FIPS 180-4, 6.2.2, 1), in an order that keeps the shifters busy.
    fn word(&mut self, t: usize) -> Vec<String> {
        let [w, w1, w9, w14] = [0, 1, 9, 14].map(|ahead| word(t + ahead));
        let [a, b, c, d, e, f] = self.names();
        vec![
            format!("vprord {d}, {w14}, 17"),
            format!("vprord {a}, {w1}, 7"),
            format!("vprord {e}, {w14}, 19"),
            format!("vpaddd {w}, {w}, {w9}"),
            format!("vprord {b}, {w1}, 18"),
            format!("vpsrld {f}, {w14}, 10"),
            format!("vpternlogd {d}, {e}, {f}, 0x96"),
            format!("vpsrld {c}, {w1}, 3"),
            format!("vpternlogd {a}, {b}, {c}, 0x96"),
            format!("vpaddd {w}, {w}, {a}"),
            format!("vpaddd {w}, {w}, {d}"),
        ]
    }

    /// W+K of two rounds, to where the rounds look for it.
    fn store(&mut self, pair: usize) -> Vec<String> {
        let (t, at) = (2 * pair, pair * ROW);
        let [a, b, c] = self.names();
        vec![
            format!("vpaddd {a}, {}, dword ptr [r12 + {}]{{1to8}}", word(t), 4 * t),
            format!("vpaddd {b}, {}, dword ptr [r12 + {}]{{1to8}}", word(t + 1), 4 * t + 4),
            format!("vpunpckldq {c}, {a}, {b}"),
            format!("vpunpckhdq {a}, {a}, {b}"),
            format!("vmovdqa ymmword ptr [rcx + {at}], {c}"),
            format!("vmovdqa ymmword ptr [rcx + {}], {a}", at + 32),
        ]
    }

    /// Four words of eight units from the message: load, transpose, swap the bytes of each word.
    fn load(&mut self, quarter: usize) -> Vec<String> {
        let w: [String; 4] = [0, 1, 2, 3].map(|at| word(4 * quarter + at));
        let mut lines = Vec::new();
        for (row, to) in w.iter().enumerate() {
            for half in 0..2 {
                // Lanes left over repeat the last unit; nobody reads what comes of them.
                let unit = (row + 4 * half).min(self.streams * self.blocks - 1);
                let (block, stream) = (unit / self.streams, unit % self.streams);
                let from = format!("xmmword ptr [{} + {}]", pointer(stream), 64 * block + 16 * quarter);
                lines.push(match half {
                    0 => format!("vmovdqu8 {}, {from}", to.replace('y', "x")),
                    _ => format!("vinserti32x4 {to}, {to}, {from}, 1"),
                });
            }
        }
        let [a, b] = self.names();
        let [w0, w1, w2, w3] = &w;
        lines.extend([
            format!("vpunpckldq {a}, {w0}, {w1}"),
            format!("vpunpckhdq {w1}, {w0}, {w1}"),
            format!("vpunpckldq {b}, {w2}, {w3}"),
            format!("vpunpckhdq {w3}, {w2}, {w3}"),
            format!("vpunpcklqdq {w0}, {a}, {b}"),
            format!("vpunpckhqdq {a}, {a}, {b}"),
            format!("vpunpcklqdq {w2}, {w1}, {w3}"),
            format!("vpunpckhqdq {w3}, {w1}, {w3}"),
        ]);
        for (to, from) in [(w0, w0), (w1, &a), (w2, w2), (w3, w3)] {
            lines.push(format!("vpshufb {to}, {from}, ymmword ptr [r12 + {SWAP}]"));
        }
        lines
    }

    /// Where W+K of a pair of rounds is in its buffer. Unit `u` is lane `u`; of lanes 0 to 3 and of 4 to 7 each, the
    /// low unpacking has the first two, and the high one the others.
    fn wk(&self, stream: usize, block: usize, pair: usize) -> usize {
        let unit = block * self.streams + stream;
        let (half, lane) = (unit / 4, unit % 4);
        pair * ROW + 8 * (2 * half + lane % 2 + if lane < 2 { 0 } else { LANES / 2 })
    }

    fn abef(&self, stream: usize) -> String {
        format!("xmm{}", 1 + stream)
    }

    fn cdgh(&self, stream: usize) -> String {
        format!("xmm{}", 1 + self.streams + stream)
    }

    /// The next vectors of those that hold nothing for long.
    fn names<const N: usize>(&mut self) -> [String; N] {
        let first = 1 + 2 * self.streams;
        std::array::from_fn(|_| {
            let name = format!("ymm{}", first + self.named % (16 - first));
            self.named += 1;
            name
        })
    }
}

/// The register of word `t` in the ring.
fn word(t: usize) -> String {
    format!("ymm{}", 16 + t % 16)
}

/// The register that points at a stream's next blocks.
fn pointer(stream: usize) -> &'static str {
    ["r8", "r9", "r10", "r11"][stream]
}
