"""fsverity-utils and the Python package blake3 come to the same digests."""

import json

from shared import command

# At the edges of blocks (4096 bytes), of a block of hashes (128 of them), and of two levels.
SIZES = (0, 1, 4095, 4096, 4097, 128 * 4096 - 1, 128 * 4096, 128 * 4096 + 1, (16 << 20) + 3, (64 << 20) + 1)

BLAKE3 = """
import sys
import blake3
with open(sys.argv[1], "rb") as file:
    print(blake3.blake3(file.read()).hexdigest())
"""


def hash_digests(test, work, keys):
    """fsverity and blake3 come to the same digests, of a file and of a stream."""
    path = work / "f"
    for size in SIZES:
        path.write_bytes((bytes(range(251)) * (size // 251 + 1))[:size])
        fs_verity = command("fsverity", "digest", "--compact", path).strip()
        blake3 = command(*test.python, BLAKE3, path).strip()
        manifest = test.tool("hash", "--blake3", "--fs-verity", path)
        digests = json.loads(manifest)["files"][0]["digests"]
        test.equal(f"fsverity gives our fsVerity of {size} bytes", fs_verity, digests["fsVerity"])
        test.equal(f"blake3 gives our blake3 of {size} bytes", blake3, digests["blake3"])
        kept = work / "kept"
        streamed = test.tool("hash", "--blake3", "--fs-verity", "--stdin", "f", "--tee", kept, stdin=path.read_bytes())
        test.equal("  and so does the stream", (streamed, kept.read_bytes()), (manifest, path.read_bytes()))
    path.write_bytes(b"\0" + path.read_bytes()[1:] + b"\0")
    (work / "manifest").write_bytes(manifest)
    test.refuses("mlbom-hash --check finds a byte more", [test.ours / "mlbom-hash", "--check", work / "manifest", path])
