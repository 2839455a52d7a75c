# What mlbom-policy asks when no --policy is given: whether a model may be deployed. The native rules come before it and
# hold whatever is written here.
#
# Every rule is a positive statement with a default of false, and is denied if it does not hold: a member that is absent,
# or of another type, must never read as consent. Messages use only what is there. If there are several bills of
# materials, each of them has to satisfy every rule.
#
# data.mlbom.signers narrows whose signatures count; data.mlbom.allowCodeOnLoad, if it is true, lets a model run code of
# its own when it is loaded; data.mlbom.allowUntimed, if it is true, lets certificates sign without a proof of when;
# data.mlbom.allowAt, if it is true, lets signatures be judged as of another time than the present.
package mlbom_policy

rules contains "MLB-SIGNED"

rules contains "MLB-TIME"

rules contains "MLB-AT"

rules contains "MLB-BOUND"

rules contains "MLB-BOM"

rules contains "MLB-FORMAT"

rules contains "MLB-COVERED"

rules contains "MLB-DIGESTS"

rules contains "MLB-UNKNOWN-FORMAT"

rules contains "MLB-COMPONENT"

rules contains "MLB-LOOKED-FOR"

rules contains "MLB-COMMIT"

rules contains "MLB-CLEAN"

rules contains "MLB-BASE"

rules contains "MLB-ADAPTER"

rules contains "MLB-DATASET"

rules contains "MLB-LIBRARY"

rules contains "MLB-CODE-ON-LOAD"

rules contains "MLB-FINDINGS"

statements := object.get(input, "statements", [])

model := object.get(input, "model", {})

files := object.get(model, "files", [])

# MLB-SIGNED: somebody who is known vouches for the model, and everybody who does is on the list, if there is one. A
# certificate says who signed; that somebody asked for that signer makes them known.

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
		accepted(statement.signer)
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

accepted(_) if not narrowed

# The key of a certificate is made for one signature: only keys alone are listed by their digest.
accepted(signer) if {
	is_array(data.mlbom.signers)
	signer.kind == "key"
	signer.spki in data.mlbom.signers
}

accepted(signer) if {
	is_array(data.mlbom.signers)
	signer.kind == "certificate"
	issuer := object.get(signer, "issuer", null)
	some name in certificate_names(signer)
	{"identity": name, "issuer": issuer} in data.mlbom.signers
}

accepted(signer) if {
	is_array(data.mlbom.signers)
	signer.kind == "pgp"
	{"fingerprint": signer.fingerprint} in data.mlbom.signers
}

default narrowed := false

# Also if the list is null or false.
narrowed if {
	some name, _ in data.mlbom
	name == "signers"
}

is_digest(text) if is_hex(text, 64)

# Not by a pattern: there may be many, and a pattern is compiled anew for each.
is_hex(text, length) if {
	is_string(text)
	count(text) == length
	trim(text, "0123456789abcdef") == ""
}

# MLB-TIME: when a certificate signed is proved. It is valid for minutes as a rule, and without a proof all that is known
# is that it was valid when somebody verified.

deny contains {
	"id": "MLB-TIME",
	"severity": "high",
	"message": sprintf("nothing proves when %v was signed, and its certificate is valid for a time only", [
		object.get(statement, "file", "a statement"),
	]),
	"remedy": "sign with a log or a timestamp authority, and give mlbom-verify the trusted root that names it",
} if {
	some statement in statements
	not timed(statement)
}

timed(statement) if statement.signer.kind in {"key", "pgp"}

timed(statement) if {
	statement.signer.kind == "certificate"
	statement.time.source in {"log", "timestampAuthority"}
	is_string(statement.time.at)
}

