"""What the guest is given, and what it should answer: SHA-256 as FIPS 180-4 has it, held to hashlib.

    check.py constants >FILE
    check.py answers FILE
"""

import hashlib
import struct
import sys

# As in guest.rs.
BODIES = ((2, 4), (3, 2), (4, 2))
TURNS = (1, 2, 3, 4, 5)
SEEDS = 12
KERNELS = 5
MOST_STREAMS = 9
MOST_BLOCKS = 12

WORD = 0xffffffff
LONG = 0xffffffffffffffff


def primes(count):
    found = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def root(prime, power):
    """The first 32 bits of the fraction of a root, by bisection on whole numbers."""
    low, high = 0, 1 << 37
    while high - low > 1:
        middle = (low + high) // 2
        if middle**power <= prime << (32 * power):
            low = middle
        else:
            high = middle
    return low & WORD


K = [root(prime, 3) for prime in primes(64)]
INITIAL = [root(prime, 2) for prime in primes(8)]


def right(word, by):
    return (word >> by | word << (32 - by)) & WORD


def compress(state, block):
    """FIPS 180-4, 6.2.2."""
    w = list(struct.unpack(">16I", block))
    for t in range(16, 64):
        one, two = w[t - 15], w[t - 2]
        w.append((w[t - 16] + (right(one, 7) ^ right(one, 18) ^ one >> 3)
                  + w[t - 7] + (right(two, 17) ^ right(two, 19) ^ two >> 10)) & WORD)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        t1 = h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + (e & f ^ ~e & g) + K[t] + w[t]
        t2 = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (t1 + t2) & WORD, a, b, c, (d + t1) & WORD, e, f, g
    return [(old + new) & WORD for old, new in zip(state, (a, b, c, d, e, f, g, h))]


def hold_to_the_library():
    message = b"as any other"
    block = message + b"\x80" + bytes(64 - len(message) - 9) + struct.pack(">Q", 8 * len(message))
    digest = struct.pack(">8I", *compress(INITIAL, block))
    if digest != hashlib.sha256(message).digest():
        sys.exit("check.py: hashlib: another SHA-256 than here")


def numbers(one, two, three):
    """The sequence of guest.rs."""
    random = (one << 32 | two << 16 | three) * 0x9e3779b97f4a7c15 & LONG | 1
    while True:
        random ^= random << 13 & LONG
        random ^= random >> 7
        random ^= random << 17 & LONG
        yield random >> 32


def run(state, number, blocks):
    for _ in range(blocks):
        state = compress(state, bytes(next(number) & 0xff for _ in range(64)))
    return state


def case(streams, blocks, turns, seed):
    """The line that the guest should print for one call of a body."""
    number = numbers(streams, turns, seed)
    # The order that the SHA unit has words in.
    states = [[next(number) & WORD for _ in range(8)] for _ in range(streams)]
    answer = []
    for f, e, b, a, h, g, d, c in states:
        if seed % 4 > 1:
            next(number)
        state = [a, b, c, d, e, f, g, h]
        state = run(state, number, blocks * turns)
        a, b, c, d, e, f, g, h = state
        answer += [f, e, b, a, h, g, d, c]
    return " ".join(["case", *(f"{number:x}" for number in (streams, turns, seed, 0, *answer))])


def product(kernel, seed):
    """The line for one call of the product's driver."""
    number = numbers(16 + kernel, 0, seed)
    streams = next(number) % (MOST_STREAMS + 1)
    answer = []
    for _ in range(streams):
        state = [next(number) & WORD for _ in range(8)]
        answer += run(state, number, next(number) % (MOST_BLOCKS + 1))
    return " ".join(["product", *(f"{word:x}" for word in (kernel, streams, seed, *answer))])


def answers(path):
    hold_to_the_library()
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        sys.exit(f"check.py: {path}: the guest wrote nothing")
    for feature in ("sha_ni", "avx512f", "avx512bw", "avx512vl"):
        if f"cpu {feature} 1" not in lines:
            sys.exit(f"check.py: {path}: the emulated processor has no {feature}")
    wanted = [case(*body, turns, seed) for body in BODIES for turns in TURNS for seed in range(SEEDS)]
    wanted += [product(kernel, seed) for kernel in range(KERNELS) for seed in range(SEEDS)]
    found = [line for line in lines if not line.startswith("cpu ")]
    for want, line in zip([*wanted, "finished"], found + [""] * len(wanted)):
        if line != want:
            sys.exit(f"check.py: {path}: {line!r}, not {want!r}")
    if len(found) != len(wanted) + 1:
        sys.exit(f"check.py: {path}: {len(found)} lines, not {len(wanted) + 1}")
    print(f"{len(wanted)} cases: each state as it should be, registers kept, nothing read or written beside")


if sys.argv[1:] == ["constants"]:
    swap = [at % 16 ^ 3 for at in range(32)]
    sys.stdout.buffer.write(struct.pack("<64I", *K) + bytes(swap))
elif len(sys.argv) == 3 and sys.argv[1] == "answers":
    answers(sys.argv[2])
else:
    sys.exit("usage: check.py constants | check.py answers FILE")
