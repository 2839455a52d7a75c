package mlbom_policy_deployment_test

import data.mlbom_policy

digest := "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

commit := "5f91d94bd9cd7190a9f3216ff93cd1dd95f2c7be"

hashes := [{"alg": "SHA-256", "content": digest}]

property(name, value) := {"name": sprintf("mlbom:%v", [name]), "value": value}

base := {
	"type": "machine-learning-model",
	"name": "org/base",
	"version": commit,
	"purl": sprintf("pkg:huggingface/org/base@%v", [commit]),
	"hashes": hashes,
	"components": [{"type": "file", "name": "model.safetensors", "hashes": hashes}],
	"properties": [property("role", "baseModel"), property("hub.revisions", "main")],
}

dataset := {"type": "data", "bom-ref": "train", "name": "train", "hashes": hashes, "properties": [property("role", "trainingDataset")]}

adapter := {
	"type": "machine-learning-model",
	"name": "adapter",
	"hashes": hashes,
	"properties": [property("role", "adapter"), property("adapter.base", "org/base")],
}

library := {
	"type": "library",
	"name": "torch",
	"properties": [property("role", "library"), property("package.record", "intact")],
}

code := {"type": "application", "name": "train", "version": commit, "properties": [property("role", "code"), property("code.dirty", "false")]}

bill := {
	"bomFormat": "CycloneDX",
	"specVersion": "1.7",
	"metadata": {"component": {
		"type": "machine-learning-model",
		"name": "model",
		"pedigree": {"ancestors": [base]},
		"modelCard": {"modelParameters": {"datasets": [{"ref": "train"}]}},
		"properties": [property("role", "model"), {"name": "mlbom:config.codeOnLoad"}],
	}},
	"components": [dataset, adapter, library],
	"formulation": [{"components": [code]}],
	"annotations": [{"text": `{"id":"MLB-X","severity":"low","message":"m"}`}],
}

statement := {
	"kind": "bom",
	"signer": {"kind": "key", "spki": digest, "keyType": "ecdsa-p256"},
	"subject": "wholeModel",
	"bomFiles": "equal",
	"notCovered": [],
	"predicate": bill,
}

certificate := {
	"kind": "certificate",
	"certificate": digest,
	"spki": digest,
	"keyType": "ecdsa-p256",
	"names": [{"type": "email", "value": "ann@example.com"}, {"type": "email", "value": "bob@example.com"}],
	"issuer": "https://accounts.example.com",
	"acceptedBy": "identity",
	"identity": "bob@example.com",
	"claims": {},
	"sct": true,
	"trustedRoot": {"name": "root.json", "sha256": digest},
}

fingerprint := "0FA10FA10FA10FA10FA10FA10FA10FA10FA10FA1"

pgp := {"kind": "pgp", "fingerprint": fingerprint, "signingKey": fingerprint, "keyType": "ed25519"}

timestamp := {"source": "timestampAuthority", "at": "2026-11-20T10:00:00Z", "authority": "CN=clock"}

with_certificate(values) := {"/statements/0/signer": object.union(certificate, values)}

with_pgp(values) := {"/statements/0/signer": object.union(pgp, values)}

file := {"path": "model.safetensors", "size": 2, "digestSource": "computed", "format": "safetensors"}

report := {
	"result": "held",
	"complete": true,
	"model": {"files": [file], "excluded": []},
	"checks": [{"id": "signature", "result": "held"}],
	"statements": [statement],
}

b := "/statements/0/predicate"

m := "/statements/0/predicate/metadata/component"

# The report with the values of some paths replaced.
with_values(values) := json.patch(report, [{"op": "add", "path": path, "value": value} |
	some path, value in values
])

without_path(path) := json.patch(report, [{"op": "remove", "path": path}])

path(start, rest) := concat("/", [start, rest])

denied(document) := ids if {
	ids := {finding.id | some finding in mlbom_policy.deny} with input as document
}

denied_with(document, settings) := ids if {
	ids := {finding.id | some finding in mlbom_policy.deny} with input as document with data.mlbom as settings
}