timed(statement) if {
	statement.signer.kind == "certificate"
	data.mlbom.allowUntimed == true
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

# MLB-BOM: a bill of materials is there, and lists the files that are there; of several, each does.

deny contains {
	"id": "MLB-BOM",
	"severity": "high",
	"message": "no signed bill of materials lists exactly the files of the model, or one of several does not",
	"remedy": "run mlbom-hash | mlbom-capture | mlbom-compose | mlbom-sign over the model, and give mlbom-verify the bundle",
} if {
	not listed
}

default listed := false

listed if {
	count(bills) > 0
	every statement in statements {
		lists_files_if_bom(statement)
	}
}

lists_files_if_bom(statement) if statement.kind in {"blob", "manifest", "oms", "other", "provenance"}

lists_files_if_bom(statement) if {
	statement.kind == "bom"
	statement.bomFiles == "equal"
	statement.predicate.bomFormat == "CycloneDX"
	statement.predicate.metadata.component.type == "machine-learning-model"
}

bills := [predicate |
	some statement in statements
	statement.kind == "bom"
	is_object(statement.predicate)
	predicate := statement.predicate
]

# The components of all bills, wherever a bill may have some.

components := array.concat(array.concat(at_top, below_top), array.concat(two_below, array.concat(three_below, four_below)))

at_top := array.concat(
	[component | some bill in bills; is_object(bill.metadata.component); component := bill.metadata.component],
	array.concat(
		[component | some bill in bills; is_array(bill.components); some component in bill.components],
		[component | some bill in bills; some component in made_with(bill)],
	),
)

below_top := parts(at_top)

two_below := parts(below_top)

three_below := parts(two_below)

four_below := parts(three_below)

parts(parents) := array.concat(
	[component | some parent in parents; is_array(parent.components); some component in parent.components],
	[component |
		some parent in parents
		is_object(parent.pedigree)
		some kind in ["ancestors", "descendants", "variants"]
		is_array(parent.pedigree[kind])
		some component in parent.pedigree[kind]
	],
)

# What took part in making the model: code, machine, system.
made_with(bill) := [component |
	is_array(bill.formulation)
	some formula in bill.formulation
	is_array(formula.components)
	some component in formula.components
]

# The values of all properties of a name. A list without items is a property without a value.
values(component, name) := [value |
	is_array(component.properties)
	some property in component.properties
	property.name == name
	"value" in object.keys(property)
	value := property.value
]

roles_of(component) := values(component, "mlbom:role")

# With their roles, but for files and packages, which there may be many of: those are counted.
notable := [[component, roles_of(component)] |
	some component in components
	not is_plain(component)
]

is_plain(component) if component.type in plain_types

plain_types := {"file", "library"}

of_role(role) := [component |
	some [component, roles, "other"] in by_kind
	role in roles
]

# Apart, for there may be many.
datasets := [[component, roles] |
	some [component, roles, "dataset"] in by_kind
]

by_kind := [[component, roles, kind_of(component, roles)] |
	some [component, roles] in notable
]

# Also by a type of other letters, and by role alone: none of them may be overlooked.
kind_of(component, roles) := "dataset" if {
	is_data(component)
} else := "dataset" if {
	roles[0] in dataset_roles
} else := "other"

is_data(component) if {
	is_string(component.type)
	lower(component.type) == "data"
}

dataset_roles := roles_to_learn_from | {"evaluationDataset", "validationDataset"}

# Measuring with data does not teach a model anything; what it learned from is to be known.
roles_to_learn_from := {"calibrationDataset", "fineTuningDataset", "trainingDataset"}

shown(component) := substring(component.name, 0, 200) if named(component)

shown(component) := "something without a name" if not named(component)

named(component) if {
	is_string(component.name)
	component.name != ""
}

# One SHA-256, not two that may contradict each other.
hashed(component) if {
	digests := digests_of(component)
	count(digests) == 1
	is_hex(digests[0], 64)
}

digests_of(component) := [object.get(hash, "content", null) |
	is_array(component.hashes)
	some hash in component.hashes
	hash.alg == "SHA-256"
]

# MLB-COMPONENT: every component has a place, a type and a role that are known, and the type is one of that role. What no
# rule would look at could be a dataset or a base model by another name.

deny contains {
	"id": "MLB-COMPONENT",
	"severity": "high",
	"message": sprintf("%v components have no known role, or a type that does not go with it: %v", [
		count(misfits),
		concat(", ", [shown(component) | some component in array.slice(misfits, 0, 5)]),
	]),
	"remedy": "compose the bill of materials with mlbom-compose, and do not change it afterwards",
} if {
	count(misfits) > 0
}

misfits := [entry[0] |
	some entry in notable
	not fits(entry[0], entry[1])
]

fits(component, roles) if {
	component.type in types_of_role[roles[0]]
	count(roles) == 1
}

fits(component, roles) if {
	component.type == "file"
	count(roles) == 0
}

types_of_role := {
	"adapter": {"machine-learning-model"},
	"baseModel": {"machine-learning-model"},
	"calibrationDataset": {"data"},
	"code": {"application"},
	"evaluationDataset": {"data"},
	"fineTuningDataset": {"data"},
	"hardware": {"device"},
	"image": {"container"},
	"library": {"framework", "library"},
	"model": {"machine-learning-model"},
	"operatingSystem": {"operating-system"},
	"trainingDataset": {"data"},
	"validationDataset": {"data"},
}

deny contains {
	"id": "MLB-COMPONENT",
	"severity": "high",
	"message": "a bill of materials is not about one component of role model",
	"remedy": "compose the bill of materials with mlbom-compose, and do not change it afterwards",
} if {
	not one_model_each
}

default one_model_each := false

one_model_each if {
	count(of_role("model")) == count(bills)
	every bill in bills {
		roles_of(bill.metadata.component) == ["model"]
	}
}

deny contains {
	"id": "MLB-COMPONENT",
	"severity": "high",
	"message": "packages have another role than theirs or none, or components are where none are looked for",
	"remedy": "compose the bill of materials with mlbom-compose, and do not change it afterwards",
} if {
	not all_found
}

default all_found := false

# There is no walking through a document of any depth, and going through the properties of every package takes long. So
# what was found is counted, and held against how often the text of the bills has it. In strings quotes are escaped, so
# that what a string says does not count.
all_found if {
	packages := strings.count(text, `{"name":"mlbom:role","value":"library"}`)
	packages == count([1 | some component in components; component.type == "library"])
	strings.count(text, `"name":"mlbom:role"`) == (packages + count(roles_found)) + count(runs_found)
	strings.count(lower(text), `"type":"data"`) == count(data_found)
	records_said == records_intact + count(records)
}

text := json.marshal(bills)

roles_found := [1 |
	some entry in notable
	some _ in entry[1]
]

runs_found := [1 |
	some bill in bills
	is_array(bill.formulation)
	some formula in bill.formulation
	is_array(formula.workflows)
	some workflow in formula.workflows
	some role in roles_of(workflow)
	role == "run"
]

data_found := [1 |
	some [component, _] in datasets
	is_data(component)
]

# MLB-LOOKED-FOR: somebody looked for base models, datasets and code. What was not looked for is not known to be absent.

deny contains {
	"id": "MLB-LOOKED-FOR",
	"severity": "high",
	"message": "no bill of materials says what was looked for, or one says it in words that are not known",
	"remedy": "capture with mlbom-capture, and name --model, --base, --dataset and --code",
} if {
	not says_what_was_looked_for
}

default says_what_was_looked_for := false

says_what_was_looked_for if {
	count(bills) > 0
	every bill in bills {
		every area in values(bill.metadata.component, "mlbom:notLookedFor") {
			area in (needed_areas | other_areas)
		}
		every kind in ["mlbom:absent", "mlbom:unreadable"] {
			every name in values(bill.metadata.component, kind) {
				is_string(name)
			}
		}
	}
}

needed_areas := {"baseModel", "code", "dataset"}

# What no rule needs, and how mlbom-capture comes to look for it.
other_areas := {area | some area, _ in remedy_of_area}

remedy_of_area := {
	"hardware": "capture again with --host on the machine that trained, or with --ci in its job",
	"library": "capture again with --python and the environment that trained",
	"model": "capture again with --model and the directory of the model",
	"run": "capture again with --run and the directory that the trainer wrote to, or with --ci in its job",
}

flags_of_area := {"baseModel": "--base", "code": "--code", "dataset": "--dataset"}

deny contains {
	"id": "MLB-LOOKED-FOR",
	"severity": "high",
	"message": sprintf("%v of %v", [wording, area]),
	"remedy": sprintf("capture again with %v", [flags_of_area[area]]),
} if {
	some kind, wording in wordings
	some area in needed_areas
	some bill in bills
	area in values(bill.metadata.component, kind)
	not absence_declared(bill, kind, area)
}

wordings := {
	"mlbom:absent": "nothing was found",
	"mlbom:notLookedFor": "nothing is known, for nobody looked,",
	"mlbom:unreadable": "nothing could be read",
}

absence_declared(bill, "mlbom:absent", area) if declared_none(bill, area)

# `--base none` and `--dataset none`.
declared_none(bill, area) if values(bill.metadata.component, declarations[area]) == ["true"]

not_declared(bill, area) if values(bill.metadata.component, declarations[area]) in [[], ["false"]]

declarations := {"baseModel": "mlbom:declared.noBaseModel", "dataset": "mlbom:declared.noDataset"}

warn contains {
	"id": "MLB-LOOKED-FOR",
	"severity": "low",
	"message": sprintf("%v of %v", [wording, area]),
	"remedy": remedy_of_area[area],
} if {
	some kind, wording in wordings
	some bill in bills
	some area in values(bill.metadata.component, kind)
	area in other_areas
}

# The headers of the model's own weights were there, and are not what headers are.
deny contains {
	"id": "MLB-LOOKED-FOR",
	"severity": "high",
	"message": "the weights of the model could not be read",
	"remedy": "see what the findings say of them, and store them as safetensors",
} if {
	some bill in bills
	"weights.tensors" in values(bill.metadata.component, "mlbom:unreadable")
}

# MLB-COMMIT: the commit of the code that trained the model is recorded, whole: SHA-1 or SHA-256, as git has it.

deny contains {
	"id": "MLB-COMMIT",
	"severity": "high",
	"message": "the commit of the code that trained the model is not recorded",
	"remedy": "capture with mlbom-capture --code DIR, where DIR is a git work tree with a commit",
} if {
	not committed
}

default committed := false

committed if {
	every_bill_has_code
	every code in of_role("code") {
		some length in [40, 64]
		is_hex(code.version, length)
	}
}

default every_bill_has_code := false

every_bill_has_code if {
	count(bills) > 0
	every bill in bills {
		"code" in {role | some component in made_with(bill); some role in roles_of(component)}
	}
}

# MLB-CLEAN: the code was as committed. Nobody having looked is not the same.

deny contains {
	"id": "MLB-CLEAN",
	"severity": "high",
	"message": "the code that trained the model differed from its commit, or nobody looked",
	"remedy": "commit, train from that commit, and capture with mlbom-capture --code DIR",
} if {
	not clean
}

default clean := false

clean if {
	every_bill_has_code
	every code in of_role("code") {
		values(code, "mlbom:code.dirty") == ["false"]
		count(values(code, "mlbom:code.modified")) == 0
	}
}

warn contains {
	"id": "MLB-CLEAN",
	"severity": "medium",
	"message": "files that git does not know lay beside the code that trained the model",
	"remedy": "commit or ignore them, and train again if they had a part in it",
} if {
	some code in of_role("code")
	count(values(code, "mlbom:code.untracked")) > 0
}

# MLB-BASE: every model that this one was made from is pinned to a commit and has digests, or a person declared that there
# is none.

deny contains {
	"id": "MLB-BASE",
	"severity": "high",
	"message": "no base model is listed, and none is declared; or one is listed although none is declared",
	"remedy": "capture with mlbom-capture --base PATH, or with --base none if the model was trained from nothing",
} if {
	not says_its_bases
}

default says_its_bases := false

says_its_bases if {
	count(bills) > 0
	every bill in bills {
		says_bases(bill)
	}
}

says_bases(bill) if {
	not_declared(bill, "baseModel")
	is_array(bill.metadata.component.pedigree.ancestors)
	count(bill.metadata.component.pedigree.ancestors) > 0
}

says_bases(bill) if {
	declared_none(bill, "baseModel")
	count(ancestors) == 0
	count(of_role("baseModel")) == 0
}

ancestors := [ancestor |
	some bill in bills
	some ancestor in ancestors_of(bill)
]

ancestors_of(bill) := [ancestor |
	is_array(bill.metadata.component.pedigree.ancestors)
	some ancestor in bill.metadata.component.pedigree.ancestors
]

deny contains {
	"id": "MLB-BASE",
	"severity": "high",
	"message": sprintf("the base model %v is not pinned: a commit, a SHA-256, and files with a SHA-256 each were wanted", [
		shown(base),
	]),
	"remedy": "take the base model from a Hub cache or at a commit, and capture with mlbom-capture --base PATH",
} if {
	some [base, "loose"] in judged
}

# Each once: a base model may have many files.
judged := [[base, judgement(base)] | some base in array.concat(of_role("baseModel"), no_bases)]

# What stands where base models do, and is none.
no_bases := [ancestor |
	some ancestor in ancestors
	not "baseModel" in roles_of(ancestor)
]

judgement(base) := "pinned" if {
	pinned(base)
} else := "loose"

pinned(base) if {
	base.type == "machine-learning-model"
	roles_of(base) == ["baseModel"]
	is_hex(base.version, 40)
	hashed(base)
	is_array(base.components)
	count(base.components) > 0
	every file in base.components {
		file.type == "file"
		is_string(file.name)
		hashed(file)
	}
}

deny contains {
	"id": "MLB-BASE",
	"severity": "high",
	"message": sprintf("the base model %v is pinned to one commit, and its purl or revision names another or another place", [
		shown(base),
	]),
	"remedy": "capture the base model again with mlbom-capture --base PATH",
} if {
	some [base, "pinned"] in judged
	not agrees(base)
}

agrees(base) if {
	purl_agrees(base)
	every revision in values(base, "mlbom:hub.revisions") {
		revision_agrees(revision, base)
	}
	every commit in values(base, "mlbom:hub.commit") {
		commit == base.version
	}
}

# The name that was asked for may be a branch; a commit has to be the one.
revision_agrees(revision, base) if revision == base.version

revision_agrees(revision, _) if {
	is_string(revision)
	not regex.match(`^[0-9A-Fa-f]{40}$`, revision)
}

purl_agrees(base) if object.get(base, "purl", null) == null

purl_agrees(base) if {
	some name in names_of(base)
	base.purl == concat("", ["pkg:huggingface/", name, "@", base.version])
}

# What a Hub calls it; without one, what people do.
names_of(base) := {name |
	some name in values(base, "mlbom:hub.repository")
	is_string(name)
} if {
	count(values(base, "mlbom:hub.repository")) > 0
}

names_of(base) := {name |
	name := base.name
	is_string(name)
} if {
	count(values(base, "mlbom:hub.repository")) == 0
}

warn contains {
	"id": "MLB-BASE",
	"severity": "medium",
	"message": sprintf("not every file of the base model %v was held against what its Hub recorded", [shown(base)]),
	"remedy": "capture the base model from a Hub cache that is whole",
} if {
	some base in of_role("baseModel")
	some checked in values(base, "mlbom:hub.filesChecked")
	checked != "all"
}

# MLB-ADAPTER: an adapter has a digest, and lies over a base model that is pinned.

deny contains {
	"id": "MLB-ADAPTER",
	"severity": "high",
	"message": sprintf("the adapter %v has no digest, or is not over a pinned base model of this bill of materials", [
		shown(adapter),
	]),
	"remedy": "capture the adapter with --adapter DIR together with its base model with --base PATH",
} if {
	some bill in bills
	some adapter in adapters_of(bill)
	not attached(adapter, bill)
}

adapters_of(bill) := [component |
	is_array(bill.components)
	some component in bill.components
	component.type == "machine-learning-model"
	"adapter" in roles_of(component)
]

attached(adapter, bill) if {
	hashed(adapter)
	some base in ancestors_of(bill)
	pinned(base)
	over(adapter, base)
	every digest in values(adapter, "mlbom:adapter.baseDigest") {
		digests_of(base) == [digest]
	}
	every revision in values(adapter, "mlbom:adapter.baseRevision") {
		revision in array.concat([base.version], values(base, "mlbom:hub.revisions"))
	}
}

# By name, or by what it is.
over(adapter, base) if {
	names := values(adapter, "mlbom:adapter.base")
	count(names) == 1
	names[0] in (names_of(base) | {base.name})
}

over(adapter, base) if {
	digests_of(base)[0] in values(adapter, "mlbom:adapter.baseDigest")
}

deny contains {
	"id": "MLB-ADAPTER",
	"severity": "high",
	"message": "an adapter is part of something else than the model",
	"remedy": "capture the adapter with mlbom-capture --adapter DIR",
} if {
	count(of_role("adapter")) != count([1 | some bill in bills; some _ in adapters_of(bill)])
}

# MLB-DATASET: the data that the model learned from is listed with digests, or a person declared that there is none.

deny contains {
	"id": "MLB-DATASET",
	"severity": "high",
	"message": "no dataset to learn from is listed, and none is declared; or one is listed although none is declared",
	"remedy": "capture with mlbom-capture --dataset train=PATH, or with --dataset none if there is none",
} if {
	not says_its_datasets
}

default says_its_datasets := false

says_its_datasets if {
	count(bills) > 0
	every bill in bills {
		says_datasets(bill)
	}
}

says_datasets(bill) if {
	not_declared(bill, "dataset")
	is_array(bill.components)
	some dataset in bill.components
	dataset.type == "data"
	roles_of(dataset)[0] in roles_to_learn_from
}

says_datasets(bill) if {
	declared_none(bill, "dataset")
	count(datasets) == 0
}

deny contains {
	"id": "MLB-DATASET",
	"severity": "high",
	"message": sprintf("the dataset %v is not of type data with a SHA-256 and the role of a dataset", [shown(dataset)]),
	"remedy": "capture it with mlbom-capture --dataset ROLE=PATH",
} if {
	some [dataset, roles] in datasets
	not identified(dataset, roles)
}

identified(dataset, roles) if {
	dataset.type == "data"
	count(roles) == 1
	roles[0] in dataset_roles
	hashed(dataset)
}

deny contains {
	"id": "MLB-DATASET",
	"severity": "high",
	"message": "the model card lists a dataset that is no component of the bill of materials, and so has no digest",
	"remedy": "capture it with mlbom-capture --dataset ROLE=PATH",
} if {
	some bill in bills
	not card_agrees(bill)
}

card_agrees(bill) if not has_card_datasets(bill)

card_agrees(bill) if {
	is_array(bill.metadata.component.modelCard.modelParameters.datasets)
	known := references_of(bill)
	every entry in bill.metadata.component.modelCard.modelParameters.datasets {
		is_object(entry)
		object.keys(entry) == {"ref"}
		entry.ref in known
	}
}

has_card_datasets(bill) if {
	is_object(bill.metadata.component.modelCard.modelParameters)
	some name, _ in bill.metadata.component.modelCard.modelParameters
	name == "datasets"
}

references_of(bill) := {reference |
	is_array(bill.components)
	some dataset in bill.components
	dataset.type == "data"
	is_string(dataset["bom-ref"])
	reference := dataset["bom-ref"]
}

# MLB-LIBRARY: no installed package differs from what its installer recorded.

deny contains {
	"id": "MLB-LIBRARY",
	"severity": "high",
	"message": sprintf("files of the package %v are not those that were installed", [shown(component)]),
	"remedy": "install the package anew, train and capture again",
} if {
	some [component, record] in records
	not record in {"missing", "none", "partial"}
}

# Of packages that are not just as they were installed.
records := [] if all_intact

records := [[component, property.value] |
	some component in components
	is_array(component.properties)
	some property in component.properties
	property.name == "mlbom:package.record"
	property.value != "intact"
] if {
	not all_intact
}

default all_intact := false

all_intact if records_said == records_intact

records_said := strings.count(text, `"name":"mlbom:package.record"`)

records_intact := strings.count(text, `{"name":"mlbom:package.record","value":"intact"}`)

warn contains {
	"id": "MLB-LIBRARY",
	"severity": "medium",
	"message": sprintf("files of the package %v are missing", [shown(component)]),
	"remedy": "install the package anew, train and capture again",
} if {
	some [component, "missing"] in records
}

# MLB-CODE-ON-LOAD: loading the model runs no code that comes with it or with what it is made from.

deny contains {
	"id": "MLB-CODE-ON-LOAD",
	"severity": "critical",
	"message": sprintf("loading the model runs code: %v", [substring(sprintf("%v", [key]), 0, 500)]),
	"remedy": "load the model without its own code and store it so, or set data.mlbom.allowCodeOnLoad to true",
} if {
	not code_allowed
	some entry in notable
	some key in values(entry[0], "mlbom:config.codeOnLoad")
}

deny contains {
	"id": "MLB-CODE-ON-LOAD",
	"severity": "high",
	"message": "nobody looked whether loading the model runs code, or it could not be read",
	"remedy": "capture with mlbom-capture --model DIR, or set data.mlbom.allowCodeOnLoad to true",
} if {
	not code_allowed
	not looked_for_code_on_load
}

default looked_for_code_on_load := false

looked_for_code_on_load if {
	count(bills) > 0
	every bill in bills {
		is_object(bill.metadata.component)
		subject := bill.metadata.component
		not "model" in values(subject, "mlbom:notLookedFor")
		every name in values(subject, "mlbom:unreadable") {
			is_string(name)
			not regex.match(`^(model|config\..*)$`, name)
		}
		every part in notable_weights {
			not "config.codeOnLoad" in values(part, "mlbom:unreadable")
		}
	}
}

# What the model is made from and of: its code runs as the model's does.
notable_weights := array.concat(of_role("baseModel"), of_role("adapter"))

default code_allowed := false

code_allowed if data.mlbom.allowCodeOnLoad == true

# MLB-FINDINGS: what did not fit when the evidence was read was not serious. An annotation that is no finding is refused:
# nobody can tell how serious it is.

deny contains {
	"id": "MLB-FINDINGS",
	"severity": "high",
	"message": "a bill of materials has an annotation that is not a finding",
	"remedy": "compose the bill of materials with mlbom-compose, and do not change it afterwards",
} if {
	not only_findings
}

default only_findings := false

only_findings if {
	every bill in bills {
		is_array(object.get(bill, "annotations", []))
	}
	count(annotations) == count(findings)
}

annotations := [annotation |
	some bill in bills
	is_array(bill.annotations)
	some annotation in bill.annotations
]

findings := [finding |
	some annotation in annotations
	is_string(annotation.text)
	json.is_valid(annotation.text)
	finding := json.unmarshal(annotation.text)
	is_object(finding)
	is_string(finding.id)
	is_string(finding.message)
	finding.severity in {"low", "medium", "high", "critical"}
]

deny contains {
	"id": "MLB-FINDINGS",
	"severity": finding.severity,
	"message": told(finding),
	"remedy": "put right what it names, then capture, compose and sign again",
} if {
	some finding in findings
	finding.severity in {"high", "critical"}
	not allowed(finding)
}

warn contains {
	"id": "MLB-FINDINGS",
	"severity": finding.severity,
	"message": told(finding),
	"remedy": "put right what it names, then capture, compose and sign again",
} if {
	some finding in findings
	tolerable(finding)
}

tolerable(finding) if finding.severity in {"low", "medium"}

tolerable(finding) if allowed(finding)

allowed(finding) if {
	code_allowed
	finding.id == "MLB-CODE-ON-LOAD"
}

told(finding) := concat("", ["finding ", substring(finding.id, 0, 64), ": ", substring(finding.message, 0, 900)])

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
