"""What staging and production must not start with: defaults that are fine on one's own machine, and each other's data."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec
import sqlalchemy as sa

from narratix.events.tables import Moment, metadata
from narratix.ports import NotStored, Storage
from narratix.settings import Settings
from narratix.webhooks.outbound import Refused, checked_address
from narratix.webhooks.signing import BadSecret, secret_of

MARK: Final = "installation.json"
SHORTEST_KEY: Final = 32
FEWEST_CHARACTERS: Final = 10
"""Different ones in a signing key; "aaaa…" and "changeme…" have fewer."""

installations: Final = sa.Table(
    "installations",
    metadata,
    # at most one row: whose database this is
    sa.Column("one", sa.Boolean, sa.CheckConstraint("one", name="one"), primary_key=True, server_default=sa.true()),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False, server_default=sa.text("now()")),
)

_CLAIM: Final = "insert into installations (environment) values ($1) on conflict do nothing"
_WHOSE: Final = "select environment from installations"


class WrongEnvironment(Exception):
    """The service must not start like this. Its text tells people what to set."""


def check_settings(settings: Settings) -> None:
    """Raises WrongEnvironment where staging or production is set up as only development may be, or webhooks as nobody
    can use them."""
    faults = _webhook_faults(settings)
    if settings.environment != "development":
        faults = [*_faults(settings), *faults]
    if faults:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        raise WrongEnvironment(f"These settings will not do for {settings.environment}:{listed}")


def _faults(settings: Settings) -> list[str]:
    faults = []
    if settings.database_url is None:
        faults.append("DATABASE_URL is not set; the embedded database would be lost with the container.")
    if not settings.uses_s3:
        faults.append(
            "NARRATIX_S3_ENDPOINT and NARRATIX_S3_BUCKET are not set; files would be lost with the container."
        )
    elif not (settings.s3_access_key.get_secret_value() and settings.s3_secret_key.get_secret_value()):
        faults.append("NARRATIX_S3_ACCESS_KEY and NARRATIX_S3_SECRET_KEY are not set.")
    key = settings.signing_key.get_secret_value() if settings.signing_key else ""
    if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS:
        faults.append(
            "NARRATIX_SIGNING_KEY is missing or weak. Make one: "
            'python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    if urlsplit(settings.public_url).scheme != "https":
        faults.append("NARRATIX_PUBLIC_URL must be the https address that browsers use.")
    insecure = [origin for origin in settings.allowed_origins if not origin.startswith("https://")]
    if insecure:
        faults.append(f"NARRATIX_ALLOWED_ORIGINS must be https: {', '.join(insecure)}")
    if settings.replay_only:
        faults.append("NARRATIX_REPLAY_ONLY is for demos and tests.")
    return faults


def _webhook_faults(settings: Settings) -> list[str]:
    url, secret = settings.webhook_url.get_secret_value(), settings.webhook_secret.get_secret_value()
    faults = []
    if url:
        try:
            checked_address(url, strict=settings.environment != "development")
        except Refused as refused:
            faults.append(f"NARRATIX_WEBHOOK_URL will not do: {refused}")
    for name, given in (
        ("NARRATIX_WEBHOOK_SECRET", secret),
        ("NARRATIX_REPLICATE_WEBHOOK_SECRET", settings.replicate_webhook_secret.get_secret_value()),
    ):
        try:
            if given or (url and name == "NARRATIX_WEBHOOK_SECRET"):
                secret_of(given)
        except BadSecret as problem:
            faults.append(f"{name} is missing or malformed: {problem}")
    return faults


async def claim(environment: str, pool: asyncpg.Pool, storage: Storage) -> None:
    """Mark the database and the bucket as this environment's, the first time. Raises WrongEnvironment where either is
    another one's: staging and production share nothing."""
    if environment == "development":
        return
    await pool.execute(_CLAIM, environment)
    owner = await pool.fetchval(_WHOSE)
    if owner != environment:
        raise WrongEnvironment(f"This is {environment}, but the database of DATABASE_URL belongs to {owner}.")
    try:
        owner = msgspec.json.decode(await storage.get(MARK))["environment"]
    except NotStored:
        await storage.put(MARK, msgspec.json.encode({"environment": environment}), "application/json")
        return
    if owner != environment:
        raise WrongEnvironment(f"This is {environment}, but the bucket of NARRATIX_S3_BUCKET belongs to {owner}.")
