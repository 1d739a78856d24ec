"""Signed messages as Standard Webhooks have them: HMAC-SHA256 over id, time and body.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, which Svix and
Replicate follow. A message may bear several signatures, parted by blanks, while keys are being changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE_SECONDS: Final = 300
FEWEST_BYTES: Final = 24
"""Of a secret."""


class BadSecret(ValueError):
    """A secret that is not written as the standard says."""


class Forged(Exception):
    """A message that must not be believed. Its text says why, and nothing of what would have been right."""


def secret_of(written: str) -> bytes:
    """The bytes of a secret that is written as `whsec_` and base64. Raises BadSecret."""
    try:
        secret = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except binascii.Error as problem:
        raise BadSecret(f'A webhook\'s secret is "{PREFIX}" and base64.') from problem
    if len(secret) < FEWEST_BYTES:
        raise BadSecret(f"A webhook's secret has at least {FEWEST_BYTES} bytes.")
    return secret


def written(secret: bytes) -> str:
    return PREFIX + base64.b64encode(secret).decode()


def derived_secret(key: bytes, whose: str) -> bytes:
    """A secret of somebody's own, from a key of the service: nobody can forge with it what is sent to another."""
    return hmac.digest(key, f"webhooks to {whose}".encode(), hashlib.sha256)


def signature(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    signed = b"%b.%d.%b" % (id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def headers(secrets: Sequence[bytes], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a message, signed with each secret. `timestamp`: seconds since 1970 of this attempt."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, id, timestamp, body) for secret in secrets),
    }


def checked(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The id of a message that was signed with one of `secrets` within TOLERANCE_SECONDS of `now`. `headers` are by
    lower-case names. Raises Forged."""
    id, sent, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id and sent and given):
        raise Forged("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if not (sent.isascii() and sent.isdecimal() and len(sent) <= 12):
        raise Forged("webhook-timestamp must be seconds since 1970.")
    expected = [signature(secret, id, int(sent), body).encode() for secret in secrets]
    # every pair is compared, so that the time it takes tells nothing
    matches = [hmac.compare_digest(one.encode(), right) for one in given.split(" ") for right in expected]
    if not any(matches):
        raise Forged("The signature is not right.")
    if abs(now - int(sent)) > TOLERANCE_SECONDS:
        raise Forged(f"The message is more than {TOLERANCE_SECONDS // 60} minutes old, or from the future.")
    return id
