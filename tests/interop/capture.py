"""What mlbom-capture says, held against what other people's programs left on disk and what they read from it."""

import json
import pathlib

from capture_files import hostile_tensors, rows, secrets, tensors
from capture_hub import hub_datasets, hub_models, hub_shared_store, hub_stand_in
from capture_run import environments, git, machine
from shared import CAPTURED, SECRETS, ask

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "schemas/evidence-v1.schema.json"


def bills(test, work, keys):
    """cyclonedx-python-lib finds every bill of what was captured above valid, reads it and writes it again."""
    if not CAPTURED:
        raise SystemExit("run.py: nothing was captured")
    documents = {name: json.loads(text.splitlines()[-1]) for name, text in CAPTURED.items()}
    wrong = ask(test, "evidence", {"schema": str(SCHEMA), "documents": documents})
    test.equal(f"jsonschema finds {len(documents)} documents of evidence as our schema wants them",
               {name: problems for name, problems in wrong.items() if problems}, {})
    for version in ("1.6", "1.7"):
        named = {}
        for name, text in CAPTURED.items():
            words = ["--name", "tiny", "--model-version", "1", "--timestamp", "2026-01-02T03:04:05Z"]
            bill = test.tool("compose", *words, "--format", f"cyclonedx-{version}", stdin=text.encode())
            named[name] = bill.decode()
        leaks = [name for name, bill in named.items() for secret in SECRETS if secret in bill]
        test.equal(f"no secret in {len(named)} bills, CycloneDX {version}", leaks, [])
        said = ask(test, "bills", {"version": version.replace(".", "_"), "bills": named})
        test.equal("  cyclonedx-python-lib finds them valid", said["invalid"], {})
        test.equal("  packageurl-python reads their package URLs", said["purls"], {})
        test.equal("  cyclonedx-python-lib reads them", said["unread"], {})
        test.equal("  and writes them again", said["unwritten"], {})
        broken = json.loads(next(iter(named.values())))
        broken["metadata"]["component"]["type"] = "no such type"
        said = ask(test, "bills", {"version": version.replace(".", "_"), "bills": {"broken": json.dumps(broken)}})
        test.equal("  and refuses one with a wrong word", "no such type" in said["invalid"].get("broken", ""), True)


GROUPS = (hub_stand_in, hub_models, hub_shared_store, hub_datasets, rows, tensors, hostile_tensors, secrets,
          environments, git, machine, bills)
