"""What mlbom-capture reads of an environment and a work tree, beside what others do with the same files."""

# What a person would write to check an environment: every file that a RECORD lists with its digest.
RECORDS = """
import base64, hashlib, importlib.metadata, sys
for distribution in importlib.metadata.distributions(path=[sys.argv[1]]):
    for file in distribution.files or []:
        if file.hash:
            digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value, file
"""


def environment(bench):
    (bench.work / "records.py").write_text(RECORDS)
    bench.compare(f"Checking an environment of {bench.sizes.small} files of 20 KB", {
        "mlbom-capture --python": "mlbom-capture --python environment",
    }, {
        "importlib.metadata, hashlib": f"{bench.peers.python} records.py environment/lib/python3.12/site-packages",
    })


def code(bench):
    # git trusts the times in its index; we hash every tracked file.
    bench.compare(f"Describing a work tree of {bench.sizes.small} files", {
        "mlbom-capture --code": "mlbom-capture --code code",
    }, {
        "git status, fresh index": "cd code && rm .git/index && git read-tree HEAD && git status --porcelain",
        "git status": "cd code && git status --porcelain",
    })
