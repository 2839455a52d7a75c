#!/bin/sh
# Tests the hybrid kernel's machine code where no processor has AVX-512: a small Linux in Bochs, which emulates one.
#
#     tests/interop/avx512-bochs.sh DIR
#
# Takes some minutes. DIR is where packages and images are kept; what the tests say comes to standard output.
# Wants, from Debian: bochs bochsbios vgabios cpio; and apt-get, which fetches (without installing them) a kernel,
# busybox-static, isolinux, syslinux-common, and xorriso with its libraries.
set -eu
[ $# -eq 1 ] || { echo "usage: avx512-bochs.sh DIR" >&2; exit 2; }
cd "$(dirname "$0")/../.."
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# A Linux, a shell, a boot loader, a maker of images.
if [ ! -e "$dir/root/bin/busybox" ]; then
    mkdir -p "$dir/deb" "$dir/root"
    kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*-cloud-amd64\)$/\1/p')
    (cd "$dir/deb" && apt-get download "$kernel" busybox-static isolinux syslinux-common \
        xorriso libisoburn1 libburn4 libisofs6 libjte2 >&2)
    for package in "$dir"/deb/*.deb; do dpkg-deb -x "$package" "$dir/root"; done
fi

# The tests of this crate, with the libraries that they are linked to.
rm -rf "$dir/init" "$dir/iso"
mkdir -p "$dir/init/bin" "$dir/init/proc" "$dir/init/tests" "$dir/iso"
cp "$dir/root/bin/busybox" "$dir/init/bin/"
cargo test --locked -p mlbom-sha256 --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p' >"$dir/binaries"
while read -r binary; do
    name=$(basename "$binary" | sed 's/-[0-9a-f]*$//')
    cp "$binary" "$dir/init/tests/$name"
    strip "$dir/init/tests/$name"
    for library in $(ldd "$binary" | grep -o '/[^ ]*'); do
        mkdir -p "$dir/init$(dirname "$library")"
        cp -L "$library" "$dir/init$library"
    done
done <"$dir/binaries"

# Left out: what is long, and says nothing of AVX-512. An interpreter of the text runs everywhere.
cat >"$dir/init/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
export MLBOM_KERNELS="hybrid sha-ni avx2" RUST_BACKTRACE=0
/bin/busybox grep -m1 'model name' /proc/cpuinfo
/bin/busybox grep -m1 '^flags' /proc/cpuinfo | /bin/busybox tr ' ' '\n' | /bin/busybox grep -xE 'sha_ni|avx512(f|bw|vl)'
status=0
run() { echo "== $*"; "$@" --test-threads 1 || status=1; }
run /tests/mlbom_sha256
run /tests/known_answers kernels
run /tests/known_answers examples
run /tests/known_answers short_and_long
run /tests/guard_pages
run /tests/agreement every_number
run /tests/agreement unequal
run /tests/agreement streams
echo "finished: $status"
/bin/busybox poweroff -f
INIT
chmod +x "$dir/init/init"
(cd "$dir/init" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/iso/init.gz"

cp "$dir"/root/boot/vmlinuz-* "$dir/iso/vmlinuz"
cp "$dir/root/usr/lib/ISOLINUX/isolinux.bin" "$dir/root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$dir/iso/"
cat >"$dir/iso/isolinux.cfg" <<'CFG'
default test
prompt 0
label test
  kernel vmlinuz
  append initrd=init.gz console=ttyS0 quiet mitigations=off nokaslr clearcpuid=pku,ospke
CFG
LD_LIBRARY_PATH="$dir/root/usr/lib/x86_64-linux-gnu" "$dir/root/usr/bin/xorriso" -as mkisofs -quiet \
    -o "$dir/test.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$dir/iso"

cat >"$dir/bochsrc" <<BOCHS
megs: 512
cpu: model=${MODEL:-corei7_icelake_u}, count=1, ips=50000000, ignore_bad_msrs=1
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$dir/test.iso, status=inserted
boot: cdrom
clock: sync=none
com1: enabled=1, mode=file, dev=$dir/serial
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
display_library: rfb, options="timeout=0"
log: $dir/log
panic: action=fatal
error: action=report
info: action=report
BOCHS
rm -f "$dir/serial" "$dir/log"
echo continue >"$dir/rc"
bochs -q -f "$dir/bochsrc" -rc "$dir/rc" </dev/null >"$dir/bochs.out" 2>&1 &
bochs=$!
trap 'kill "$bochs" 2>/dev/null || true' EXIT
waited=0
while kill -0 "$bochs" 2>/dev/null && ! grep -q '^finished: ' "$dir/serial" 2>/dev/null; do
    [ "$waited" -lt "${LIMIT:-1500}" ] || break
    sleep 1
    waited=$((waited + 1))
done
tr -d '\r' <"$dir/serial"
grep -q '^avx512vl' "$dir/serial" || { echo "avx512-bochs: no AVX-512VL in there" >&2; exit 1; }
grep -q '^finished: 0' "$dir/serial" || { echo "avx512-bochs: not finished, or a test failed" >&2; exit 1; }
