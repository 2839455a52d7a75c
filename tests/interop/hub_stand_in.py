"""A Hub on the loopback: repositories of real git objects, served the way that huggingface_hub asks for them.

Nothing is random and nothing is asked of the clock, so that ids are the same in every run. Large files are kept as on
the Hub: git holds a pointer (git-lfs, docs/spec.md), the file itself is named by its SHA-256.
"""

import fcntl
import hashlib
import http.server
import json
import socket
import struct
import threading
import urllib.parse

LARGE = (".safetensors", ".bin", ".parquet")
WHO_AND_WHEN = b"Stand In <stand-in@example.org> 1767225600 +0000"
KINDS = {"": "models", "datasets": "datasets"}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def git_id(kind, content):
    """The name of a git object: SHA-1 over its header and its bytes."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()


def pointer(content):
    """What git holds in place of a large file."""
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
        sha256(content).encode(), len(content))


class File:
    """A file of a commit."""

    def __init__(self, path, content, xet):
        self.path, self.content, self.sha256 = path, content, sha256(content)
        self.large = path.endswith(LARGE)
        self.in_git = pointer(content) if self.large else content
        self.blob = git_id("blob", self.in_git)
        # Chunked storage has names of its own, which nobody can compute from the file alone: any will do.
        self.xet = sha256(b"chunks of " + content) if xet and self.large else None

    def etag(self):
        return self.sha256 if self.large else self.blob

    def described(self):
        """As the listing of a tree has it."""
        entry = {"type": "file", "oid": self.blob, "size": len(self.content), "path": self.path}
        if self.large:
            entry["lfs"] = {"oid": self.sha256, "size": len(self.content), "pointerSize": len(self.in_git)}
        if self.xet:
            entry["xetHash"] = self.xet
        return entry


class Commit:
    """A commit with its files by path."""

    def __init__(self, repository, files, message, parent):
        self.files = {path: File(path, content, repository.xet) for path, content in sorted(files.items())}
        self.folders = {}
        self.tree = self._tree(repository, "", [(path.split("/"), file) for path, file in self.files.items()])
        lines = [b"tree " + self.tree.encode()]
        lines += [b"parent " + parent.encode()] if parent else []
        lines += [b"author " + WHO_AND_WHEN, b"committer " + WHO_AND_WHEN, b"", message.encode() + b"\n"]
        self.id = repository.keep("commit", b"\n".join(lines))

    def _tree(self, repository, above, files):
        """Writes a tree; git sorts a folder as if its name ended in a slash."""
        entries, folders = [], {}
        for (name, *below), file in files:
            if below:
                folders.setdefault(name, []).append((below, file))
            else:
                entries.append((name.encode(), b"100644", repository.keep("blob", file.in_git)))
        for name, inside in folders.items():
            tree = self._tree(repository, f"{above}{name}/", inside)
            self.folders[above + name] = tree
            entries.append((name.encode(), b"40000", tree))
        entries.sort(key=lambda entry: entry[0] + (b"/" if entry[1] == b"40000" else b""))
        return repository.keep("tree", b"".join(b"%s %s\0" % (mode, name) + bytes.fromhex(which)
                                                for name, mode, which in entries))


class Repository:
    """A repository: its objects, its commits, and the names that stand for them."""

    def __init__(self, kind, name, xet=False):
        self.kind, self.name, self.xet = kind, name, xet
        self.objects, self.commits, self.refs, self.last = {}, {}, {}, None

    def keep(self, kind, content):
        name = git_id(kind, content)
        self.objects[name] = (kind, content)
        return name

    def commit(self, files, message, *refs):
        """Adds a commit on top of the last one, and lets `refs` name it."""
        commit = Commit(self, files, message, self.last and self.last.id)
        self.commits[commit.id] = self.last = commit
        self.refs.update({ref: commit.id for ref in refs})
        return commit

    def at(self, revision):
        return self.commits.get(self.refs.get(revision, revision))

    def card(self, commit):
        """As `/api/models/...` has it."""
        return {"_id": commit.id[:24], "id": self.name, "sha": commit.id, "private": False, "gated": False,
                "disabled": False, "downloads": 0, "likes": 0, "tags": [], "author": self.name.split("/")[0],
                "lastModified": "2026-01-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z",
                "siblings": [{"rfilename": path} for path in commit.files]}


class Hub:
    """Serves repositories on the loopback; `url` is its endpoint.

    Large files have a server, and an address, of their own: the library goes along with redirections within the Hub,
    and would take the answer of the store for the Hub's.
    """

    def __init__(self, repositories):
        loopback_up()
        self.repositories = {(repository.kind, repository.name): repository for repository in repositories}
        self.stored = {}
        for repository in repositories:
            for commit in repository.commits.values():
                for file in commit.files.values():
                    self.stored[file.sha256] = self.stored[file.xet] = file.content
        server = type("Server", (http.server.ThreadingHTTPServer,), {"daemon_threads": True, "hub": self})
        self.servers = [server((address, 0), Handler) for address in ("127.0.0.1", "127.0.0.2")]
        self.url, self.store = ["http://%s:%d" % server.server_address for server in self.servers]

    def __enter__(self):
        for server in self.servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        hub, path = self.server.hub, urllib.parse.urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        words = path.strip("/").split("/")
        if words[0] == "stored":
            self.bytes(hub.stored[words[1]], {"ETag": f'"{words[1]}"'})
        elif words[0] == "api" and words[1] in KINDS.values():
            self.api(words[1], words[2:], body)
        else:
            prefix = words.pop(0) if words[0] in KINDS else ""
            self.resolve(KINDS[prefix], words)

    def found(self, kind, words, revision):
        """The repository and the commit, or an answer that says which of them there is not."""
        repository = self.server.hub.repositories.get((kind, "/".join(words[:2])))
        if repository is None:
            self.no("RepoNotFound", "Repository not found")
            return None
        commit = repository.at(urllib.parse.unquote(revision))
        if commit is None:
            self.no("RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return repository, commit

    def api(self, kind, words, body):
        verb = words[2] if len(words) > 2 else "revision"
        found = self.found(kind, words, words[3] if len(words) > 3 else "main")
        if found is None:
            return
        repository, commit = found
        below = urllib.parse.unquote("/".join(words[4:]))
        if verb == "revision":
            self.json(repository.card(commit))
        elif verb == "tree":
            self.json(self.listing(commit, below))
        elif verb == "paths-info":
            fields = json.loads(body) if body.startswith(b"{") else urllib.parse.parse_qs(body.decode())
            self.json([commit.files[path].described() for path in fields["paths"] if path in commit.files])
        else:
            self.no("NotFound", "Not here")

    def listing(self, commit, below):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        deep = query.get("recursive", ["false"])[0].lower() in ("true", "1")
        above = below + "/" if below else ""
        wanted = lambda path: path.startswith(above) and (deep or "/" not in path[len(above):])
        folders = [{"type": "directory", "oid": tree, "size": 0, "path": path}
                   for path, tree in sorted(commit.folders.items()) if wanted(path)]
        return folders + [file.described() for path, file in commit.files.items() if wanted(path)]

    def resolve(self, kind, words):
        """`<org>/<name>/resolve/<revision>/<path>`: a large file is somewhere else, as on the Hub."""
        found = self.found(kind, words, words[3])
        if found is None:
            return
        _, commit = found
        file = commit.files.get(urllib.parse.unquote("/".join(words[4:])))
        headers = {"X-Repo-Commit": commit.id}
        if file is None:
            self.no("EntryNotFound", "Entry not found", headers)
        elif file.large:
            headers.update({"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content)),
                            "ETag": f'"{file.blob}"', "Location": f"{self.server.hub.store}/stored/{file.sha256}"})
            if file.xet:
                headers.update({"X-Xet-Hash": file.xet, "X-Xet-Refresh-Route": f"{self.server.hub.url}/xet"})
            self.send(302, b"", headers)
        else:
            self.bytes(file.content, {**headers, "ETag": f'"{file.blob}"'})

    def bytes(self, content, headers):
        """A file, or the rest of it: interrupted downloads go on where they were."""
        first = self.headers.get("Range", "").removeprefix("bytes=").partition("-")[0]
        if first.isdigit() and 0 < int(first) < len(content):
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self.send(206, content[int(first):], headers)
        else:
            self.send(200, content, headers)

    def json(self, value):
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def no(self, code, message, headers=()):
        self.send(404, message.encode(), {"X-Error-Code": code, "X-Error-Message": message, **dict(headers)})

    def send(self, status, body, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Accept-Ranges": "bytes", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def loopback_up():
    """A new network namespace has its loopback down (netdevice(7): SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP)."""
    get, set_, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, get, request))[1]
        if not flags & up:
            fcntl.ioctl(any_socket, set_, struct.pack("16sh14x", b"lo", flags | up))
