"""The packages, the code and the machine, against what importlib.metadata, git and Python say of them."""

import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import zipfile

from hub_stand_in import pointer, sha256
from shared import PASSWORD, TOKEN, WORD, ask, capture, command, flip, prepared


def environments(test, work, keys):
    """Packages are those that importlib.metadata finds, and a changed or deleted file is seen."""
    manifest = prepared(test, work)
    for name in ("captured-venv", "captured-uv"):
        environment = pathlib.Path(test.python[0]).parents[2] / name
        [site] = environment.glob("lib/python3*/site-packages")
        for given in (environment, site):
            packages_of(test, f"{name}{'' if given == environment else ', its site-packages'}", given, site, manifest)
        copied = work / name
        shutil.copytree(environment, copied, symlinks=True)
        [site] = copied.glob("lib/python3*/site-packages")
        changed, deleted = site / "itsdangerous/encoding.py", site / "tabulate/__init__.py"
        flip(changed, 5)
        deleted.unlink()
        script = copied / "bin/tabulate"
        script.write_bytes(script.read_bytes() + b"# more\n")
        found = packages_of(test, f"{name}, changed", copied, site, manifest)
        said = found.said("MLB-RECORD")
        parts = ["itsdangerous/encoding.py", "tabulate/__init__.py", "bin/tabulate", sha256(changed.read_bytes())]
        test.equal("  and names the files", [part for part in parts if part not in said], [])
        test.equal("  and how bad it is", ("MLB-RECORD", "high") in found.findings(), True)
    from_elsewhere(test, work / "captured-venv", manifest)
    locks(test, work, manifest)


def locks(test, work, manifest):
    """Lock files of uv, each alone: the archives that a package may have come from, and another version."""
    peers = pathlib.Path(test.python[0]).parents[2]
    wanted = ask(test, "locked", str(peers / "captured-locks/uv.lock"))
    for name in ("uv.lock", "pylock.toml", "requirements.txt"):
        code = work / f"locked by {name}"
        code.mkdir()
        text = (peers / "captured-locks" / name).read_text()
        (code / name).write_text(text)
        found = capture(test, f"packages locked by {name}", "--python", peers / "captured-uv", "--code", code,
                        manifest=manifest)
        test.equal("  the archives of each", {name: facts.get("package.lockedArchives")
                                              for name, facts in found.named("library").items()}, wanted)
        test.equal("  and nothing is wrong with them", found.findings(), set())
        (code / name).write_text(re.sub("(tabulate(?:==|\"\nversion = \"))0.10.0", r"\g<1>0.9.0", text, count=1))
        found = capture(test, f"another version than {name} locks", "--python", peers / "captured-uv", "--code", code,
                        manifest=manifest)
        test.equal("  and finds it", [found.findings(), "tabulate" in found.said("MLB-LOCK")],
                   [{("MLB-LOCK", "medium")}, True])


def packages_of(test, name, given, site, manifest):
    """Captures an environment, and holds it against what importlib.metadata reads in `site`."""
    wanted = ask(test, "installed", str(site))
    found = capture(test, name, "--python", given, manifest=manifest)
    packages = found.named("library")
    test.equal(f"  the {len(wanted)} packages of importlib.metadata",
               {name: facts.get("package.version") for name, facts in packages.items()},
               {name: package["version"] for name, package in wanted.items()})
    # Scripts lie outside of site-packages, and are not looked at if only that was named.
    whole = lambda package: "partial" if package["unnamed"] or given == site and package["outside"] else "intact"
    record = lambda package: "missing" if package["missing"] and not package["bad"] else (
        "modified" if package["bad"] else whole(package))
    test.equal("  with their RECORDs", {name: facts.get("package.record") for name, facts in packages.items()},
               {name: record(package) for name, package in wanted.items()})
    listed = lambda package: package["good"] + len(package["bad"]) + len(package["missing"])
    checked = lambda package: listed(package) - (package["outside"] if given == site else 0)
    # uv marks all of them as requested, which says nothing.
    requested = lambda package: None if package["installer"] == "uv" else package["requested"]
    for what, fact, of in (
        ("as many files as have a digest", "package.filesChecked", checked),
        ("with the digests of their RECORDs", "package.recordDigest", lambda package: package["recordDigest"]),
        ("their installers", "package.installer", lambda package: package["installer"]),
        ("whether they were asked for", "package.requested", requested),
    ):
        test.equal(f"  {what}", {name: facts.get(fact) for name, facts in packages.items()},
                   {name: of(package) for name, package in wanted.items()})
    test.equal("  and licences, where there is an expression", {
        name: facts.get("license") for name, facts in packages.items() if wanted.get(name, {}).get("license")},
        {name: [package["license"]] for name, package in wanted.items() if package["license"]})
    return found


