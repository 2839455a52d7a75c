"""Holds OPA to the decisions of the default policy, over the table of inputs in policies/inputs/model-deployment."""

import copy
import json
import pathlib
import subprocess

POLICIES = pathlib.Path(__file__).resolve().parents[2] / "policies"
POLICY = POLICIES / "model-deployment.rego"
INPUTS = POLICIES / "inputs/model-deployment"

# One process for all of them: OPA takes longer to start than to decide.
HARNESS = """package harness

answers := [answer |
	some document in data.documents
	answer := {"deny": data.mlbom_policy.deny, "warn": data.mlbom_policy.warn, "rules": data.mlbom_policy.rules} with input as document.input with data.mlbom as document.data
]
"""


def tokens(pointer):
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def at(document, path):
    for token in path:
        document = document[int(token)] if isinstance(document, list) else document[token]
    return document


class Table:
    """The report that is allowed, and what each case changes in it."""

    def __init__(self):
        self.base = json.loads((INPUTS / "allowed.json").read_bytes())
        table = json.loads((INPUTS / "cases.json").read_bytes())
        self.places, self.cases = table["places"], table["cases"]

    def path(self, pointer):
        head, _, rest = pointer.partition("/")
        return tokens((self.places[head] if head else "") + ("/" + rest if rest or not head and pointer else ""))

    def value(self, value):
        """A value with each {"copy": PLACE} replaced by what the allowed report has there."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            if value.keys() == {"copy"}:
                return copy.deepcopy(at(self.base, self.path(value["copy"])))
            return {name: self.value(item) for name, item in value.items()}
        return value

    def report(self, case):
        holder = {"": copy.deepcopy(self.base)}
        for pointer, value in case.get("set", []):
            *above, last = ["", *self.path(pointer)]
            parent = at(holder, above)
            if isinstance(parent, dict):
                parent[last] = self.value(value)
            elif last == "-":
                parent.append(self.value(value))
            else:
                parent[int(last)] = self.value(value)
        for pointer in case.get("remove", []):
            *above, last = ["", *self.path(pointer)]
            parent = at(holder, above)
            del parent[int(last) if isinstance(parent, list) else last]
        return holder[""]

    def data(self, case):
        return self.value(case.get("data", {}))


def opa_answers(opa, work, documents):
    """What OPA says of each (report, data): the findings that deny and those that warn."""
    (work / "documents.json").write_text(json.dumps({"documents": [{"input": i, "data": d} for i, d in documents]}))
    (work / "harness.rego").write_text(HARNESS)
    command = [opa, "eval", "--data", POLICY, "--data", work / "harness.rego", "--data", work / "documents.json",
               "data.harness.answers"]
    done = subprocess.run([*map(str, command)], capture_output=True, timeout=600, check=True)
    return json.loads(done.stdout)["result"][0]["expressions"][0]["value"]


def our_answer(policy, work, report, data):
    (work / "data.json").write_text(json.dumps({"mlbom": data}))
    command = [policy, "--policy", POLICY, "--data", work / "data.json"]
    return subprocess.run([*map(str, command)], input=json.dumps(report).encode(), capture_output=True, timeout=300)


def denies(rules):
    return {rule["id"] for rule in rules if rule["source"] == "policy" and rule["state"] == "denied"}


def policy_deployment(test, work, keys):
    """OPA decides by the default policy what mlbom-policy decides."""
    del keys
    table = Table()
    documents = [(table.report(case), table.data(case)) for case in table.cases]
    answers = opa_answers(test.opa, work, documents)
    test.equal("opa has an answer to each input", len(answers), len(documents))
    for case, (report, data), answer in zip(table.cases, documents, answers):
        name = f"{case['row']}: {case['name']}"
        denied = {found["id"] for found in answer["deny"]}
        test.equal(f"opa denies as it should: {name}", sorted(denied), case["rules"])
        done = our_answer(test.ours / "mlbom-policy", work, report, data)
        test.equal("  and mlbom-policy's status follows", done.returncode,
                   {"allowed": 0, "denied": 1, "refused": 2}[case["want"]])
        if done.returncode == 2:
            continue
        rules = json.loads(done.stdout)["rules"]
        ours = {(rule["id"], found["message"], found["remedy"]) for rule in rules
                if rule["source"] == "policy" for found in rule.get("findings", [])}
        theirs = {(found["id"], found["message"], found["remedy"]) for found in answer["deny"] + answer["warn"]}
        test.equal("  and finds the same", ours, theirs)
        test.equal("  and denies by the same rules", sorted(denies(rules)), case["rules"])
        names = {rule["id"] for rule in rules if rule["source"] == "policy"}
        test.equal("  and has the same rules", names, set(answer["rules"]))