warned(document) := ids if {
	ids := {finding.id | some finding in mlbom_policy.warn} with input as document
}

test_allows_a_whole_report if {
	denied(report) == set()
	warned(report) == {"MLB-FINDINGS"}
}

test_nothing_at_all if {
	denied({}) == {
		"MLB-BASE",
		"MLB-BOM",
		"MLB-BOUND",
		"MLB-CLEAN",
		"MLB-CODE-ON-LOAD",
		"MLB-COMMIT",
		"MLB-COVERED",
		"MLB-DATASET",
		"MLB-DIGESTS",
		"MLB-LOOKED-FOR",
		"MLB-SIGNED",
	}
}

test_every_finding_is_of_a_rule if {
	every finding in mlbom_policy.deny {
		finding.id in mlbom_policy.rules
	} with input as {}
}

refused := {
	"MLB-SIGNED": [
		{"/statements": []},
		{"/statements/0/signer/kind": "none"},
		{"/statements/0/signer/spki": upper(digest)},
		{"/statements/0/signer/spki": sprintf("%v\n", [digest])},
		{"/statements/-": {}},
		with_certificate({"acceptedBy": "anyIdentity"}),
		with_certificate({"acceptedBy": "IDENTITY"}),
		with_certificate({"acceptedBy": null}),
		with_certificate({"identity": "eve@example.com"}),
		with_certificate({"identity": null}),
		with_certificate({"identity": ""}),
		with_certificate({"names": []}),
		with_certificate({"names": null}),
		with_certificate({"names": {"value": "bob@example.com"}}),
		with_certificate({"names": "bob@example.com"}),
		with_certificate({"names": ["bob@example.com"]}),
		with_certificate({"identity": "", "names": [{"type": "email", "value": ""}]}),
		with_certificate({"identity": 1, "names": [{"type": "email", "value": 1}]}),
		with_certificate({"kind": "key", "spki": ""}),
		with_certificate({"kind": "pgp"}),
		with_pgp({"fingerprint": lower(fingerprint)}),
		with_pgp({"fingerprint": substring(fingerprint, 0, 16)}),
		with_pgp({"fingerprint": ""}),
		with_pgp({"fingerprint": null}),
		with_pgp({"fingerprint": sprintf("%v\n", [substring(fingerprint, 1, 39)])}),
		{"/statements/-": object.union(statement, {"signer": object.union(certificate, {"acceptedBy": "anyIdentity"})})},
	],
	"MLB-TIME": [
		{"/statements/0/signer/kind": "none"},
		{"/statements/-": {}},
		with_certificate({}),
		object.union(with_certificate({}), {"/statements/0/time": {"source": "none"}}),
		object.union(with_certificate({}), {"/statements/0/time": {"source": "none", "at": timestamp.at}}),
		object.union(with_certificate({}), {"/statements/0/time": {"source": "self", "at": timestamp.at}}),
		object.union(with_certificate({}), {"/statements/0/time": {"source": "log"}}),
		object.union(with_certificate({}), {"/statements/0/time": {"source": "log", "at": null}}),
		object.union(with_certificate({}), {"/statements/0/time": timestamp.at}),
		{"/statements/-": object.union(statement, {"signer": certificate, "time": {"source": "none"}})},
	],
	"MLB-BOUND": [
		{"/result": "failed"},
		{"/complete": "true"},
		{"/checks": []},
		{"/checks/-": {"id": "files", "result": "failed"}},
		{"/statements/-": {}},
		{"/statements/0/subject": "namedFiles"},
		{"/unverified": ["a"], "/only": ["*"]},
		{"/unverified": [1]},
		{"/unverified": null},
		{"/unverified": {}},
		{"/unverified": "a"},
	],
	"MLB-BOM": [
		{"/statements/0/kind": "oms"},
		{"/statements/0/bomFiles": "absent"},
		{"/statements/-": object.union(statement, {"bomFiles": "absent"})},
		{path(m, "type"): "application"},
		{path(b, "bomFormat"): "cyclonedx"},
	],
	"MLB-FORMAT": [{"/model/files/-": object.union(file, {"format": "pickle"})}, {"/model/files/-": {}}],
	"MLB-COVERED": [
		{"/statements/0/notCovered": ["notes.txt"]},
		{"/model/excluded": [{"path": "cache", "by": "cache"}]},
		{"/model/excluded": null},
		{"/unverified": ["a"], "/only": ["*"]},
		{"/unverified": [".git/config"]},
		{"/unverified": [1]},
		{"/unverified": null},
	],
	"MLB-DIGESTS": [
		{"/model/files": []},
		{"/model/files/0/digestSource": "hub"},
		{"/model/files/0/digestSource": "cached"},
		{"/model/files/0/digestSource": "oci-manifest"},
		{"/model/files/0/digestSource": "sums"},
		{"/model/files/0/digestSource": "blob-name"},
		{"/model/files/-": object.union(file, {"digestSource": "cached"})},
	],
	"MLB-COMPONENT": [
		{path(b, "components/2/type"): "LIBRARY"},
		{path(b, "components/2/properties/0/value"): "Library"},
		{path(b, "components/-"): "torch"},
		{path(b, "components/-"): {"type": "machine-learning-model", "properties": [property("role", "model")]}},
		{path(b, "components/0/type"): "DATA"},
		{path(b, "elsewhere"): [[dataset]]},
	],
	"MLB-LOOKED-FOR": [
		{path(m, "properties/-"): property("notLookedFor", "code")},
		{path(m, "properties/-"): property("unreadable", "dataset")},
		{path(m, "properties/-"): property("absent", "baseModel")},
		{path(m, "properties/-"): property("notLookedFor", "Code")},
		{path(m, "properties/-"): property("notLookedFor", ["code"])},
	],
	"MLB-COMMIT": [
		{path(b, "formulation"): []},
		{path(b, "formulation/0/components/0/version"): "main"},
		{path(b, "formulation/0/components/0/version"): upper(commit)},
		{path(b, "formulation/0/components/0/version"): sprintf("%v-dirty", [commit])},
		{path(b, "formulation/0/components/0/version"): 5},
	],
	"MLB-CLEAN": [
		{path(b, "formulation/0/components/0/properties/1/value"): "true"},
		{path(b, "formulation/0/components/0/properties/1/value"): false},
		{path(b, "formulation/0/components/0/properties/-"): property("code.modified", "train.py")},
		{path(b, "formulation/0/components/-"): object.union(code, {"properties": [property("role", "code")]})},
	],
	"MLB-BASE": [
		{path(m, "pedigree/ancestors"): []},
		{path(m, "pedigree/ancestors/0/version"): "main"},
		{path(m, "pedigree/ancestors/0/version"): digest},
		{path(m, "pedigree/ancestors/0/hashes"): [{"alg": "MD5", "content": digest}]},
		{path(m, "pedigree/ancestors/0/components"): []},
		{path(m, "pedigree/ancestors/0/components/-"): {"type": "file", "name": "x"}},
		{path(m, "pedigree/ancestors/0/purl"): "pkg:huggingface/org/base"},
		{path(m, "pedigree/ancestors/0/purl"): sprintf("pkg:huggingface/org/other@%v", [commit])},
		{path(m, "pedigree/ancestors/0/properties/1/value"): substring(digest, 0, 40)},
		{path(m, "properties/-"): property("declared.noBaseModel", "true")},
		{path(b, "components/0/components"): [object.remove(base, ["hashes"])]},
	],
	"MLB-ADAPTER": [
		{path(b, "components/1/properties/1/value"): "org/other"},
		{path(b, "components/1/properties/-"): property("adapter.baseRevision", "dev")},
		{path(b, "components/1/properties/-"): property("adapter.baseDigest", "0")},
		{path(b, "components/1/hashes"): []},
		{path(b, "components/2/components"): [adapter]},
	],
	"MLB-DATASET": [
		{path(b, "components"): []},
		{path(b, "components"): {"0": dataset}},
		{path(b, "components/0/hashes"): "yes"},
		{path(b, "components/0/hashes"): [{"alg": "SHA-256", "content": ""}]},
		{path(b, "components/0/properties/0/value"): "evaluationDataset"},
		{path(b, "components/2/components"): [object.remove(dataset, ["hashes"])]},
		{path(m, "properties/-"): property("declared.noDataset", "true")},
		{path(m, "modelCard/modelParameters/datasets/-"): {"type": "dataset", "name": "x"}},
		{path(m, "modelCard/modelParameters/datasets/-"): {"ref": "other"}},
	],
	"MLB-LIBRARY": [
		{path(b, "components/2/properties/1/value"): "modified"},
		{path(b, "components/2/properties/1/value"): null},
	],
	"MLB-CODE-ON-LOAD": [
		{path(m, "properties/1/value"): "config.json#/auto_map/AutoModel=m.C"},
		{path(m, "properties/-"): property("notLookedFor", "model")},
		{path(m, "properties/-"): property("unreadable", "config.codeOnLoad")},
		{path(m, "pedigree/ancestors/0/properties/-"): property("config.codeOnLoad", "x")},
	],
	"MLB-FINDINGS": [
		{path(b, "annotations/0/text"): `{"id":"MLB-X","severity":"high","message":"m"}`},
		{path(b, "annotations/0/text"): `{"id":"MLB-X","severity":"none","message":"m"}`},
		{path(b, "annotations/0/text"): "looks good"},
		{path(b, "annotations/0/text"): 1},
		{path(b, "annotations"): {}},
	],
}

