"""One Postgres address, as the consoles of hosters give it, in the forms that the libraries here understand.

asyncpg forwards parameters that it does not know to the server (`channel_binding`, which Neon's addresses carry, then
fails); SQLAlchemy passes all of them to asyncpg as arguments, where `sslmode` is called `ssl`. Behind a pooler in
transaction mode, LISTEN is lost and prepared statements are forbidden.
"""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

UNKNOWN_TO_ASYNCPG = {"channel_binding", "gssencmode"}
POOLER = "-pooler"


class BadAddress(ValueError):
    """The address is not one of a PostgreSQL database. Its text is a sentence for people, without the password."""


def asyncpg_dsn(dsn: str) -> str:
    """For `asyncpg.connect`. Raises BadAddress."""
    return _rebuilt(_parsed(dsn), "postgresql", _parameters(dsn))


def sqlalchemy_url(dsn: str) -> str:
    """For `create_async_engine`. Raises BadAddress."""
    parameters = [
        ("ssl" if name == "sslmode" else name, value)
        for name, value in _parameters(dsn)
        if name != "application_name"  # which SQLAlchemy would hand to asyncpg as an argument that it does not have
    ]
    return _rebuilt(_parsed(dsn), "postgresql+asyncpg", parameters)


def is_pooled(dsn: str) -> bool:
    """Whether the address is that of a Neon pooler. Raises BadAddress."""
    return (_parsed(dsn).hostname or "").split(".")[0].endswith(POOLER)


def direct_dsn(dsn: str) -> str:
    """The address that LISTEN, migrations and dumps need: the same database, not through Neon's pooler.

    Raises BadAddress.
    """
    parts = _parsed(dsn)
    if is_pooled(dsn):
        credentials, at, host = parts.netloc.rpartition("@")
        first, dot, rest = host.partition(".")
        parts = parts._replace(netloc=credentials + at + first.removesuffix(POOLER) + dot + rest)
    return _rebuilt(parts, "postgresql", _parameters(dsn))


def without_password(dsn: str) -> str:
    """For logs and error messages. Raises BadAddress."""
    parts = _parsed(dsn)
    credentials, at, host = parts.netloc.rpartition("@")
    parameters = [(name, value) for name, value in _parameters(dsn) if name != "password"]
    return _rebuilt(parts._replace(netloc=credentials.partition(":")[0] + at + host), "postgresql", parameters)


def _parsed(dsn: str) -> SplitResult:
    parts = urlsplit(dsn.strip())
    if parts.scheme.partition("+")[0] not in ("postgres", "postgresql"):
        raise BadAddress(
            "DATABASE_URL must look like postgresql://user:password@host/database, "
            f"but it begins with {parts.scheme or 'no scheme'}."
        )
    return parts


def _parameters(dsn: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(_parsed(dsn).query, keep_blank_values=True)
    renamed = [("sslmode" if name == "ssl" else name, value) for name, value in pairs]
    return [(name, value) for name, value in renamed if name not in UNKNOWN_TO_ASYNCPG]


def _rebuilt(parts: SplitResult, scheme: str, parameters: list[tuple[str, str]]) -> str:
    # urlunsplit would drop the empty authority of postgresql:///database
    address = urlunsplit(("", "", parts.path, urlencode(parameters, quote_via=quote, safe="/"), ""))
    return f"{scheme}://{parts.netloc}{address}"
