"""What the stores have in common: which keys there are, what lies under them, and how long an address may last."""

from __future__ import annotations

import errno
import re
from pathlib import PurePosixPath
from urllib.parse import quote

from narratix.ports import NotStored, ProviderError

LONGEST_KEY = 512
LONGEST_ADDRESS_SECONDS = 7 * 24 * 3600  # S3's limit on a presigned address
UNKNOWN_TYPE = "application/octet-stream"

_CONTENT_TYPES = {
    ".flac": "audio/flac",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".m4s": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".opus": "audio/ogg",
    ".srt": "application/x-subrip",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt",
    ".wav": "audio/wav",
}

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*")


def checked_key(key: str) -> str:
    """The key itself. Raises ProviderError (permanent) for anything that could leave the store or not be told apart
    on a file system that ignores case: `..`, hidden or empty parts, absolute paths, capitals, spaces."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise ProviderError(
            f"{key[:LONGEST_KEY]!r} cannot be a storage key: use lower-case letters, digits, '.', '_' and '-', "
            "in parts joined by '/', none of which begins with a dot.",
            permanent=True,
        )
    return key


def checked_seconds(seconds: int) -> int:
    """The seconds themselves. Raises ProviderError (permanent) where an address cannot last that long."""
    if not 1 <= seconds <= LONGEST_ADDRESS_SECONDS:
        raise ProviderError(
            f"An address can last from 1 to {LONGEST_ADDRESS_SECONDS} seconds, not {seconds}.", permanent=True
        )
    return seconds


def not_stored(key: str) -> NotStored:
    return NotStored(f"Nothing is stored under {key!r}; it may have expired.", permanent=True)


def disk_refused(key: str, error: OSError) -> ProviderError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ProviderError(
            f"The disk is full, so {key!r} could not be written. Free some space, then try again: what was made is kept.",
            retry_after=5.0,
        )
    return ProviderError(f"The disk refused {key!r}: {error.strerror or error}.")


def content_type_of(key: str) -> str:
    """As far as the key's suffix tells."""
    return _CONTENT_TYPES.get(PurePosixPath(key).suffix, UNKNOWN_TYPE)


def content_disposition(filename: str) -> str:
    """The header that makes a browser save under `filename`, whatever letters it has (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
