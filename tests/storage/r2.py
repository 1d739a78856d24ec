"""What Cloudflare R2 refuses, imposed on another S3 store by a proxy before it.

Requests go through as they are, `Host` and signature included; what R2 does not implement is answered as R2 does, and
never reaches the store. Where R2's documentation is not sure, the proxy is the stricter one.
https://developers.cloudflare.com/r2/api/s3/api/
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from yarl import URL

from tests.loopback import on_loopback

LEAST_PART: Final = 5 << 20
LONGEST_SECONDS: Final = 7 * 24 * 3600
REGIONS: Final = ("auto", "us-east-1")

HEADERS: Final = re.compile(
    r"x-amz-(acl|grant-.*|tagging.*|object-lock-.*|server-side-encryption(?!-customer).*|website-.*|request-payer"
    r"|expected-bucket-owner|source-expected-bucket-owner|mfa|bypass-.*|trailer|sdk-checksum-algorithm|checksum-.*)"
)
"""Nothing of this is implemented; checksum headers in part, by the documentation, so that we send none."""

QUERIES: Final = frozenset(
    ["accelerate", "acl", "analytics", "delete", "inventory", "logging", "metrics", "notification", "object-lock", "legal-hold", "retention", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "select", "tagging", "torrent", "versioning", "versions", "website"]
)  # fmt: skip
NOT_FORWARDED: Final = frozenset(("connection", "keep-alive", "transfer-encoding", "te", "upgrade"))


class R2:
    """The refusals; `refused` are the codes of those that were spoken."""

    def __init__(self, store: str, client: aiohttp.ClientSession) -> None:
        self.refused: list[str] = []
        self._store = store
        self._client = client
        self._parts: dict[tuple[str, int], int] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if refusal := _refusal(request):
            return await self._refuse(request, *refusal)
        body = None
        if "uploadId" in request.query and request.method == "POST":
            body = await request.read()
            if said := self._unequal(request.query["uploadId"], body):
                return await self._refuse(request, 400, "InvalidPart", said)
        if "partNumber" in request.query and request.method == "PUT":
            self._parts[request.query["uploadId"], int(request.query["partNumber"])] = request.content_length or 0
        return await self._pass_on(request, body)

    def _unequal(self, upload: str, body: bytes) -> str:
        """What is wrong with the parts of an upload that is to be completed."""
        root = ElementTree.fromstring(body)
        numbers = [int(part.text or 0) for part in root.iter() if part.tag.endswith("PartNumber")]
        sizes = [self._parts.get((upload, number), 0) for number in numbers]
        if len(set(sizes[:-1])) > 1 or (len(sizes) > 1 and sizes[-1] > sizes[0]):
            return "All non-trailing parts must have the same length."
        if any(size < LEAST_PART for size in sizes[:-1]):
            return "Your proposed upload is smaller than the minimum allowed object size."
        return ""

    async def _refuse(self, request: web.Request, status: int, code: str, said: str) -> web.Response:
        self.refused.append(code)
        await request.read()
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{said}</Message></Error>"
        return web.Response(
            status=status, text="" if request.method == "HEAD" else text, content_type="application/xml"
        )

    async def _pass_on(self, request: web.Request, body: bytes | None) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_FORWARDED}
        data = body if body is not None else (request.content if request.body_exists else None)
        address = URL(self._store + request.raw_path, encoded=True)
        async with self._client.request(
            request.method,
            address,
            headers=headers,
            data=data,
            allow_redirects=False,
            skip_auto_headers=("Content-Type",),
        ) as found:
            kept = {name: value for name, value in found.headers.items() if name.lower() not in NOT_FORWARDED}
            response = web.StreamResponse(status=found.status, headers=kept)
            await response.prepare(request)
            async for chunk in found.content.iter_chunked(1 << 16):
                await response.write(chunk)
            await response.write_eof()
            return response


def _refusal(request: web.Request) -> tuple[int, str, str] | None:
    """Status, code and message, where R2 does not do what is asked."""
    for name, value in request.headers.items():
        lower = name.lower()
        if HEADERS.fullmatch(lower):
            return 501, "NotImplemented", f"Header '{lower}' with value '{value}' not implemented"
        if lower == "x-amz-storage-class" and value not in ("STANDARD", "STANDARD_IA"):
            return 400, "InvalidStorageClass", "The storage class you specified is not valid"
    streamed = request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
    if streamed or "aws-chunked" in request.headers.get("Content-Encoding", ""):
        return 501, "NotImplemented", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER not implemented"
    if wanted := QUERIES & set(request.query):
        return 501, "NotImplemented", f"{min(wanted)} not implemented"
    if request.method == "POST" and request.content_type == "multipart/form-data":
        return 501, "NotImplemented", "POST policy not implemented"
    of_bucket = request.path.strip("/").count("/") == 0
    if (
        request.method == "GET"
        and of_bucket
        and not set(request.query) & {"list-type", "uploads", "location", "cors", "lifecycle"}
    ):
        return 501, "NotImplemented", "ListObjects version 1 not implemented"
    return _signed_wrongly(request)


def _signed_wrongly(request: web.Request) -> tuple[int, str, str] | None:
    credential = re.search(r"Credential=([^,]+)", request.headers.get("Authorization", ""))
    scope = credential[1] if credential else request.query.get("X-Amz-Credential", "")
    if scope and scope.split("/")[-3] not in REGIONS:
        return 400, "InvalidRegionName", "The region must be one of: wnam, enam, weur, eeur, apac, auto"
    if expires := request.query.get("X-Amz-Expires"):
        if request.method not in ("GET", "HEAD", "PUT", "DELETE"):
            return 501, "NotImplemented", "Presigned POST not implemented"
        if not 1 <= int(expires) <= LONGEST_SECONDS:
            return 400, "AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800"
    return None


@contextlib.asynccontextmanager
async def r2_before(store: str) -> AsyncIterator[tuple[str, R2]]:
    """The address of an R2 whose objects lie in the store at `store`."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as client:
        r2 = R2(store, client)
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{path:.*}", r2.answer)
        async with on_loopback(application) as url:
            yield url, r2