# In two parts: opa gives each test five seconds.
test_refused if {
	every id, cases in object.remove(refused, ["MLB-SIGNED", "MLB-TIME"]) {
		every values in cases {
			id in denied(with_values(values))
		}
	}
}

test_refused_signers if {
	every id in ["MLB-SIGNED", "MLB-TIME"] {
		every values in refused[id] {
			id in denied(with_values(values))
		}
	}
}

# None hides behind another: what is refused of a bill is refused of a second one. The last case of each, for time.
test_refused_of_a_second_bill if {
	every id in {id | some id, _ in refused} - {"MLB-SIGNED", "MLB-TIME", "MLB-BOUND", "MLB-FORMAT", "MLB-COVERED", "MLB-DIGESTS"} {
		document := with_values(refused[id][count(refused[id]) - 1])
		id in denied(object.union(document, {"statements": array.concat([statement], document.statements)}))
	}
}

removed := {
	"MLB-SIGNED": ["/statements", "/statements/0/signer/spki"],
	"MLB-TIME": ["/statements/0/signer", "/statements/0/signer/kind"],
	"MLB-BOUND": ["/result", "/complete", "/checks/0/result", "/statements/0/subject"],
	"MLB-BOM": ["/statements/0/kind", "/statements/0/bomFiles", m, path(m, "type"), b],
	"MLB-COMPONENT": [path(b, "components/2/type"), path(b, "components/2/properties"), path(m, "properties")],
	"MLB-LOOKED-FOR": ["/statements", b],
	"MLB-COMMIT": [path(b, "formulation"), path(b, "formulation/0/components/0/version")],
	"MLB-CLEAN": [path(b, "formulation/0/components/0"), path(b, "formulation/0/components/0/properties/1")],
	"MLB-BASE": [
		path(m, "pedigree"),
		path(m, "pedigree/ancestors/0/version"),
		path(m, "pedigree/ancestors/0/hashes"),
		path(m, "pedigree/ancestors/0/components"),
		path(m, "pedigree/ancestors/0/components/0/name"),
		path(m, "pedigree/ancestors/0/properties"),
	],
	"MLB-ADAPTER": [path(b, "components/1/hashes"), path(b, "components/1/properties/1"), path(m, "pedigree")],
	"MLB-DATASET": [path(b, "components"), path(b, "components/0/hashes"), path(b, "components/0/properties")],
	"MLB-LIBRARY": [],
	"MLB-CODE-ON-LOAD": ["/statements", m],
	"MLB-FINDINGS": [path(b, "annotations/0/text")],
}

