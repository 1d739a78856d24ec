"""A large file to a store and back: how long, and in how much memory.

    python -m benchmarks.storage [--megabytes 200]

Over SeaweedFS on this machine behind a proxy that refuses what Cloudflare R2 refuses, and over the directory store. Each
store is measured in a process of its own: the memory before is that of a process that has sent and fetched a small file.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

MEGABYTE: Final = 1 << 20
KEY: Final = "masters/benchmark.flac"
RESULT: Final = Path(__file__).parent / "results" / "storage.json"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--child", metavar="STORE", help="measure this store here: an address, or a directory")
    given = parser.parse_args(arguments)
    if given.child:
        print(json.dumps(asyncio.run(measure(given.child, given.megabytes))))
        return
    figures = asyncio.run(measured(given.megabytes))
    for name, found in figures.items():
        up, down = (given.megabytes / found[f"{way}_seconds"] for way in ("up", "down"))
        grown = (found["peak_bytes"] - found["before_bytes"]) / MEGABYTE
        print(
            f"{name:10} {given.megabytes} MB: up {found['up_seconds']:.2f} s ({up:.0f} MB/s), down "
            f"{found['down_seconds']:.2f} s ({down:.0f} MB/s); memory {found['before_bytes'] / MEGABYTE:.0f} MB before, "
            f"{grown:+.0f} MB at its peak; every byte the same: {found['whole']}"
        )
    RESULT.write_text(json.dumps({"megabytes": given.megabytes, **figures}, indent=2) + "\n")


async def measured(megabytes: int) -> dict[str, Any]:
    from tests.storage.r2 import r2_before
    from tests.storage.seaweedfs import running_seaweedfs

    with tempfile.TemporaryDirectory(prefix="narratix-storage-") as home:
        figures = {"directory": await _child(str(Path(home) / "objects"), megabytes)}
        seaweedfs = Path(home) / "seaweedfs"
        seaweedfs.mkdir()
        with running_seaweedfs(seaweedfs) as address:
            async with r2_before(address) as (proxy, _):
                figures["r2"] = await _child(proxy, megabytes)
    return figures


async def _child(store: str, megabytes: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.storage", "--child", store, "--megabytes", str(megabytes)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"The store at {store} could not be measured.")
    found: dict[str, Any] = json.loads(output)
    return found


async def measure(store: str, megabytes: int) -> dict[str, Any]:
    """Seconds up and down, and the process's memory before and at its peak."""
    storage = _opened(store)
    with tempfile.TemporaryDirectory(prefix="narratix-file-") as scratch:
        small, source, target = (Path(scratch) / name for name in ("small", "source", "target"))
        block = bytes(range(256)) * (MEGABYTE // 256)
        small.write_bytes(block)
        with source.open("wb") as file:
            for number in range(megabytes):
                file.write(number.to_bytes(4) + block[4:])
        await storage.put_file(KEY, small, "audio/flac")
        await storage.fetch_file(KEY, target)
        before = _peak()
        began = time.perf_counter()
        await storage.put_file(KEY, source, "audio/flac")
        sent = time.perf_counter()
        await storage.fetch_file(KEY, target)
        fetched = time.perf_counter()
        peak = _peak()
        whole = _digest(source) == _digest(target)
        await storage.delete(KEY)
        await storage.close()
    return {
        "up_seconds": sent - began,
        "down_seconds": fetched - sent,
        "before_bytes": before,
        "peak_bytes": peak,
        "whole": whole,
    }


def _opened(store: str) -> Any:
    if not store.startswith("http"):
        from narratix.providers.storage.directory import DirectoryStorage

        return DirectoryStorage(Path(store), secret=b"secret", clock=time.time)
    from narratix.providers.storage.s3 import S3Storage
    from tests.storage.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY

    return S3Storage(bucket=BUCKET, endpoint_url=store, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY)


def _peak() -> int:
    """Bytes of memory this process has ever had at once."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
