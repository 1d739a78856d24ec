"""Who is asking: the client's address, the page's own token, links that admit by themselves, and who may ask what."""

from __future__ import annotations

import hmac
import ipaddress
import time
import urllib.parse
from collections.abc import Callable
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narratix.settings import Settings
from narratix.web.problems import Problem

TOKEN_SECONDS: Final = 12 * 3600
LINK_SECONDS: Final = 3600
"""How long a link admits by itself: through several streams of 14 minutes, and not for much longer than a job."""

COOKIE: Final = "narratix_page"


class Clients:
    """Knows clients by their address and by the token that the page was given."""

    def __init__(self, settings: Settings, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._secret = secret
        self._clock = clock

    def address(self, connection: HTTPConnection) -> str:
        """The client's address; X-Real-IP counts only where a proxy of ours is known to set it."""
        if self._settings.trusted_proxy and (given := _parsed(connection.headers.get("x-real-ip", ""))):
            return str(given)
        return connection.client.host if connection.client else "local"

    def network(self, connection: HTTPConnection) -> str:
        """What limits are counted by: the address, or the /64 of an IPv6 address, all of which one client may use."""
        address = self.address(connection)
        parsed = _parsed(address)
        if isinstance(parsed, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        return address

    def pseudonym(self, connection: HTTPConnection) -> str:
        """The actor that goes on record: the same for the same client, and no address."""
        digest = hmac.new(self._secret, f"actor {self.network(connection)}".encode(), "sha256").hexdigest()
        return f"visitor:{digest[:16]}"

    def needs_token(self, connection: HTTPConnection) -> bool:
        """Development asks for nothing on loopback."""
        if self._settings.environment != "development":
            return True
        address = self.address(connection)
        parsed = _parsed(address)
        return not (address == "local" or (parsed is not None and parsed.is_loopback))

    # -- tokens ----------------------------------------------------------------------------

    def cookie(self) -> str:
        """The header that gives the page its token."""
        expires = int(self._clock()) + TOKEN_SECONDS
        token = f"{expires}.{self._signature('page', str(expires))}"
        secure = "" if self._settings.environment == "development" else "; Secure"
        return f"{COOKIE}={token}; Path=/; Max-Age={TOKEN_SECONDS}; HttpOnly; SameSite=Strict{secure}"

    def has_token(self, connection: HTTPConnection) -> bool:
        return self._is_valid("page", connection.cookies.get(COOKIE, ""))

    def admitting(self, path: str, connection: HTTPConnection) -> str:
        """`path`, with a token in its query where one is needed: for `EventSource`, which can send no header, and is
        given no cookie on another origin's page. It opens this path and no other."""
        if not self.needs_token(connection):
            return path
        expires = str(int(self._clock()) + LINK_SECONDS)
        return f"{path}?token={expires}.{self._signature('link ' + path, expires)}"

    def _is_admitted_by_link(self, connection: HTTPConnection) -> bool:
        given = urllib.parse.parse_qs(connection.scope["query_string"].decode("latin-1")).get("token", [])
        return len(given) == 1 and self._is_valid(f"link {connection.scope['path']}", given[0])

    def _is_valid(self, what: str, token: str) -> bool:
        expires, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._signature(what, expires).encode()):
            return False
        return expires.isdecimal() and int(expires) > self._clock()

    def _signature(self, what: str, expires: str) -> str:
        return hmac.new(self._secret, f"{what} {expires}".encode(errors="replace"), "sha256").hexdigest()

    # -- doors -----------------------------------------------------------------------------

    def admit_visitor(self, connection: HTTPConnection) -> None:
        """Raises Problem (401) for who is neither on this machine nor has the page's token or a link that admits."""
        if not self.needs_token(connection) or self.has_token(connection):
            return
        if not self._is_admitted_by_link(connection):
            raise Problem(401, "A token is needed", "Open the page first (at /): it gets a token for its own requests.")

    def admit_operator(self, connection: HTTPConnection) -> None:
        """Raises Problem (401) for who is not on this machine in development."""
        if self.needs_token(connection):
            raise Problem(401, "A key is needed", "Only operators of this service may see this, with a key.")


class GivesToken:
    """Around the page's document: its answer brings the token where one is needed."""

    def __init__(self, app: ASGIApp, clients: Clients) -> None:
        self._app = app
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        needed = self._clients.needs_token(HTTPConnection(scope))

        async def send_with_token(message: Message) -> None:
            if needed and message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"] = [*message["headers"], (b"set-cookie", self._clients.cookie().encode())]
            await send(message)

        await self._app(scope, receive, send_with_token)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