test_absent if {
	every id, paths in removed {
		every place in paths {
			id in denied(without_path(place))
		}
	}
}

test_declared_absences if {
	document := json.patch(report, [
		{"op": "remove", "path": path(m, "pedigree")},
		{"op": "remove", "path": path(m, "modelCard")},
		{"op": "add", "path": path(b, "components"), "value": [library]},
		{"op": "add", "path": path(m, "properties/-"), "value": property("declared.noBaseModel", "true")},
		{"op": "add", "path": path(m, "properties/-"), "value": property("declared.noDataset", "true")},
	])
	denied(document) == set()
}

test_signers_narrow if {
	denied_with(report, {"signers": [digest]}) == set()
	denied_with(report, {"signers": [upper(digest)]}) == {"MLB-SIGNED"}
	denied_with(report, {"signers": null}) == {"MLB-SIGNED"}
	denied_with(report, {"signers": false}) == {"MLB-SIGNED"}
}

test_known_signers if {
	every signer in [
		certificate,
		object.union(certificate, {"acceptedBy": "identityRegexp", "identity": "ann@example.com"}),
		object.remove(certificate, ["issuer"]),
		pgp,
		object.union(pgp, {"fingerprint": upper(digest)}),
	] {
		denied(with_values({"/statements/0/signer": signer, "/statements/0/time": timestamp})) == set()
	}
}

