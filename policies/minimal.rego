# What mlbom-policy asks when no --policy is given. The native rules come before it and hold whatever is written here.
#
# Every rule is a positive statement with a default of false, and is denied if it does not hold: a member that is absent,
# or of another type, must never read as consent. Messages use only what is there.
#
# data.mlbom.allowAt, if it is true, lets signatures be judged as of another time than the present.
package mlbom_policy

rules contains "MLB-SIGNED"

rules contains "MLB-AT"

rules contains "MLB-BOUND"

rules contains "MLB-BOM"

rules contains "MLB-FORMAT"

rules contains "MLB-COVERED"

rules contains "MLB-DIGESTS"

rules contains "MLB-UNKNOWN-FORMAT"

statements := object.get(input, "statements", [])

model := object.get(input, "model", {})

files := object.get(model, "files", [])

# MLB-SIGNED: somebody who is known vouches for the model, and nobody else does. A certificate says who signed; that
# somebody asked for that signer makes them known.

deny contains {
	"id": "MLB-SIGNED",
	"severity": "critical",
	"message": "not every statement about the model is signed by a known key or identity, or there is none",
	"remedy": "sign it with mlbom-sign, and give mlbom-verify the signer with --key, or with --identity and --issuer",
} if {
	not signed
}

default signed := false

signed if {
	count(input.statements) > 0
	every statement in input.statements {
		known(statement.signer)
	}
}

known(signer) if {
	signer.kind == "key"
	is_hex(signer.spki, 64)
}

known(signer) if {
	signer.kind == "certificate"
	signer.acceptedBy in {"identity", "identityRegexp"}
	is_string(signer.identity)
	signer.identity in certificate_names(signer)
}

known(signer) if {
	signer.kind == "pgp"
	is_string(signer.fingerprint)
	count(signer.fingerprint) in {40, 64}
	trim(signer.fingerprint, "0123456789ABCDEF") == ""
}

# None of them empty.
certificate_names(signer) := {name.value |
	is_array(signer.names)
	some name in signer.names
	is_string(name.value)
	name.value != ""
}

# Not by a pattern: there may be many, and a pattern is compiled anew for each.
is_hex(text, length) if {
	is_string(text)
	count(text) == length
	trim(text, "0123456789abcdef") == ""
}

# MLB-AT: signatures are judged as of the present: as of another time, a key that has ended or was revoked since still counts.
# Where somebody else proves when each of them was made, that is no matter.

deny contains {
	"id": "MLB-AT",
	"severity": "high",
	"message": sprintf("the signatures are judged as of %v, not as of now, and nothing proves that each was made by then", [at]),
	"remedy": "run mlbom-verify without --at, or give mlbom-policy the same --at",
} if {
	not of_the_present
}

# Absent unless it was given to mlbom-verify.
at := object.get(input, "at", "")

default of_the_present := false

of_the_present if at == ""

of_the_present if {
	is_string(at)

	# Of this century: nanoseconds cannot count to any year.
	regex.match(`^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$`, at)
	abs(time.parse_rfc3339_ns(at) - time.now_ns()) <= 5 * minute_ns
}

of_the_present if {
	count(statements) > 0
	every statement in statements {
		statement.time.source in {"log", "timestampAuthority"}
	}
}

of_the_present if data.mlbom.allowAt == true

minute_ns := 60000000000

# MLB-BOUND: every check held, every statement is about every byte of the model, and every byte was looked at.

deny contains {
	"id": "MLB-BOUND",
	"severity": "critical",
	"message": "not every check held for the whole model",
	"remedy": "run mlbom-verify, without --only, and do what it says",
} if {
	not bound
}

default bound := false

bound if {
	input.result == "held"
	input.complete == true
	count(input.checks) > 0
	every check in input.checks {
		check.result == "held"
	}
	count(input.statements) > 0
	every statement in input.statements {
		statement.subject == "wholeModel"
	}
	unverified == []
}

