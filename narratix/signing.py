"""The secret that signs addresses, tokens and anchors."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from narratix.events.anchors import keyring
from narratix.settings import Settings
from narratix.webhooks.signing import derived_secret


def anchor_keys(settings: Settings) -> dict[str, bytes]:
    """The keys of anchors by their names; the first is the one that signs now."""
    former = settings.former_signing_keys.get_secret_value().split()
    return keyring(signing_key(settings), *(secret.encode() for secret in former))


def webhook_secrets(settings: Settings, actor: str) -> list[bytes]:
    """What signs the messages to webhooks that `actor` named, the newest first: one from each of our keys, so that a
    change of keys breaks nobody's checks."""
    former = settings.former_signing_keys.get_secret_value().split()
    return [derived_secret(key, actor) for key in (signing_key(settings), *(each.encode() for each in former))]


def signing_key(settings: Settings) -> bytes:
    """The key that is set, or one that is made at random once and kept for its owner alone."""
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value().encode()
    path = settings.home / "signing.key"
    settings.home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"signing.{secrets.token_hex(4)}")
        _write_private(fresh, secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_bytes()


def _write_private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