def from_elsewhere(test, environment, manifest):
    """Where a package came from: a wheel on this disk, a repository with a password in its address."""
    [site] = environment.glob("lib/python3*/site-packages")
    wheel = environment / "from_here-1.0-py3-none-any.whl"
    about = "from_here-1.0.dist-info/"
    record = "".join(f"{name},,\n" for name in ("from_here.py", f"{about}METADATA", f"{about}WHEEL", f"{about}RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("from_here.py", "here = True\n")
        archive.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: from_here\nVersion: 1.0\n")
        archive.writestr(about + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(about + "RECORD", record)
    command(environment / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index",
            "--no-deps", wheel)
    commit = "1" * 40
    (site / "itsdangerous-2.2.0.dist-info/direct_url.json").write_text(json.dumps({
        "url": f"https://me:{WORD}@git.example.org/pallets/itsdangerous.git",
        "vcs_info": {"vcs": "git", "commit_id": commit, "requested_revision": "main"}}))
    (site / "start.pth").write_text(f"import os; os.environ['HF_TOKEN'] = '{TOKEN}'\n")
    found = packages_of(test, "packages from elsewhere", environment, site, manifest)
    packages = found.named("library")
    facts = packages.get("from-here", {})
    test.equal("  the wheel that it came from", [facts.get("package.archive"), facts.get("package.url")],
               [sha256(wheel.read_bytes()), None])
    facts = packages.get("itsdangerous", {})
    test.equal("  the repository that it came from, without the password",
               [facts.get("package.url"), facts.get("package.commit")],
               ["https://git.example.org/pallets/itsdangerous.git", commit])
    code = [str(site.relative_to(environment) / name) for name in ("distutils-precedence.pth", "start.pth")]
    test.equal("  code that runs at every start", found.values("run", "run.startUpCode"), [code])


class Code:
    """A work tree, and what git says of it."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def git(self, *words, stdin=b""):
        settings = ["-c", "protocol.file.allow=always", "-c", "user.name=Me", "-c", "user.email=me@example.org",
                    "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main", "-c", "core.hooksPath=nowhere"]
        dates = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05+02:00", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+02:00"}
        return command("git", *settings, "-C", self.path, *words, env=dates, stdin=stdin)

    def write(self, **files):
        for name, content in files.items():
            (self.path / name.replace("_", ".")).write_text(content)

    def answers(self):
        """What git says, by our names."""
        status = [entry for entry in self.git("status", "--porcelain=v1", "-z", "--no-renames",
                                              "--untracked-files=all").split("\0") if entry]
        changed = sorted(entry[3:] for entry in status if not entry.startswith("??"))
        untracked = sorted(entry[3:] for entry in status if entry.startswith("??"))
        branch = subprocess.run(["git", "-C", self.path, "symbolic-ref", "--short", "HEAD"], capture_output=True).stdout
        return {
            "code.commit": self.git("rev-parse", "HEAD").strip(),
            "code.tree": self.git("rev-parse", "HEAD^{tree}").strip(),
            "code.committed": "2026-01-02T01:04:05Z",
            "code.branch": branch.decode().strip() or None,
            "code.tags": sorted(self.git("tag", "--points-at", "HEAD").split()),
            "code.dirty": bool(changed),
            "code.modified": changed,
            "code.untracked": untracked,
            "code.pushed": bool(self.git("branch", "--remotes", "--contains", "HEAD").strip()),
            "code.shallow": self.git("rev-parse", "--is-shallow-repository").strip() == "true",
        }


def same_as_git(test, name, code, manifest, given=None, **more):
    """Captures a work tree and compares it with git's answers, or with `more` where ours is to differ."""
    wanted = code.answers() | {f"code.{fact}": value for fact, value in more.items()}
    found = capture(test, f"code: {name}", "--code", given or code.path, manifest=manifest)
    facts = found.facts("code")
    test.equal("  as git has it", {fact: facts.get(fact) for fact in wanted}, wanted)
    return found


def git(test, work, keys):
    """The code is what git says it is, and no password of a remote comes out."""
    manifest = prepared(test, work)
    upstream = Code(work / "upstream")
    upstream.git("init", "--quiet")
    upstream.write(a_py="print(1)\n", b_py="print(2)\n", c_py="print(3)\n", _gitignore="*.log\nbuild/\n")
    (upstream.path / "old").mkdir()
    (upstream.path / "old/d.py").write_text("print(0)\n")
    upstream.git("add", "--all")
    upstream.git("commit", "--quiet", "--message", "first")
    upstream.write(a_py="print(4)\n")
    upstream.git("commit", "--quiet", "--all", "--message", "second")
    same_as_git(test, "a clean tree that was never pushed", upstream, manifest, remotes=[])

    code = Code(work / "code")
    command("git", "clone", "--quiet", f"file://{upstream.path}", code.path)
    code.git("remote", "add", "with-password", f"https://me:{WORD}@git.example.org/acme/router.git")
    code.git("remote", "add", "with-token", f"https://{TOKEN}@git.example.org/acme/other.git")
    code.git("remote", "add", "short", "git@git.example.org:acme/short.git")
    code.git("config", "http.https://git.example.org/.extraheader", f"Authorization: Basic {WORD}")
    code.git("tag", "v1")
    code.git("tag", "--annotate", "--message", "x", "v1.0/final")
    code.git("tag", "older", "HEAD^")
    remotes = ["https://git.example.org/acme/other.git", "https://git.example.org/acme/router.git",
               "ssh://git.example.org/acme/short.git"]
    found = same_as_git(test, "a clone with tags and remotes", code, manifest, remotes=remotes)
    trusts = [found.trust("code", fact) for fact in ("code.commit", "code.tree")]
    test.equal("  commit and tree from the bytes", trusts, ["computed", "computed"])
    (code.path / "build").mkdir()
    code.write(run_log="ignored\n", notes_txt="untracked\n")
    (code.path / "build/x").write_text("ignored\n")
    (code.path / "new/er").mkdir(parents=True)
    (code.path / "new/er/x.py").write_text("untracked\n")
    same_as_git(test, "untracked and ignored files", code, manifest)
    same_as_git(test, "a directory in a work tree", code, manifest, given=code.path / "old")
    found = capture(test, "a directory that git does not track", "--code", code.path / "new", manifest=manifest)
    test.equal("  says nothing of a commit", found.facts("code").get("code.commit"), None)
    test.equal("  and finds it", ("MLB-CODE-UNTRACKED", "high") in found.findings(), True)
    (code.path / "data.jsonl").write_text('{"a":1}\n')
    wanted = [path for path in code.answers()["code.untracked"] if path != "data.jsonl"]
    found = capture(test, "code with data in it", "--code", code.path, "--dataset", f"train={code.path / 'data.jsonl'}",
                    manifest=manifest)
    test.equal("  and lists the data once", found.facts("code").get("code.untracked"), wanted)
    for why, change in {
        "a changed file": lambda: code.write(a_py="print(5)\n"),
        "a staged file": lambda: code.git("add", "a.py"),
        "a new file, staged": lambda: code.git("add", "notes.txt"),
        "a deleted file": lambda: (code.path / "b.py").unlink(),
        "another mode": lambda: (code.path / "c.py").chmod(0o755),
        "a file that became a link": lambda: ((code.path / "c.py").unlink(), (code.path / "c.py").symlink_to("a.py")),
        "a name that is not ASCII": lambda: (code.write(**{"\u00fc \u6a21_py": "x"}), code.git("add", "--all")),
    }.items():
        change()
        same_as_git(test, why, code, manifest)
    code.git("commit", "--quiet", "--message", "local")
    same_as_git(test, "a commit that is not pushed", code, manifest, pushed=False)
    code.git("checkout", "--quiet", "--detach", "HEAD^")
    same_as_git(test, "a detached HEAD", code, manifest, branch=None)
    tree = Code(work / "tree")
    code.git("worktree", "add", "--quiet", "--detach", "--force", tree.path)
    same_as_git(test, "another work tree", tree, manifest)
    shallow = Code(work / "shallow")
    command("git", "clone", "--quiet", "--depth", "1", f"file://{upstream.path}", shallow.path)
    same_as_git(test, "a shallow clone", shallow, manifest, shallow=True)

    git_submodules(test, work, upstream, manifest)
    git_large_files(test, work, manifest)
    git_odd(test, work, upstream, manifest)


def git_submodules(test, work, upstream, manifest):
    code = Code(work / "with submodule")
    code.git("init", "--quiet")
    code.git("submodule", "--quiet", "add", f"file://{upstream.path}", "lib/sub")
    code.git("commit", "--quiet", "--message", "sub")
    head = upstream.git("rev-parse", "HEAD").strip()
    submodules = [f"lib/sub@{head}"]
    same_as_git(test, "a submodule", code, manifest, submodules=submodules)
    (code.path / "lib/sub/a.py").write_text("changed\n")
    same_as_git(test, "a changed file in a submodule", code, manifest, submodules=submodules)
    Code(code.path / "lib/sub").git("checkout", "--quiet", "--force", "HEAD^")
    found = same_as_git(test, "a submodule at another commit", code, manifest, submodules=submodules)
    test.equal("  and finds it", "MLB-SUBMODULE" in {id for id, _ in found.findings()}, True)


def git_large_files(test, work, manifest):
    """Files of Git LFS, whose filter is not there: git calls them changed."""
    code, content = Code(work / "large"), b"weights" * 100
    code.git("init", "--quiet")
    code.write(_gitattributes="*.bin filter=lfs diff=lfs merge=lfs -text\n")
    code.git("add", "--all")
    blob = code.git("hash-object", "-w", "--stdin", stdin=pointer(content)).strip()
    code.git("update-index", "--add", "--cacheinfo", f"100644,{blob},w.bin")
    code.git("commit", "--quiet", "--message", "large")
    (code.path / "w.bin").write_bytes(content)
    test.equal("git calls a file of LFS changed", code.answers()["code.dirty"], True)
    same_as_git(test, "a file of LFS", code, manifest, dirty=False, modified=[], lfsFiles=[f"w.bin@{sha256(content)}"])
    (code.path / "w.bin").write_bytes(content[:-1] + b"S")
    same_as_git(test, "a changed file of LFS", code, manifest, dirty=True, modified=["w.bin"], lfsFiles=[])
    (code.path / "w.bin").write_bytes(pointer(content))
    found = same_as_git(test, "a pointer in place of a file of LFS", code, manifest, dirty=False, modified=[],
                        lfsFiles=[])
    test.equal("  and finds it", ("MLB-LFS-POINTER", "low") in found.findings(), True)


def git_odd(test, work, upstream, manifest):
    signed = Code(work / "signed")
    command("git", "clone", "--quiet", f"file://{upstream.path}", signed.path)
    commit = signed.git("cat-file", "commit", "HEAD")
    for kind, title in (("ssh", "SSH SIGNATURE"), ("gpg", "PGP SIGNATURE"), ("x509", "SIGNED MESSAGE")):
        header = f"gpgsig -----BEGIN {title}-----\n abcd\n -----END {title}-----\n\n"
        text = commit.replace("\n\n", "\n" + header, 1)
        name = signed.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode()).strip()
        signed.git("reset", "--quiet", "--hard", name)
        same_as_git(test, f"a commit signed with {kind}", signed, manifest, signature=kind)

    nothing = work / "nothing"
    nothing.mkdir()
    found = capture(test, "code: a directory without git", "--code", nothing, manifest=manifest)
    test.equal("  and no code", [found.facts("code").get("code.commit"), found.state("code")], [None, {"absent"}])
    unborn = Code(work / "unborn")
    unborn.git("init", "--quiet")
    found = capture(test, "code: nothing committed yet", "--code", unborn.path, manifest=manifest)
    test.equal("  and no commit", found.values("code", "code.commit", "code.branch"), [None, "main"])
    bare = work / "bare.git"
    command("git", "clone", "--quiet", "--bare", f"file://{upstream.path}", bare)
    found = capture(test, "code: a bare repository", "--code", bare, manifest=manifest)
    test.equal("  its commit", found.facts("code").get("code.commit"), upstream.git("rev-parse", "HEAD").strip())
    broken = Code(work / "broken")
    command("git", "clone", "--quiet", f"file://{upstream.path}", broken.path)
    for pack in broken.path.glob(".git/objects/pack/*"):
        pack.unlink()
    found = capture(test, "code: objects gone", "--code", broken.path, manifest=manifest)
    test.equal("  and says so", [*found.values("code", "code.commit"), found.state("code.commit")],
               [None, {"unreadable"}])
    longer = Code(work / "sha256")
    longer.git("init", "--quiet", "--object-format=sha256")
    longer.write(a_py="x\n")
    longer.git("add", "--all")
    longer.git("commit", "--quiet", "--message", "first")
    found = capture(test, "code: a repository of SHA-256", "--code", longer.path, manifest=manifest)
    [commit], state = found.values("code", "code.commit"), found.state("code.commit")
    wanted = [None, {"unreadable"}] if commit is None else [longer.git("rev-parse", "HEAD").strip(), set()]
    test.equal("  its commit, or that it cannot be read", [commit, state], wanted)
    runs = Code(work / "runs programs")
    command("git", "clone", "--quiet", f"file://{upstream.path}", runs.path)
    ran = work / "ran"
    for setting in ("core.fsmonitor", "filter.evil.clean", "diff.evil.textconv", "core.pager", "core.sshCommand"):
        runs.git("config", setting, f"touch '{ran}'")
    (runs.path / ".git/info/attributes").write_text("* filter=evil diff=evil\n")
    (runs.path / "a.py").write_text("changed\n")
    capture(test, "code: settings that run programs", "--code", runs.path, manifest=manifest)
    test.equal("  and runs none of them", ran.exists(), False)
    owned = Code(work / "owned")
    command("git", "clone", "--quiet", f"file://{upstream.path}", owned.path)
    try:
        for path in (owned.path, owned.path / ".git"):
            os.chown(path, 12345, 12345)
    except OSError as error:
        print(f"run.py: {error}: a repository of another user is not tested")
        return
    found = capture(test, "code: a repository of another user", "--code", owned.path, manifest=manifest)
    test.equal("  and does not read it", [*found.values("code", "code.commit"), found.findings()],
               [None, {("MLB-GIT-OWNER", "high")}])
    settings = pathlib.Path(os.environ["HOME"]) / ".gitconfig"
    settings.write_text(f'[safe]\n\tdirectory = "{owned.path}"\n')
    same_as_git(test, "a repository of another user, which git's settings allow", owned, manifest)
    settings.unlink()


def machine(test, work, keys):
    """The machine is what Python says it is, and of the job only what is listed comes out."""
    manifest = prepared(test, work)
    found = capture(test, "the host", "--host", manifest=manifest)
    release = platform.freedesktop_os_release()
    test.equal("  its operating system", found.values("operatingSystem", "os.id", "os.version", "os.kernel"),
               [release.get("ID"), release.get("VERSION_ID"), os.uname().release])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    test.equal("  processors and memory", found.values("hardware", "hardware.cpuCount", "hardware.memory"),
               [os.cpu_count(), memory])
    commit = "2" * 40
    jobs = {
        "GitHub Actions": {"GITHUB_ACTIONS": "true", "GITHUB_SHA": commit, "GITHUB_REF": "refs/heads/main",
                           "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/router",
                           "GITHUB_RUN_ID": "42", "GITHUB_TOKEN": PASSWORD, "ACTIONS_RUNTIME_TOKEN": TOKEN},
        "GitLab CI": {"GITLAB_CI": "true", "CI_COMMIT_SHA": commit, "CI_COMMIT_REF_NAME": "main",
                      "CI_JOB_TOKEN": PASSWORD,
                      "CI_PROJECT_URL": f"https://me:{WORD}@gitlab.example.org/acme/router",
                      "CI_REPOSITORY_URL": f"https://me:{PASSWORD}@gitlab.example.org/acme/router.git"},
        "Jenkins": {"JENKINS_URL": "https://ci.example.org", "GIT_COMMIT": commit, "GIT_BRANCH": "origin/main",
                    "GIT_URL": f"https://{TOKEN}@git.example.org/acme/router.git", "JENKINS_PASSWORD": PASSWORD},
    }
    for name, variables in jobs.items():
        found = capture(test, f"a job of {name}", "--ci", manifest=manifest, env=variables)
        test.equal("  its commit", found.facts("run").get("ci.commit"), commit)
        test.equal("  and a system", bool(found.facts("run").get("ci.system")), True)
