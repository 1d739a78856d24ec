"""The page: one document, its modules and styles, and the third-party modules they import.

Nothing is built. Every address below `/assets/` carries a digest of all assets, so that a browser may keep them for
a year and a new release is still seen at once. Modules import each other by relative address; the few bare names
inside the third-party ones (`from "preact"`) are rewritten when they are read, which spares the page an inline import
map. Hence nothing is inline, and the content security policy needs neither a nonce nor a hash.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).parent / "static"

#: Third-party modules: the name they are imported by, and their file below `node_modules`.
VENDOR_MODULES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "htm": "htm/dist/htm.mjs",
    "hls.js": "hls.js/dist/hls.light.min.mjs",
}

#: Loaded when it is needed, and not before.
LATE_MODULES = frozenset({"vendor/hls.js"})

_BARE_IMPORT = re.compile(r'(\bfrom\s*|\bimport\s*)"([^"./$][^"]*)"')

_YEAR = "public, max-age=31536000, immutable"


class MissingModule(Exception):
    """A third-party module is not installed. Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    zipped: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files of the page by their address below `/assets/<version>/`."""

    version: str
    files: dict[str, Asset]


def page_routes(vendor: Path, *, text_limit: int = 50 * 1024, storage_origins: Sequence[str] = ()) -> list[BaseRoute]:
    """The routes of the page: `/`, `/job/{job_id}` (the same document) and `/assets/...`.

    `vendor` is the `node_modules` folder; while a module is missing there, the page says what to run. `text_limit` is
    the longest story in bytes, for the counter. `storage_origins` ("https://host") are other places from which the
    browser may play sound, namely where presigned addresses lead.
    """
    headers = security_headers(storage_origins)
    loaded: list[Assets] = []

    def assets() -> Assets:
        if not loaded:
            loaded.append(read_assets(STATIC, vendor))
        return loaded[0]

    async def document(_: Request) -> Response:
        try:
            content = render_document(assets(), text_limit)
        except MissingModule as missing:
            return HTMLResponse(_MISSING.format(reason=html.escape(str(missing))), 503, headers)
        return HTMLResponse(content, headers=headers | {"Cache-Control": "no-cache"})

    async def asset(request: Request) -> Response:
        try:
            known = assets()
        except MissingModule as missing:
            return Response(str(missing), 503, headers, "text/plain")
        found = known.files.get(request.path_params["path"])
        if found is None:
            return Response("There is no such file on this page.", 404, headers, "text/plain")
        # While a release is rolled out, a page of one release may ask a server of the other.
        current = request.path_params["version"] == known.version
        cached = {"Cache-Control": _YEAR if current else "no-cache", "ETag": found.etag, "Vary": "Accept-Encoding"}
        if found.etag in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers | cached)
        if "gzip" in request.headers.get("accept-encoding", ""):
            zipped = headers | cached | {"Content-Encoding": "gzip"}
            return Response(found.zipped, headers=zipped, media_type=found.media_type)
        return Response(found.content, headers=headers | cached, media_type=found.media_type)

    return [
        Route("/", document),
        Route("/job/{job_id}", document),
        Route("/assets/{version}/{path:path}", asset),
    ]


def security_headers(storage_origins: Sequence[str] = ()) -> dict[str, str]:
    """Headers of every answer of the page. `require-trusted-types-for` makes the browser itself refuse to read any
    text as HTML."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": " ".join(["'self'", "blob:", *storage_origins]),
        "connect-src": " ".join(["'self'", *storage_origins]),
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def read_assets(static: Path, vendor: Path) -> Assets:
    """Raises MissingModule when a third-party module is not installed below `vendor`."""
    contents = {
        path.relative_to(static).as_posix(): path.read_bytes()
        for path in sorted(static.rglob("*"))
        if path.is_file() and path.name != "index.html"
    }
    for name, file in VENDOR_MODULES.items():
        if not (vendor / file).is_file():
            raise MissingModule(f"The module {name!r} of the page is missing: there is no file {vendor / file}.")
        source = (vendor / file).read_text(encoding="utf-8")
        contents[f"vendor/{_vendor_file(name)}"] = with_relative_imports(source).encode()
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return Assets(digest.hexdigest()[:16], {name: _asset(name, content) for name, content in contents.items()})


def with_relative_imports(source: str) -> str:
    """A module that imports its neighbours by address instead of by name. Raises MissingModule for an unknown one."""

    def neighbour(match: re.Match[str]) -> str:
        keyword, name = match.groups()
        if name not in VENDOR_MODULES:
            raise MissingModule(f"A module of the page imports {name!r}, which is not among {sorted(VENDOR_MODULES)}.")
        return f'{keyword}"./{_vendor_file(name)}"'

    return re.sub(r"//# sourceMappingURL=.*", "", _BARE_IMPORT.sub(neighbour, source))


def render_document(assets: Assets, text_limit: int) -> str:
    """The document, which asks for every module at once instead of one after the other."""
    base = f"/assets/{assets.version}"
    modules = sorted(name for name in assets.files if name.endswith(".js") and name not in LATE_MODULES)
    styles = sorted(name for name in assets.files if name.endswith(".css"))
    template = (STATIC / "index.html").read_text(encoding="utf-8")
    values = {
        "base": base,
        "text_limit": str(text_limit),
        "styles": "\n".join(f'  <link rel="stylesheet" href="{base}/{name}">' for name in styles),
        "modules": "\n".join(f'  <link rel="modulepreload" href="{base}/{name}">' for name in modules),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _vendor_file(name: str) -> str:
    return name.lstrip("@").replace("/", "-").removesuffix(".js") + ".js"


def _asset(name: str, content: bytes) -> Asset:
    media_type = "text/javascript" if name.endswith(".js") else guess_type(name)[0] or "application/octet-stream"
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Asset(content, gzip.compress(content, mtime=0), media_type, etag)


_MISSING = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Narratix is not complete</title></head>
<body>
<main>
<h1>The page is not complete yet</h1>
<p>{reason}</p>
<p>Run <code>npm ci --ignore-scripts</code> in the project's folder, then load this page again. The service itself is
running; its <a href="/docs">description</a> tells how to use it without the page.</p>
</main>
</body>
</html>
"""
