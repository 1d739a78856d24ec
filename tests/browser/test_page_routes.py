"""What the server says when it hands out the page."""

import gzip
import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from narratix.web.page import STATIC, VENDOR_MODULES, MissingModule, page_routes, with_relative_imports


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """A folder like node_modules, with modules that only import each other."""
    for name, file in VENDOR_MODULES.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        imports = 'import{h as a}from"preact";' if name != "preact" else ""
        path.write_text(f"{imports}export const b=1;\n//# sourceMappingURL=x.map\n")
    return tmp_path


def visitor(vendor: Path, **options: object) -> httpx2.AsyncClient:
    app = Starlette(routes=page_routes(vendor, **options))  # type: ignore[arg-type]
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://narratix.test")


async def test_given_any_address_of_the_page_then_the_policy_allows_no_inline_code(vendor: Path) -> None:
    async with visitor(vendor) as client:
        for path in ("/", "/job/abc", "/assets/x/nothing.js"):
            policy = (await client.get(path)).headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
        document = await client.get("/")
    assert document.headers["x-content-type-options"] == "nosniff"
    assert document.headers["referrer-policy"] == "no-referrer"
    assert "microphone=()" in document.headers["permissions-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", document.text)


async def test_given_a_storage_elsewhere_then_only_sound_may_come_from_there(vendor: Path) -> None:
    async with visitor(vendor, storage_origins=["https://files.example"]) as client:
        policy = (await client.get("/")).headers["content-security-policy"]
    assert "media-src 'self' blob: https://files.example;" in policy
    assert "connect-src 'self' https://files.example;" in policy
    assert policy.count("files.example") == 2


async def test_given_the_document_then_all_that_it_names_is_there_and_may_be_kept(vendor: Path) -> None:
    async with visitor(vendor, text_limit=1234) as client:
        document = (await client.get("/")).text
        assert 'data-text-limit="1234"' in document
        assert "{{" not in document
        addresses = set(re.findall(r'"(/assets/[^"]+)"', document))
        assert len(addresses) > len(list(STATIC.rglob("*.js")))
        for address in addresses:
            answer = await client.get(address)
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["cache-control"]
            again = await client.get(address, headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304
            assert again.content == b""


async def test_given_an_address_of_another_release_then_the_file_comes_but_is_not_kept(vendor: Path) -> None:
    async with visitor(vendor) as client:
        answer = await client.get("/assets/another/app.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/javascript")


async def test_given_a_path_that_leaves_the_folder_then_nothing_is_found(vendor: Path) -> None:
    async with visitor(vendor) as client:
        for path in ("/assets/x/%2e%2e/page.py", "/assets/x/../../page.py", "/assets/x/index.html"):
            assert (await client.get(path)).status_code == 404


async def test_given_a_browser_that_reads_gzip_then_less_is_sent(vendor: Path) -> None:
    async with visitor(vendor) as client, client.stream("GET", "/assets/x/app.js") as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == (STATIC / "app.js").read_bytes()


async def test_given_a_missing_module_then_the_page_says_what_to_run_until_it_is_there(vendor: Path) -> None:
    file = vendor / VENDOR_MODULES["htm"]
    content = file.read_text()
    file.unlink()
    async with visitor(vendor) as client:
        told = await client.get("/")
        assert told.status_code == 503
        assert "npm ci --ignore-scripts" in told.text
        assert "htm" in told.text
        file.write_text(content)
        assert (await client.get("/")).status_code == 200


def test_given_bare_imports_then_they_become_addresses_and_no_map_is_asked_for() -> None:
    source = 'import{a}from"preact";export{b}from"@preact/signals-core";import"./c.js";\n//# sourceMappingURL=d.map'
    assert with_relative_imports(source) == (
        'import{a}from"./preact.js";export{b}from"./preact-signals-core.js";import"./c.js";\n'
    )


def test_given_an_import_of_an_unknown_module_then_it_is_named() -> None:
    with pytest.raises(MissingModule, match="'react'"):
        with_relative_imports('import{a}from"react";')
