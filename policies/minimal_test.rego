package mlbom_policy_test

import data.mlbom_policy

digest := "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

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

statement := {
	"kind": "bom",
	"signer": {"kind": "key", "spki": digest, "keyType": "ecdsa-p256"},
	"subject": "wholeModel",
	"bomFiles": "equal",
	"notCovered": [],
}

report := {
	"result": "held",
	"complete": true,
	"model": {"files": [file], "excluded": []},
	"checks": [{"id": "signature", "result": "held"}],
	"statements": [statement],
}

# The report with the values of some paths replaced.
with_values(values) := json.patch(report, [{"op": "add", "path": path, "value": value} |
	some path, value in values
])

without_path(path) := json.patch(report, [{"op": "remove", "path": path}])

denied(document) := ids if {
	ids := {finding.id | some finding in mlbom_policy.deny} with input as document
}

warned(document) := ids if {
	ids := {finding.id | some finding in mlbom_policy.warn} with input as document
}

test_allows_a_whole_report if {
	denied(report) == set()
	warned(report) == set()
}

test_nothing_at_all if {
	denied({}) == {"MLB-BOM", "MLB-BOUND", "MLB-COVERED", "MLB-DIGESTS", "MLB-SIGNED"}
}

test_every_finding_is_of_a_rule if {
	every finding in mlbom_policy.deny {
		finding.id in mlbom_policy.rules
	} with input as {}
}

refused := {
	"MLB-SIGNED": [
		{"/statements": []},
		{"/statements/0/signer": {}},
		{"/statements/0/signer/kind": "none"},
		{"/statements/0/signer/spki": ""},
		{"/statements/0/signer/spki": upper(digest)},
		{"/statements/0/signer/spki": sprintf("x%v", [digest])},
		{"/statements/0/signer/spki": sprintf("%v\n", [digest])},
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
	"MLB-BOUND": [
		{"/result": "failed"},
		{"/result": "Held"},
		{"/result": true},
		{"/complete": false},
		{"/complete": "true"},
		{"/checks": []},
		{"/checks/0/result": "failed"},
		{"/checks/-": {"id": "files"}},
		{"/checks/-": {"id": "files", "result": "failed"}},
		{"/statements": []},
		{"/statements/0/subject": "oneFile"},
		{"/statements/-": {}},
		{"/statements/0/subject": "namedFiles"},
		{"/unverified": ["a"], "/only": ["*"]},
		{"/unverified": [1]},
		{"/unverified": null},
		{"/unverified": {}},
		{"/unverified": "a"},
		{"/statements/-": object.union(statement, {"subject": "oneFile"})},
	],
	"MLB-BOM": [
		{"/statements": []},
		{"/statements/0/kind": "oms"},
		{"/statements/0/bomFiles": "absent"},
		{"/statements/0/bomFiles": null},
	],
	"MLB-FORMAT": [
		{"/model/files/-": object.union(file, {"format": "pickle"})},
		{"/model/files/-": object.union(file, {"format": "zip"})},
		{"/model/files/-": object.union(file, {"format": "new"})},
		{"/model/files/-": object.union(file, {"format": null})},
		{"/model/files/-": {}},
	],
	"MLB-COVERED": [
		{"/statements/0/notCovered": ["notes.txt"]},
		{"/statements/0/notCovered": [".git/config", "notes.txt"]},
		{"/statements/0/notCovered": ["sub/.git/config"]},
		{"/statements/0/notCovered": ["x.git"]},
		{"/statements/-": object.union(statement, {"notCovered": ["a"]})},
		{"/statements/-": {}},
		{"/model/excluded": [{"path": "cache", "by": "cache"}]},
		{"/model/excluded": [{"path": "sub/.git", "by": "x"}]},
		{"/model/excluded": [{"by": "x"}]},
		{"/model/excluded": [".git"]},
		{"/model/excluded": null},
		{"/statements/0/notCovered": null},
		{"/statements/0/notCovered": [{}]},
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
		{"/model/files/0/digestSource": null},
		{"/model/files/-": {"path": "a", "format": "text"}},
	],
}

test_refused if {
	every id, cases in refused {
		every values in cases {
			id in denied(with_values(values))
		}
	}
}

removed := {
	"MLB-SIGNED": ["/statements", "/statements/0/signer", "/statements/0/signer/kind", "/statements/0/signer/spki"],
	"MLB-BOUND": ["/result", "/complete", "/checks", "/checks/0", "/checks/0/result", "/statements/0/subject"],
	"MLB-BOM": ["/statements/0", "/statements/0/kind", "/statements/0/bomFiles"],
	"MLB-FORMAT": ["/model/files/0/format"],
	"MLB-COVERED": ["/statements/0/notCovered", "/model/excluded", "/model"],
	"MLB-DIGESTS": ["/model", "/model/files", "/model/files/0", "/model/files/0/digestSource"],
}

test_absent if {
	every id, paths in removed {
		every path in paths {
			id in denied(without_path(path))
		}
	}
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

test_git_keeps_its_own if {
	denied(with_values({
		"/statements/0/notCovered": [".git/config", ".gitattributes", ".github/a/b"],
		"/model/excluded": [{"path": ".git", "by": "oms-defaults"}],
	})) == set()
}

test_an_unknown_format_warns if {
	document := with_values({"/model/files/-": object.union(file, {"path": "a.bin", "format": "unknown"})})
	denied(document) == set()
	warned(document) == {"MLB-UNKNOWN-FORMAT"}
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
