"""Objects as files below a directory: the store of a single machine.

A put writes a file beside its place, syncs it, renames it and syncs the directory, so that it is durable and whole
when it returns; the first put removes what killed ones left there. A content type that the key's suffix does not tell is
kept in a file of its own under `.types`.
Addresses are signed by the store and honoured by the web application, which asks `verify` before it serves a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlencode

from narratix.ports import StoredObject
from narratix.providers.storage.keys import checked_key, checked_seconds, content_type_of, disk_refused, not_stored

PAGE = 500
COPY_BYTES = 1 << 20
LEFTOVER_SECONDS = 24 * 3600
NO_FILE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class AddressRefused(Exception):
    """A signed address was altered or is out of date. Its text is a sentence for people."""


class DirectoryStorage:
    """The port `Storage` over the directory `root`.

    `secret` signs addresses, `base_url` (such as "https://host") stands before them, `clock` gives seconds since 1970.
    """

    name = "directory"

    def __init__(self, root: Path, *, secret: bytes, clock: Callable[[], float], base_url: str = "") -> None:
        self._root = root
        self._aside = root / ".parts"
        self._secret = secret
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._tidied = False

    async def put(self, key: str, data: bytes, content_type: str) -> StoredObject:
        """Raises ProviderError when the disk is full or refuses."""

        def write(file: BinaryIO) -> None:
            file.write(data)

        return await asyncio.to_thread(self._store, key, write, content_type)

    async def put_file(self, key: str, path: Path, content_type: str) -> StoredObject:
        """Raises ProviderError when the disk is full or refuses."""

        def copy() -> StoredObject:
            with path.open("rb") as source:
                return self._store(key, lambda file: shutil.copyfileobj(source, file, COPY_BYTES), content_type)

        return await asyncio.to_thread(copy)

    async def get(self, key: str) -> bytes:
        def read() -> bytes:
            with self._open(key) as stored:
                return stored.read()

        return await asyncio.to_thread(read)

    async def fetch_file(self, key: str, path: Path) -> None:
        def copy() -> None:
            with self._open(key) as stored, _plain_words(key), _appearing(path, aside=path.parent) as file:
                shutil.copyfileobj(stored, file, COPY_BYTES)

        await asyncio.to_thread(copy)

    async def head(self, key: str) -> StoredObject | None:
        return await asyncio.to_thread(self._describe, checked_key(key))

    async def delete(self, key: str) -> None:
        def remove() -> None:
            for file in (self.path(key), self._type_file(key)):
                with _plain_words(key), contextlib.suppress(*NO_FILE):
                    file.unlink()

        await asyncio.to_thread(remove)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """In the order of the keys."""
        keys = await asyncio.to_thread(self._keys, prefix)
        for start in range(0, len(keys), PAGE):
            for found in await asyncio.to_thread(self._describe_all, keys[start : start + PAGE]):
                yield found

    async def url(self, key: str, seconds: int, *, filename: str | None = None) -> str:
        expires = int(self._clock()) + checked_seconds(seconds)
        query = {"expires": str(expires), "signature": self._signature(checked_key(key), expires, filename)}
        if filename is not None:
            query["filename"] = filename
        return f"{self._base_url}/files/{key}?{urlencode(query)}"

    def verify(self, key: str, expires: int, signature: str, filename: str | None, now: float) -> None:
        """Let an address pass that `url` made, while it lasts. Raises AddressRefused."""
        expected = self._signature(key, expires, filename)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise AddressRefused("This address was altered or is not ours. Ask for the result again to get a new one.")
        if now >= expires:
            raise AddressRefused("This address has expired. Ask for the result again to get a new one.")

    def path(self, key: str) -> Path:
        """The file of a key, for serving it. It need not exist."""
        return self._root / checked_key(key)

    async def close(self) -> None:
        """Nothing is held open."""

    # -- files -------------------------------------------------------------------------------

    def _store(self, key: str, write: Callable[[BinaryIO], object], content_type: str) -> StoredObject:
        path, type_file = self.path(key), self._type_file(key)
        with _plain_words(key):
            if not self._tidied:
                self._remove_leftovers()
                self._tidied = True
            if content_type == content_type_of(key):
                type_file.unlink(missing_ok=True)
            else:
                with _appearing(type_file, aside=self._aside) as file:
                    file.write(content_type.encode())
            with _appearing(path, aside=self._aside) as file:
                write(file)
                size = file.tell()
                file.flush()
                os.fsync(file.fileno())
            _sync(path.parent)
        return StoredObject(key, size, content_type)

    def _remove_leftovers(self) -> None:
        """Remove what puts left behind that were killed more than a day ago."""
        oldest = self._clock() - LEFTOVER_SECONDS
        for file in self._aside.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # another process's put has just ended
                if file.stat().st_mtime < oldest:
                    file.unlink()

    def _open(self, key: str) -> BinaryIO:
        with _plain_words(key):
            try:
                return self.path(key).open("rb")
            except NO_FILE as error:
                raise not_stored(key) from error

    def _describe(self, key: str) -> StoredObject | None:
        path = self._root / key
        if not path.is_file():
            return None
        try:
            content_type = self._type_file(key).read_text()
        except NO_FILE:
            content_type = content_type_of(key)
        found = path.stat()
        return StoredObject(key, found.st_size, content_type, found.st_mtime)

    def _describe_all(self, keys: Sequence[str]) -> Sequence[StoredObject]:
        return [found for found in map(self._describe, keys) if found is not None]

    def _keys(self, prefix: str) -> Sequence[str]:
        found = []
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            parent = Path(folder).relative_to(self._root)
            found += [(parent / name).as_posix() for name in files if not name.startswith(".")]
        return sorted(key for key in found if key.startswith(prefix))

    def _type_file(self, key: str) -> Path:
        return self._root / ".types" / checked_key(key)

    def _signature(self, key: str, expires: int, filename: str | None) -> str:
        message = "\0".join((key, str(expires), "" if filename is None else f"={filename}"))
        return hmac.new(self._secret, message.encode(), "sha256").hexdigest()


@contextlib.contextmanager
def _appearing(path: Path, *, aside: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name, whole, when the block ends; or not at all. It grows in the folder `aside`."""
    _make_folder(path.parent)
    _make_folder(aside)
    with tempfile.NamedTemporaryFile(prefix=".part-", dir=aside, delete=False) as file:
        part = Path(file.name)
        try:
            yield cast(BinaryIO, file)
            file.flush()
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _plain_words(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_refused(key, error) from error
