"""The pool that CPU-bound engines run in."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from narratix.ports import ProviderError
from narratix.providers.mastering.join import deliver, join_flac
from narratix.providers.mastering.measure import listen
from narratix.providers.mastering.passage import mix_passage
from narratix.providers.mastering.reel import mix_reel
from narratix.providers.music.composed import perform
from narratix.providers.pool import EnginePool
from narratix.providers.speech import hibari, kokoro

_loaded: list[str] = []


def load(name: str) -> None:
    _loaded.append(name)


def refuse() -> None:
    raise ProviderError("The engine's model is missing.", permanent=True)


def loaded() -> tuple[int, list[str]]:
    return os.getpid(), _loaded


def sign(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_text(str(os.getpid()))
    new.replace(path)


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt_self() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


@pytest.fixture
async def pool() -> AsyncIterator[EnginePool]:
    pool = EnginePool(1, load, ("engine",))
    yield pool
    await pool.close()


async def test_given_a_pool_when_it_runs_twice_then_the_engine_was_loaded_once(pool: EnginePool) -> None:
    first, second = await pool.run(loaded), await pool.run(loaded)
    assert first == second
    assert first[1] == ["engine"]
    assert first[0] != os.getpid()


async def test_given_a_pool_then_its_engines_tell_nobody_of_what_they_do(pool: EnginePool) -> None:
    """The variable stops ONNX Runtime's telemetry: seen by its thread, which is not there then."""
    assert await pool.run(os.getenv, "ORT_DISABLE_TELEMETRY") == "1"


async def test_given_a_pool_that_was_warmed_then_its_worker_is_there_and_has_rehearsed_before_the_first_call(
    pool: EnginePool, tmp_path: Path
) -> None:
    rehearsed = tmp_path / "rehearsed"
    await pool.warm(partial(sign, rehearsed))
    while not rehearsed.exists():
        await asyncio.sleep(0.01)
    pid, engines = await pool.run(loaded)
    assert (rehearsed.read_text(), engines) == (str(pid), ["engine"])
    await pool.warm(partial(sign, tmp_path / "again"))
    assert (await pool.run(loaded))[0] == pid
    assert not (tmp_path / "again").exists(), "who is there needs no rehearsal"


async def test_given_an_engine_that_cannot_be_loaded_when_warmed_then_the_first_call_tells() -> None:
    broken = EnginePool(1, refuse)
    try:
        await broken.warm()
        with pytest.raises(ProviderError, match="model is missing"):
            await broken.run(loaded)
    finally:
        await broken.close()


async def test_given_a_pool_that_was_warmed_when_nobody_calls_then_its_worker_ends(tmp_path: Path) -> None:
    short = EnginePool(1, rest=0.05)
    try:
        await short.warm(partial(sign, tmp_path / "pid"))
        while not (tmp_path / "pid").exists():
            await asyncio.sleep(0.01)
        while Path("/proc", (tmp_path / "pid").read_text()).exists():
            await asyncio.sleep(0.01)
    finally:
        await short.close()


async def test_given_a_worker_that_dies_when_called_again_then_a_fresh_one_answers(pool: EnginePool) -> None:
    with pytest.raises(ProviderError, match="can be tried again") as failure:
        await pool.run(die)
    assert not failure.value.permanent
    assert (await pool.run(loaded))[1] == ["engine"]


async def test_given_a_cancelled_call_when_called_again_then_the_pool_is_healthy(pool: EnginePool) -> None:
    pid, _ = await pool.run(loaded)
    calls = [asyncio.create_task(pool.run(nap, 0.2)) for _ in range(4)]
    await asyncio.sleep(0.05)
    for call in calls:
        call.cancel()
    assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*calls, return_exceptions=True))
    assert (await pool.run(loaded))[0] == pid


async def test_given_a_busy_pool_when_closed_then_the_call_fails_and_a_later_call_starts_it_again(
    pool: EnginePool,
) -> None:
    pid, _ = await pool.run(loaded)
    call = asyncio.create_task(pool.run(nap, 600))
    await asyncio.sleep(0.05)
    await pool.close()
    with pytest.raises(ProviderError):
        await call
    assert (await pool.run(loaded))[0] != pid


async def test_given_an_engine_that_cannot_load_when_called_then_its_own_error_arrives() -> None:
    pool = EnginePool(1, refuse)
    try:
        for _ in range(2):
            with pytest.raises(ProviderError, match="model is missing") as failure:
                await pool.run(loaded)
            assert failure.value.permanent
    finally:
        await pool.close()


async def test_given_a_pool_that_nobody_calls_then_its_workers_end_and_the_next_call_finds_others() -> None:
    pool = EnginePool(1, load, ("engine",), rest=0.2)
    try:
        first, _ = await pool.run(loaded)
        long_call = await pool.run(nap, 0.5)
        assert long_call == first  # a call that takes longer than that is no rest
        async with asyncio.timeout(30):
            while Path(f"/proc/{first}").exists():
                await asyncio.sleep(0.05)
        assert (await pool.run(loaded))[0] != first
    finally:
        await pool.close()


async def test_given_ctrl_c_on_the_terminal_when_a_worker_gets_it_then_it_goes_on(pool: EnginePool) -> None:
    assert await pool.run(interrupt_self) == "still here"


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads the state of a process from /proc")
async def test_given_a_service_killed_when_its_worker_is_busy_then_the_worker_ends(tmp_path: Path) -> None:
    script = tmp_path / "service.py"
    script.write_text(
        "import asyncio, os, time\n"
        "from narratix.providers.pool import EnginePool\n"
        "def hang():\n    print(os.getpid(), flush=True); time.sleep(600)\n"
        "if __name__ == '__main__':\n    asyncio.run(EnginePool(1).run(hang))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    service = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert service.stdout is not None
    worker = int(service.stdout.readline())
    service.kill()
    service.wait()
    service.stdout.close()
    while _runs(worker):  # a hang here is the failure
        await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_given_an_engine_that_is_waited_for_less_when_it_runs_then_its_workers_step_back() -> None:
    pool = EnginePool(1, nice=3)
    try:
        assert await pool.run(os.nice, 0) == min(19, os.nice(0) + 3)
    finally:
        await pool.close()


RUN_BY_WORKERS = (hibari.speak, kokoro.speak, perform, mix_reel, mix_passage, listen, deliver, join_flac)
SERVICE_ALONE = {
    "aiobotocore", "aiohttp", "anthropic", "asyncpg", "fastapi", "pydantic", "rich", "scipy.signal", "sqlalchemy", "starlette",
    "structlog", "uvicorn", "narratix.settings", "narratix.providers.calls", "narratix.providers.chain", "narratix.providers.http",
    "narratix.providers.music.contents", "narratix.providers.speech.contents",
}  # fmt: skip
"""What workers may not import, neither themselves nor through others: it would be in the memory of each of them."""


def test_what_workers_share_is_what_they_run_and_nothing_that_only_the_service_needs() -> None:
    looked = (
        "import importlib, sys; from narratix.providers.pool import _PRELOADED\n"
        "for name in _PRELOADED: importlib.import_module(name)\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    shared = set(ran.stdout.split())
    assert {run.__module__ for run in RUN_BY_WORKERS} <= shared
    assert not SERVICE_ALONE & shared
    assert "onnxruntime" not in shared  # whoever mixes need not hold it