test_a_blob_is_a_signature_and_no_bill if {
	blob := object.union(object.remove(statement, ["bomFiles"]), {
		"kind": "blob",
		"signer": pgp,
		"predicate": null,
	})
	denied(with_values({"/statements/-": blob})) == set()
	"MLB-BOM" in denied(with_values({"/statements": [blob]}))
	not "MLB-SIGNED" in denied(with_values({"/statements": [blob]}))
}

test_all_that_was_asked_about if {
	denied(with_values({"/only": ["*"]})) == set()
}

test_names_narrow if {
	document := with_values({"/statements/0/signer": certificate, "/statements/0/time": timestamp})
	issuer := certificate.issuer
	every signers in [
		[{"identity": "bob@example.com", "issuer": issuer}],
		[{"identity": "ann@example.com", "issuer": issuer}],
		[digest, {"identity": "bob@example.com", "issuer": issuer}],
	] {
		denied_with(document, {"signers": signers}) == set()
	}
	every signers in [
		[digest],
		["bob@example.com"],
		[{"identity": "eve@example.com", "issuer": issuer}],
		[{"identity": "bob@example.com", "issuer": "https://example.com"}],
		[{"identity": "bob@example.com", "issuer": null}],
		[{"identity": "bob@example.com"}],
		[{"fingerprint": fingerprint}],
		{"identity": "bob@example.com", "issuer": issuer},
	] {
		denied_with(document, {"signers": signers}) == {"MLB-SIGNED"}
	}
	private := with_values({"/statements/0/signer": object.remove(certificate, ["issuer"]), "/statements/0/time": timestamp})
	denied_with(private, {"signers": [{"identity": "bob@example.com", "issuer": null}]}) == set()
	denied_with(private, {"signers": [{"identity": "bob@example.com", "issuer": issuer}]}) == {"MLB-SIGNED"}
	denied_with(private, {"signers": [{"identity": "bob@example.com"}]}) == {"MLB-SIGNED"}
}

test_fingerprints_narrow if {
	document := with_values({"/statements/0/signer": object.union(pgp, {"signingKey": upper(digest)})})
	denied_with(document, {"signers": [{"fingerprint": fingerprint}]}) == set()
	denied_with(document, {"signers": [{"fingerprint": upper(digest)}]}) == {"MLB-SIGNED"}
	denied_with(document, {"signers": [fingerprint]}) == {"MLB-SIGNED"}
	denied_with(report, {"signers": [{"fingerprint": fingerprint}]}) == {"MLB-SIGNED"}
}

test_untimed_may_be_allowed if {
	document := with_values({"/statements/0/signer": certificate, "/statements/0/time": {"source": "none"}})
	denied(document) == {"MLB-TIME"}
	denied_with(document, {"allowUntimed": "true"}) == {"MLB-TIME"}
	denied_with(document, {"allowUntimed": true}) == set()
}

