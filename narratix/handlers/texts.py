"""The story's text, which lies in object storage under its hash."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from narratix.ports import ProviderError, Storage

_KEPT: Final = 16


def text_key(sha256: str) -> str:
    return f"texts/{sha256[:2]}/{sha256}.txt"


def text_sha256(text: str) -> str:
    """The hash of the text as stored: UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


class Texts:
    """Texts by hash, the last few kept in memory, since every line of a drama asks for its own."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: OrderedDict[str, str] = OrderedDict()

    async def put(self, text: str) -> str:
        """Store a text and return its hash."""
        sha256 = text_sha256(text)
        await self._storage.put(text_key(sha256), text.encode(), "text/plain; charset=utf-8")
        self._keep(sha256, text)
        return sha256

    async def get(self, sha256: str) -> str:
        """Raises NotStored, and ProviderError for a text that is not what its hash says."""
        if sha256 not in self._kept:
            text = (await self._storage.get(text_key(sha256))).decode()
            if text_sha256(text) != sha256:
                raise ProviderError("The stored text was altered: it does not match its hash.", permanent=True)
            self._keep(sha256, text)
        self._kept.move_to_end(sha256)
        return self._kept[sha256]

    def _keep(self, sha256: str, text: str) -> None:
        self._kept[sha256] = text
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