# Absent unless there are some.
unverified := object.get(input, "unverified", [])

# MLB-BOM: a bill of materials is there, and lists the files that are there.

deny contains {
	"id": "MLB-BOM",
	"severity": "high",
	"message": "no signed bill of materials lists exactly the files of the model",
	"remedy": "run mlbom-hash | mlbom-compose | mlbom-sign over the model, and give mlbom-verify the bundle",
} if {
	not listed
}

default listed := false

listed if {
	some statement in statements
	statement.kind == "bom"
	statement.bomFiles == "equal"
}

# MLB-FORMAT: no file runs code when it is loaded. A pickle does, and so does a torch checkpoint, which is a zip of
# pickles. A format that is not named here is refused too.

harmless_formats := {"gguf", "hdf5", "json", "onnx", "safetensors", "text", "unknown"}

deny contains {
	"id": "MLB-FORMAT",
	"severity": "high",
	"message": sprintf("%v is of format %v, which may run code when it is loaded", [
		object.get(file, "path", "a file"),
		object.get(file, "format", "none"),
	]),
	"remedy": "store the weights as safetensors, or write a policy that allows this format",
} if {
	some file in files
	not harmless(file)
}

harmless(file) if file.format in harmless_formats

# MLB-COVERED: the signers left out nothing but what git keeps for itself at the top of the model, and whoever verified left
# out nothing.

deny contains {
	"id": "MLB-COVERED",
	"severity": "high",
	"message": "the report does not list what was left out",
	"remedy": "run mlbom-verify again",
} if {
	not lists_what_was_left_out
}

default lists_what_was_left_out := false

lists_what_was_left_out if {
	is_array(input.model.excluded)
	every entry in input.model.excluded {
		is_string(entry.path)
	}
	every statement in statements {
		is_array(statement.notCovered)
		every path in statement.notCovered {
			is_string(path)
		}
	}
	is_array(unverified)
	every path in unverified {
		is_string(path)
	}
}

deny contains {
	"id": "MLB-COVERED",
	"severity": "high",
	"message": sprintf("a signature does not cover %v, which is there", [path]),
	"remedy": "remove the file, or have the model signed again without leaving it out",
} if {
	some statement in statements
	some path in statement.notCovered
	not kept_by_git(path)
}

deny contains {
	"id": "MLB-COVERED",
	"severity": "high",
	"message": sprintf("the manifest leaves out %v", [path]),
	"remedy": "hash the model again without --exclude, and have it signed so",
} if {
	some entry in model.excluded
	path := entry.path
	not kept_by_git(path)
}

deny contains {
	"id": "MLB-COVERED",
	"severity": "high",
	"message": sprintf("%v was not verified", [path]),
	"remedy": "run mlbom-verify without --only",
} if {
	some path in unverified
}

kept_by_git(path) if regex.match(`^\.git(hub)?(/|$)|^\.git(attributes|ignore|modules)$`, path)

# MLB-DIGESTS: every digest was computed from the bytes, and not copied from somewhere.

deny contains {
	"id": "MLB-DIGESTS",
	"severity": "high",
	"message": "a digest of a file of the model was not computed from its bytes",
	"remedy": "hash the model itself with mlbom-hash",
} if {
	not computed
}

default computed := false

computed if {
	count(input.model.files) > 0
	every file in input.model.files {
		file.digestSource == "computed"
	}
}

# MLB-UNKNOWN-FORMAT: nobody can say what loading such a file does.

warn contains {
	"id": "MLB-UNKNOWN-FORMAT",
	"severity": "low",
	"message": sprintf("%v is of format %v, and what loading it does is not known", [
		object.get(file, "path", "a file"),
		object.get(file, "format", "none"),
	]),
	"remedy": "check what reads this file, or leave it out of the model",
} if {
	some file in files
	file.format in unclear_formats
}

# HDF5 holds weights, and in a Keras model also code.
unclear_formats := {"hdf5", "unknown"}