test_code_on_load_may_be_allowed if {
	document := with_values({
		path(m, "properties/1/value"): "config.json#/auto_map/AutoModel=m.C",
		path(b, "annotations/0/text"): `{"id":"MLB-CODE-ON-LOAD","severity":"high","message":"m"}`,
	})
	denied(document) == {"MLB-CODE-ON-LOAD", "MLB-FINDINGS"}
	denied_with(document, {"allowCodeOnLoad": "true"}) == {"MLB-CODE-ON-LOAD", "MLB-FINDINGS"}
	denied_with(document, {"allowCodeOnLoad": true}) == set()
}

test_warnings if {
	document := with_values({
		path(m, "properties/-"): property("notLookedFor", "hardware"),
		path(b, "components/2/properties/1/value"): "missing",
		path(b, "formulation/0/components/0/properties/-"): property("code.untracked", "notes.txt"),
		path(m, "pedigree/ancestors/0/properties/-"): property("hub.filesChecked", "some"),
		"/model/files/-": object.union(file, {"format": "unknown"}),
	})
	denied(document) == set()
	warned(document) == {
		"MLB-BASE",
		"MLB-CLEAN",
		"MLB-FINDINGS",
		"MLB-LIBRARY",
		"MLB-LOOKED-FOR",
		"MLB-UNKNOWN-FORMAT",
	}
}

# Noon of the day.
noon := time.parse_rfc3339_ns("2026-11-21T12:00:00Z")

denied_at_noon(document) := ids if {
	ids := {finding.id | some finding in mlbom_policy.deny} with input as document with time.now_ns as noon
}

test_as_of_the_present if {
	every at in ["2026-11-21T12:00:00Z", "2026-11-21T11:55:00Z", "2026-11-21T12:05:00Z", "2026-11-21T12:04:59.999Z"] {
		denied_at_noon(with_values({"/at": at})) == set()
	}
	every at in [
		"2026-11-21T11:54:59Z",
		"2026-11-21T12:05:01Z",
		"2024-11-21T12:00:00Z",
		"1999-11-21T12:00:00Z",
		"9999-11-21T12:00:00Z",
		"2026-11-21T12:00:00+00:00",
		"2026-11-21T12:00:00Z\n",
		"now",
		1795262400,
		null,
		true,
		{},
	] {
		denied_at_noon(with_values({"/at": at})) == {"MLB-AT"}
	}
}

test_as_of_another_time_that_is_proven if {
	past := {"/at": "2024-11-21T12:00:00Z"}
	proven := object.union(past, {"/statements/0/time": timestamp})
	denied_at_noon(with_values(proven)) == set()
	denied_at_noon(with_values(object.union(past, {"/statements/0/time": {"source": "none"}}))) == {"MLB-AT"}
	beside := object.union(statement, {"time": {"source": "none"}})
	denied_at_noon(with_values(object.union(proven, {"/statements/-": beside}))) == {"MLB-AT"}
	"MLB-AT" in denied_at_noon(with_values(object.union(past, {"/statements": []})))
}

test_as_of_another_time_may_be_allowed if {
	document := with_values({"/at": "2024-11-21T12:00:00Z"})
	denied_if(document, "true") == {"MLB-AT"}
	denied_if(document, true) == set()
}

denied_if(document, allowed) := ids if {
	ids := {finding.id | some finding in mlbom_policy.deny} with input as document with data.mlbom as {"allowAt": allowed}
}

# Each area has a way out of its own.
test_what_to_do_about_areas_that_were_not_looked_for if {
	every area, flag in {"hardware": "--host", "library": "--python", "model": "--model", "run": "--run"} {
		document := with_values({path(m, "properties/-"): property("notLookedFor", area)})
		remedies := {finding.remedy | some finding in mlbom_policy.warn; finding.id == "MLB-LOOKED-FOR"} with input as document
		count(remedies) == 1
		some remedy in remedies
		contains(remedy, flag)
	}
}
