#!/bin/sh
# Runs the hybrid kernel's machine code where no processor has AVX-512: in Bochs, which emulates one that has.
#
#     tests/interop/avx512-bochs.sh [DIR]
#
# DIR is where the disk is made; by default a new directory that is removed again. Takes some seconds. There is no operating
# system in it: a boot sector and `avx512/guest.rs` are all of the disk, and `avx512/check.py` says what is right. MODEL
# names another processor of Bochs.
# Wants rustc, gcc, objcopy and python3, and from Debian: bochs bochsbios vgabios. Exit status: 0 all is right, 1 it is not,
# 2 it could not be run.
set -eu
here=$(cd "$(dirname "$0")/avx512" && pwd)
model=${MODEL:-corei7_icelake_u}
fail() {
    echo "avx512-bochs: $2" >&2
    exit "$1"
}

[ $# -le 1 ] || fail 2 "usage: avx512-bochs.sh [DIR]"
[ "$(uname -m)" = x86_64 ] || fail 2 "$(uname -m): made and run on x86_64 alone"
for program in bochs rustc gcc objcopy python3 timeout; do
    command -v "$program" >/dev/null || fail 2 "$program: not installed"
done
for file in /usr/share/bochs/BIOS-bochs-latest /usr/share/vgabios/vgabios.bin; do
    [ -e "$file" ] || fail 2 "$file: not there; apt-get install bochsbios vgabios"
done
if [ $# -eq 1 ]; then
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
else
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
fi

# The bodies go through the compiler that assembles them in the product; the disk is what the linker made of it, without its headers.
python3 "$here/check.py" constants >"$dir/constants"
MLBOM_CONSTANTS="$dir/constants" rustc --edition 2024 --crate-type bin -O -C panic=abort -C relocation-model=static \
    -C linker=gcc -C link-self-contained=no -C default-linker-libraries=no \
    -C link-arg=-nostartfiles -C link-arg=-nostdlib -C link-arg=-static -C link-arg=-no-pie \
    -C link-arg=-Wl,--build-id=none,-T,"$here/link.ld" -o "$dir/guest" "$here/guest.rs" || fail 2 "guest.rs: not built"
objcopy -O binary "$dir/guest" "$dir/disk" || fail 2 "guest.rs: no disk can be made of it"

cylinders=10
truncate -s $((cylinders * 16 * 63 * 512)) "$dir/disk"
cat >"$dir/bochsrc" <<BOCHS
megs: 64
cpu: model=$model, count=1, ips=50000000, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path="$dir/disk", mode=flat, cylinders=$cylinders, heads=16, spt=63
boot: disk
clock: sync=none
parport1: enabled=1, file="$dir/answers"
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
display_library: rfb, options="timeout=0"
log: $dir/log
panic: action=fatal
error: action=report
info: action=ignore
BOCHS
# Debian's has a debugger, which asks what to do; and a display that listens, so it gets a network without anybody.
echo continue >"$dir/rc"
rm -f "$dir/answers" "$dir/log" "$dir/disk.lock"
alone=
if unshare --user --net true 2>/dev/null; then alone="unshare --user --net"; fi
# However it ends, the answers say how far it came.
$alone timeout --foreground "${LIMIT:-100}" bochs -q -f "$dir/bochsrc" -rc "$dir/rc" </dev/null >"$dir/out" 2>&1 || true
python3 "$here/check.py" answers "$dir/answers" && exit 0
# What the emulator thinks of it.
tail -n 5 "$dir/log" >&2 || true
fail 1 "$model: not as it should be"
