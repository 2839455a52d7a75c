"""Base models and datasets, as each huggingface_hub leaves them on disk, against what the stand-in served."""

import copy
import json
import os
import pathlib
import re
import shutil
import struct

from hub_stand_in import Hub, Repository
from shared import TOKEN, ask, capture, command, flip, prepared, safetensors

HUBS = {"0.26": "0.26.5", "1.33": "1.33.0", "2.4": "2.4.0"}


def weights(value, count=64):
    content = struct.pack("<f", value) * count
    return safetensors([("layer.weight", "F32", [count // 8, 8], content)], {"format": "pt"})


def model_repository(name, chunked=False):
    """Weights under a tag, then under a pull request, then others under main."""
    repository = Repository("models", name, chunked)
    files = {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
             "README.md": b"---\nlicense: apache-2.0\n---\n# A model\n", "config.json": b'{"model_type": "bert"}\n',
             "model.safetensors": weights(1), "tokenizer/vocab.txt": "a\nb\n\u00fc\n".encode(),
             "tokenizer.json": b"{}\n", "empty.txt": b""}
    repository.commit(files, "first", "v1.0")
    repository.commit(files | {"model.safetensors": weights(2)}, "second", "refs/pr/1")
    files |= {"model.safetensors": weights(3), "config.json": b'{"model_type": "roberta"}\n'}
    repository.commit(files, "third", "main", "latest")
    return repository


def named_by(layout):
    """The names that stand for the commit of a layout; None if the cache has none."""
    return [layout.named] if isinstance(layout.named, str) else layout.named


def served(commit, only=None):
    """What the stand-in serves of a commit: path and SHA-256."""
    return {path: file.sha256 for path, file in commit.files.items() if only is None or path in only}


def hub_stand_in(test, work, keys):
    """The stand-in's objects are git's."""
    repository = model_repository("acme/tiny-model")
    folder = work / "objects.git"
    command("git", "init", "--quiet", "--bare", folder)
    wrong = []
    for name, (kind, content) in repository.objects.items():
        written = command("git", "-C", folder, "hash-object", "-t", kind, "-w", "--stdin", stdin=content).strip()
        wrong += [name] if written != name else []
    test.equal("git names the stand-in's objects as it does", wrong, [])
    for ref, commit in repository.refs.items():
        ref = ref if ref.startswith("refs/") else f"refs/{'heads' if ref == 'main' else 'tags'}/{ref}"
        command("git", "-C", folder, "update-ref", ref, commit)
    command("git", "-C", folder, "fsck", "--strict")
    listed = command("git", "-C", folder, "ls-tree", "-r", "--name-only", "main").split()
    test.equal("git lists the files of its main", listed, sorted(repository.at("main").files))


class Layout:
    """A way to download: the steps, and what is to be found afterwards."""

    def __init__(self, name, steps, revision, only=None, links=True, local=False, trees=False, known=True, named=None,
                 absent=None):
        self.name, self.steps, self.revision, self.only = name, steps, revision, only
        self.links, self.local, self.trees = links, local, trees
        self.known, self.named, self.absent = known, named, absent


# What of a repository is fetched where not all of it is: single files, a file that main is asked for, patterns with
# the files that they stand for, a file that is not there.
MODEL_PARTS = (["config.json", "model.safetensors", "tokenizer/vocab.txt"], "config.json", ("*.json", "*.safetensors"),
               ["config.json", "model.safetensors", "tokenizer.json"], "chat_template.jinja")
DATA_PARTS = (["data/train.jsonl", "data/test.csv"], "README.md",
              ("data/train*",), ["data/train.jsonl", "data/train.parquet"], "dataset_infos.json")


def layouts(version, repository, local):
    """Those that every version has; the list of a commit only the newer ones keep."""
    kind, name, trees = repository.kind[:-1], repository.name, version != "0.26"
    some, small, patterns, part, missing = MODEL_PARTS if kind == "model" else DATA_PARTS
    whole = lambda **more: ["snapshot", {"repo_id": name, "repo_type": kind, **more}]
    file = lambda path, **more: ["file", {"repo_id": name, "repo_type": kind, "filename": path, **more}]
    tagged = [file(path, revision="v1.0") for path in some]
    placed = [file(path, revision="v1.0", local_dir=str(local)) for path in some]
    return [
        Layout("a snapshot", [whole()], "main", trees=trees, named="main"),
        Layout("a snapshot of a pull request", [whole(revision="refs/pr/1")], "refs/pr/1", trees=trees,
               named="refs/pr/1"),
        Layout("a snapshot by two names", [whole(), whole(revision="latest")], "main", trees=trees,
               named=["latest", "main"]),
        Layout("a snapshot by commit", [whole(revision="COMMIT")], "v1.0", trees=trees),
        Layout(f"files of a tag, and {small} of main", [*tagged, file(missing, revision="v1.0"), file(small)],
               "v1.0", only=some, named="v1.0", absent=[missing]),
        Layout("a part of a snapshot", [whole(revision="v1.0", allow_patterns=list(patterns))], "v1.0", only=part,
               trees=trees, named="v1.0"),
        Layout("a snapshot without links", [whole()], "main", links=False, trees=trees, named="main"),
        Layout("files without links", tagged, "v1.0", only=some, links=False, named="v1.0"),
        Layout("a directory", [whole(revision="v1.0", local_dir=str(local))], "v1.0", local=True, trees=trees,
               named="v1.0"),
        # Single files leave nothing in the cache, so that nobody knows the repository unless it was fetched there too.
        Layout("files in a directory", placed, "v1.0", only=some, local=True, known=False),
        Layout("files in a directory that the cache has too", [*placed, *tagged], "v1.0", only=some, local=True,
               named="v1.0"),
    ]


class Download:
    """One layout, as one version of huggingface_hub wrote it to disk."""

    def __init__(self, test, hub, repository, version, layout, home, local):
        self.repository, self.layout, self.home, self.local = repository, layout, home, local
        self.commit = repository.at(layout.revision)
        self.env = {"HF_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
        if not layout.links:
            self.env["HF_HUB_DISABLE_SYMLINKS"] = "1"
        steps = [[what, {name: self.commit.id if value == "COMMIT" else value for name, value in more.items()}]
                 for what, more in layout.steps]
        question = {"steps": steps, "links": layout.links, "chunked": repository.xet}
        home.mkdir(parents=True)
        (home / "token").write_text(TOKEN)
        self.version = ask(test, "download", question, f"hub-{version}", self.env)["version"]

    def folder(self):
        kind = self.repository.kind
        return self.home / "hub" / f"{kind}--{self.repository.name.replace('/', '--')}"

    def snapshot(self):
        return self.local if self.layout.local else self.folder() / "snapshots" / self.commit.id

    def given(self):
        return self.local if self.layout.local else self.folder()

    def digests(self):
        """Whether anything on disk names the content of the files."""
        return self.layout.trees or self.layout.links or self.layout.local

    def damaged(self, test, name, damage, *what, manifest, status=0):
        """What is said of a copy after `damage`."""
        copied = copy.copy(self)
        around = self.home.parent
        copied.home, copied.local = [pathlib.Path(f"{around}.damaged") / path.name for path in (self.home, self.local)]
        shutil.copytree(around, f"{around}.damaged", symlinks=True)
        damage(copied)
        found = capture(test, name, *[word.format(copied.given()) for word in what], manifest=manifest,
                        env=copied.env | {"HF_HOME": str(copied.home)}, status=status)
        shutil.rmtree(f"{around}.damaged")
        return found


def downloads(test, hub, repository, version, work):
    """Every layout of one version, on disk."""
    for at in range(len(layouts(version, repository, ""))):
        around = work / f"{version}-{at}"
        layout = layouts(version, repository, around / "download")[at]
        yield Download(test, hub, repository, version, layout, around / "home", around / "download")


def hub_models(test, work, keys):
    """A base model is what the stand-in served, in every layout of huggingface_hub, and each damage is seen."""
    manifest = prepared(test, work)
    repository = model_repository("acme/tiny-model")
    with Hub([repository]) as hub:
        for version, exact in HUBS.items():
            for download in downloads(test, hub, repository, version, work):
                if download.version != exact:
                    raise SystemExit(f"run.py: huggingface_hub {download.version}, {exact} was wanted: install.sh")
                base_model(test, download, f"{download.layout.name} by huggingface_hub {version}", manifest)
            two_snapshots(test, hub, repository, version, work / f"{version}-two", manifest)


def two_snapshots(test, hub, repository, version, work, manifest):
    """Of two snapshots with weights neither is picked; either can be named."""
    both = [["snapshot", {"repo_id": repository.name, "revision": revision}] for revision in ("v1.0", "main")]
    download = Download(test, hub, repository, version, Layout("", both, "v1.0"), work / "home", work / "download")
    name = f"two snapshots by huggingface_hub {version}"
    capture(test, name, "--base", download.given(), manifest=manifest, env=download.env, status=2)
    for revision in ("v1.0", "main"):
        commit = repository.at(revision)
        found = capture(test, f"{name}, that of {revision}", "--base", download.folder() / "snapshots" / commit.id,
                        manifest=manifest, env=download.env)
        facts = found.facts("baseModel")
        test.equal("  repository, commit, revision and what is checked",
                   [facts.get(f"hub.{fact}") for fact in ("repository", "commit", "revisions", "filesChecked")],
                   [repository.name, commit.id, [revision], "all"])
        test.equal("  every file as it was served", found.files("baseModel"), served(commit))


def base_model(test, download, name, manifest):
    layout, what = download.layout, ["--base", "{}"]
    found = capture(test, name, "--base", download.given(), manifest=manifest, env=download.env)
    facts = found.facts("baseModel")
    wanted = {"hub.repository": download.repository.name if layout.known else None, "hub.commit": download.commit.id,
              "hub.revisions": named_by(layout),
              "hub.filesChecked": "all" if download.digests() else "none",
              "hub.notFetched": layout.absent}
    test.equal("  repository, commit, revision, what is checked and what is not there",
               {fact: facts.get(fact) for fact in wanted}, wanted)
    test.equal("  every file as it was served", found.files("baseModel"), served(download.commit, layout.only))
    missing = layout.trees and layout.only is not None
    test.equal("  and nothing is wrong with it", found.findings() - {("MLB-CODE-ON-LOAD", "medium")},
               {("MLB-TREE", "low")} if missing else set())

    snapshot = lambda copied: copied.snapshot()
    for path in ("model.safetensors", "config.json"):
        seen = download.damaged(test, f"{name}, a byte of {path} changed", lambda copied: flip(snapshot(copied) / path),
                                *what, manifest=manifest)
        wrong = download.digests()
        test.equal("  and finds it" if wrong else "  and nothing tells",
                   ("MLB-BLOB", "critical") in seen.findings(), wrong)
        if wrong:
            test.equal("  and names the file and both digests", [
                part in seen.said("MLB-BLOB") for part in (path, download.commit.files[path].etag())], [True, True])
            test.equal("  and does not say that all are checked",
                       seen.values("baseModel", "hub.filesChecked"), ["some"])
    add = lambda copied: (snapshot(copied) / "extra.safetensors").write_bytes(weights(9))
    seen = download.damaged(test, f"{name}, weights added", add, *what, manifest=manifest)
    test.equal("  and finds what the commit does not have" if layout.trees else "  and no list tells",
               ("MLB-TREE", "high") in seen.findings(), layout.trees)
    test.equal("  and does not say that all are checked", seen.facts("baseModel").get("hub.filesChecked"),
               "some" if download.digests() else "none")
    lone = download.damaged(test, f"{name}, its metadata alone", lambda copied: shutil.rmtree(copied.home), *what,
                            manifest=manifest) if layout.local else None
    if lone:
        facts = lone.facts("baseModel")
        test.equal("  commit, and no repository without the cache",
                   [facts.get("hub.commit"), facts.get("hub.repository"), lone.state("hub.repository")],
                   [download.commit.id, None, {"absent"}])

    def out(copied):
        outside = copied.home.parent / "outside"
        outside.write_bytes(weights(1))
        (snapshot(copied) / "model.safetensors").unlink()
        (snapshot(copied) / "model.safetensors").symlink_to(os.path.relpath(outside, snapshot(copied)))

    download.damaged(test, f"{name}, a link out", out, *what, manifest=manifest, status=2)
    if layout.links and not layout.local:
        def blob_out(copied):
            blob = copied.folder() / "blobs" / copied.commit.files["model.safetensors"].sha256
            blob.rename(copied.home.parent / "outside")
            blob.symlink_to(copied.home.parent / "outside")

        download.damaged(test, f"{name}, a blob that is a link out", blob_out, *what, manifest=manifest, status=2)


def hub_shared_store(test, work, keys):
    """Files of the chunked storage, which all repositories of a cache share, are followed there and nowhere else."""
    manifest = prepared(test, work)
    repositories = [model_repository("acme/tiny-model", True), model_repository("other/same-model", True)]
    with Hub(repositories) as hub:
        for repository in repositories:
            layout = layouts("2.4", repository, "")[0]
            around = work / repository.name.partition("/")[0]
            home = around / "home"
            download = Download(test, hub, repository, "2.4", layout, home, around / "download")
            store = home / "hub/blobs"
            test.equal("huggingface_hub 2.4 shares its files", (store / ".huggingface-shared-blobs").exists(), True)
            name = f"a snapshot of {repository.name} in a shared store"
            found = capture(test, name, "--base", download.given(), manifest=manifest, env=download.env)
            facts = found.facts("baseModel")
            test.equal("  repository, commit and what is checked",
                       [facts.get(fact) for fact in ("hub.repository", "hub.commit", "hub.filesChecked")],
                       [repository.name, download.commit.id, "all"])
            test.equal("  every file as it was served", found.files("baseModel"), served(download.commit))
            what = ["--base", "{}"]
            change = lambda copied: flip(copied.snapshot() / "model.safetensors")
            seen = download.damaged(test, f"{name}, a byte changed", change, *what, manifest=manifest)
            test.equal("  and finds it", ("MLB-BLOB", "critical") in seen.findings(), True)
            download.damaged(test, f"{name}, the mark of the store gone",
                             lambda copied: (copied.home / "hub/blobs/.huggingface-shared-blobs").unlink(), *what,
                             manifest=manifest, status=2)

            def out(copied):
                shared = copied.home / "hub/blobs" / repository.at("main").files["model.safetensors"].xet[:2]
                [blob] = [path for path in shared.iterdir() if re.fullmatch("[0-9a-f]{64}", path.name)]
                blob.rename(copied.home / "outside")
                blob.symlink_to(copied.home / "outside")

            download.damaged(test, f"{name}, a link out of the store", out, *what, manifest=manifest, status=2)


def data_repository(name, parquet):
    """Data under a tag, then more of it under a pull request and main."""
    repository = Repository("datasets", name)
    rows = [json.dumps({"text": f"ticket {at}", "label": at % 3}) for at in range(57)]
    files = {".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n",
             "README.md": b"---\nlicense: cc-by-4.0\n---\n# Data\n", "data/train.parquet": parquet,
             "data/train.jsonl": "\n".join(rows).encode() + b"\n",
             "data/test.csv": b'text,label\n"two\nlines, one ""row""",1\nplain,2\n'}
    repository.commit(files, "first", "v1.0")
    repository.commit(files | {"data/test.csv": b"text,label\n"}, "second", "refs/pr/1")
    repository.commit(files | {"data/train.jsonl": "\n".join(rows[:5]).encode()}, "third", "main", "latest")
    return repository


def hub_datasets(test, work, keys):
    """A dataset is what the stand-in served, in every layout of huggingface_hub, and its rows are counted."""
    manifest = prepared(test, work)
    (work / "tables").mkdir()
    parquet_rows = ask(test, "tables", str(work / "tables"))["v2.4.parquet"]
    repository = data_repository("acme/tickets", (work / "tables/v2.4.parquet").read_bytes())
    rows_of = {commit.id: {"data/train.parquet": parquet_rows, "data/train.jsonl": train, "data/test.csv": tested}
               for commit, train, tested in zip(repository.commits.values(), (57, 57, 5), (2, 0, 2))}
    with Hub([repository]) as hub:
        for version in HUBS:
            for download in downloads(test, hub, repository, version, work):
                name, layout = f"data: {download.layout.name} by huggingface_hub {version}", download.layout
                found = capture(test, name, "--dataset", f"train={download.given()}", manifest=manifest,
                                env=download.env)
                files, facts = served(download.commit, layout.only), found.facts("trainingDataset")
                data = sorted(path for path in files if path.startswith("data/"))
                wanted = {"hub.repository": repository.name if layout.known else None, "hub.commit": download.commit.id,
                          "hub.revisions": named_by(layout),
              "hub.filesChecked": "all" if download.digests() else "none",
                          "hub.notFetched": layout.absent, "license": ["cc-by-4.0"] if "README.md" in files else None,
                          "data.rows": sum(rows_of[download.commit.id][path] for path in data),
                          "data.formats": sorted({path.partition(".")[2] for path in data})}
                test.equal("  repository, commit, revision, licence, rows and formats",
                           {fact: facts.get(fact) for fact in wanted}, wanted)
                test.equal("  every file as it was served", found.files("trainingDataset"), files)
                change = lambda copied: flip(copied.snapshot() / data[0])
                seen = download.damaged(test, f"{name}, a byte changed", change, "--dataset", "train={}",
                                        manifest=manifest)
                test.equal("  and finds it" if download.digests() else "  and nothing tells",
                           ("MLB-BLOB", "critical") in seen.findings(), download.digests())
                if layout.local:
                    continue
                one = data[-1]
                found = capture(test, f"{name}, {one} alone", "--dataset", f"eval={download.snapshot() / one}",
                                manifest=manifest, env=download.env)
                facts = found.facts("evaluationDataset")
                wanted = {"hub.repository": repository.name, "hub.commit": download.commit.id,
                          "hub.filesChecked": wanted["hub.filesChecked"], "data.rows": rows_of[download.commit.id][one],
                          "content.digest": files[one]}
                test.equal("  repository, commit, rows and digest", {fact: facts.get(fact) for fact in wanted}, wanted)
