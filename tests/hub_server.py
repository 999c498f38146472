"""A local server that speaks the hub's API as far as huggingface_hub needs it to download a model.

The routes and headers are those that huggingface_hub asks for and reads: `api/models/ID/revision/R`,
`api/models/ID/tree/COMMIT`, `ID/resolve/COMMIT/FILE`, `X-Error-Code`, `X-Repo-Commit`, `ETag`.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

ALWAYS = {".gitattributes": b"*.safetensors filter=lfs\n", "README.md": b"# A model\n"}
"""What every repository holds beside the files of its model."""

REFUSALS = {
    "gated": (401, "GatedRepo", "Access to this model is restricted. You must be authenticated."),
    "not granted": (403, "GatedRepo", "You are not in the authorized list."),
    "hidden": (401, "RepoNotFound", "Repository not found"),  # private or missing, without a login
    "private": (403, "", "Forbidden"),
    "failing": (500, "", "Internal Error"),
}
"""State of a repository -> status, `X-Error-Code` and `X-Error-Message`."""


@dataclass
class Repository:
    """The files of each commit, the commit of each branch or tag, and how requests are answered.

    `state` is "open", "portal" (a page instead of the API) or a key of `REFUSALS`; `broken` names a file
    whose download breaks off half-way.
    """

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    state: str = "open"
    broken: str = ""

    def add(self, folder: Path, *revisions: str) -> str:
        """Commit the files of a folder under branches or tags, and return the commit."""
        files = {
            str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()
        }
        content = ALWAYS | files
        commit = hashlib.sha1(b"".join(content[name] for name in sorted(content))).hexdigest()
        self.commits[commit] = content
        self.revisions.update(dict.fromkeys(revisions, commit))
        return commit


@dataclass
class Hub:
    """A running server: its address, its repositories by id, and the paths that were asked for."""

    endpoint: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def repository(self, name: str) -> Repository:
        """Return the repository of this id, made when there is none."""
        return self.repositories.setdefault(name, Repository())


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve an empty hub on a free port of this machine."""

    class Handler(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.hub = Hub(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield Handler.hub
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Print nothing."""

    def do_HEAD(self) -> None:
        self._respond()

    def do_GET(self) -> None:
        self._respond()

    def _respond(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.asked.append(path)
        parts = path.split("/")
        api = parts[:2] == ["api", "models"]
        parts = parts[2:] if api else parts
        repository = self.hub.repositories.get("/".join(parts[:2]))
        if repository is not None and repository.state == "portal":
            return self._send(200, {"Content-Type": "text/html"}, b"<html>Log in to this network</html>")
        if repository is None:
            return self._refuse(404, "RepoNotFound", "Repository not found")
        route, revision, *rest = [*parts[2:], "", ""]
        if repository.state in REFUSALS and not (api and repository.state in {"gated", "not granted"}):
            return self._refuse(*REFUSALS[repository.state])  # anyone may read what a gated model consists of
        commit = repository.revisions.get(revision, revision)
        if commit not in repository.commits:
            return self._refuse(404, "RevisionNotFound", "Invalid rev id")
        files = repository.commits[commit]
        if route == "revision":
            siblings = [{"rfilename": name} for name in sorted(files)]
            return self._json({"id": "/".join(parts[:2]), "sha": commit, "siblings": siblings})
        if route == "tree":
            return self._json([_entry(name, data) for name, data in sorted(files.items())])
        name = "/".join(filter(None, rest))
        if route != "resolve" or name not in files:
            return self._refuse(404, "EntryNotFound", "Entry not found")
        return self._file(files[name], commit, breaks=name == repository.broken)

    def _refuse(self, status: int, code: str, message: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message} if code else {"X-Error-Message": message}
        self._send(status, headers, b"")

    def _json(self, data: Any) -> None:
        self._send(200, {"Content-Type": "application/json"}, json.dumps(data).encode())

    def _file(self, data: bytes, commit: str, *, breaks: bool) -> None:
        headers = {"ETag": f'"{_blob_id(data)}"', "X-Repo-Commit": commit}
        self._send(200, headers, data, sent=len(data) // 2 if breaks else len(data))
        self.close_connection = breaks

    def _send(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])


def _entry(name: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": name, "size": len(data), "oid": _blob_id(data)}


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
