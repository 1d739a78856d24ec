"""Commands from people: load the job, decide, append; again, when somebody else was quicker."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from narratix.correlation import by
from narratix.doorbell import Doorbell
from narratix.events.catalogue import Event, Options
from narratix.events.store import Conflict, EventStore, NewEvent
from narratix.handlers.texts import Texts, text_key
from narratix.job import Cancel, Command, Expire, GiveFeedback, Hold, Job, Release, Retry, Revise, Submit, decide, fold
from narratix.ports import ProviderError
from narratix.spend import Budget
from narratix.webhooks.deliveries import OtherTarget, Targets

_NAMESPACE: Final = uuid.UUID("0b8a4b5e-2f6c-4a53-8a39-d3b5b5a6d0f1")
LONGEST_TITLE: Final = 120
LONGEST_WORDING: Final = 2_000
"""Characters of a line's new wording."""


class CommandRefused(Exception):
    """A command that cannot be obeyed. Its text is a sentence for people."""


class NoSuchJob(CommandRefused):
    def __init__(self, job_id: uuid.UUID) -> None:
        super().__init__(f"There is no job {job_id}.")


class NotNow(CommandRefused):
    """The job is in a state in which this cannot be done."""


class NotPerformable(CommandRefused):
    """A line cannot be performed so. `field` names what is wrong with it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class KeyReused(CommandRefused):
    """An Idempotency-Key came back with another request."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The caps, and what a text of so many characters may cost with its options, in US dollars."""

    budget: Budget
    estimate: Callable[[int, Options], float]


class Commands:
    """What people can ask for. Every call may raise `StoreError` when the database does not answer."""

    def __init__(
        self,
        store: EventStore,
        texts: Texts,
        spending: Spending | None = None,
        targets: Targets | None = None,
        doorbell: Doorbell | None = None,
    ) -> None:
        self._store = store
        self._texts = texts
        self._spending = spending
        self._targets = targets
        self._doorbell = doorbell

    async def load(self, job_id: uuid.UUID) -> Job:
        """The job as its log has it. Raises NoSuchJob."""
        job = fold(Job(id=job_id), (event.data for event in await self._store.read(job_id)))
        if job.version == 0:
            raise NoSuchJob(job_id)
        return job

    async def submit(
        self,
        text: str,
        *,
        title: str = "",
        options: Options | None = None,
        actor: str = "anonymous",
        idempotency_key: str = "",
        webhook: str = "",
    ) -> uuid.UUID:
        """Accept a text and return the job's id. The same actor with the same key gets the same job.

        The text is stored before the event that names it, and what it may cost is reserved before that. `webhook` is
        told of the job's end. Raises KeyReused, OverBudget, and ProviderError when it cannot be stored.
        """
        job_id = uuid.uuid5(_NAMESPACE, f"{actor}\n{idempotency_key}") if idempotency_key else uuid.uuid4()
        options = options or Options()
        sha256 = await self._texts.put(text)
        command = Submit(
            title=title.strip()[:LONGEST_TITLE] or guess_title(text),
            text_sha256=sha256,
            text_key=text_key(sha256),
            characters=len(text),
            options=options,
        )
        submitted = decide(Job(id=job_id), command)[0]
        reserved = False
        if self._spending is not None:
            usd = self._spending.estimate(len(text), options)
            reserved = await self._spending.budget.reserve(job_id, actor, usd)
        try:
            if webhook and self._targets is not None:
                await self._name_target(self._targets, job_id, actor, webhook)
            new = NewEvent(job_id, submitted, uuid.uuid5(job_id, "submitted"), expected=0)
            await self._ring()
            appended = await self._store.append([new], metadata=by(actor))
            if appended.duplicate:
                await self._check_same(job_id, submitted)
        except KeyReused:
            if reserved and self._spending is not None:  # the job that has this key was free
                await self._spending.budget.settle(job_id, 0.0)
            raise
        return job_id

    async def admit(self, job: Job, *, actor: str = "anonymous") -> None:
        """Reserve what a job that comes in an archive, unfinished, may yet cost here. Raises OverBudget."""
        if self._spending is not None:
            with contextlib.suppress(ProviderError):  # an engine that is not here costs nothing
                usd = self._spending.estimate(job.characters, job.options)
                await self._spending.budget.reserve(job.id, actor, usd)

    async def _name_target(self, targets: Targets, job_id: uuid.UUID, actor: str, webhook: str) -> None:
        try:
            await targets.name(job_id, actor, webhook)
        except OtherTarget:
            raise KeyReused("This Idempotency-Key was used before, with another webhook. Use a new one.") from None

    async def _check_same(self, job_id: uuid.UUID, submitted: Event) -> None:
        [first] = await self._store.read(job_id, limit=1)
        if first.data != submitted:
            raise KeyReused("This Idempotency-Key was used before, for another text or other options. Use a new one.")

    async def cancel(self, job_id: uuid.UUID, *, actor: str = "anonymous", reason: str = "") -> None:
        """Cancelling what is cancelled changes nothing. Raises NoSuchJob, NotNow."""
        job = await self._obey(job_id, Cancel(reason), actor)
        if job is not None and job.status != "cancelled":
            raise NotNow(f"This job is {job.status}; there is nothing left to cancel.")

    async def retry(self, job_id: uuid.UUID, *, actor: str = "anonymous") -> None:
        """Let a failed or cancelled job go on. Raises NoSuchJob, NotNow, OverBudget."""
        if self._spending is not None:
            stopped = await self.load(job_id)
            if stopped.status in ("failed", "cancelled"):
                usd = self._spending.estimate(stopped.characters, stopped.options)
                await self._spending.budget.reserve(job_id, actor, usd, reopen=True)
        job = await self._obey(job_id, Retry(), actor)
        if job is not None and not job.active:
            raise NotNow(f"This job is {job.status}; only a failed or cancelled one can be retried.")

    async def revise(
        self,
        job_id: uuid.UUID,
        line: int,
        *,
        text: str | None = None,
        speaker: str | None = None,
        direction: str | None = None,
        actor: str = "anonymous",
    ) -> None:
        """Let line `line`, counted from 0, be performed otherwise; what is None stays. `speaker` is a name or an id of the
        cast, an empty `text` brings the story's own words back. A finished drama is then made anew, as far as the line
        is heard in it. What is so already changes nothing.

        Raises NoSuchJob, NotNow, NotPerformable, OverBudget, and ProviderError when the text cannot be stored.
        """
        job = await self.load(job_id)
        if job.script is None or job.status == "expired":
            raise NotNow(f"This job is {job.status}; a line can be revised as soon as the script is there.")
        command = await self._revision(job, line, text, speaker, direction)
        if self._spending is not None and decide(job, command):
            segment = job.script.segments[line]
            usd = self._spending.estimate(len(text or "") or segment.end - segment.start, job.options)
            await self._spending.budget.reserve(job_id, actor, usd, reopen=True)
        if (job_now := await self._obey(job_id, command, actor)) is not None and job_now.status == "expired":
            raise NotNow("This job is expired; a line can no longer be revised.")

    async def _revision(
        self, job: Job, line: int, text: str | None, speaker: str | None, direction: str | None
    ) -> Revise:
        assert job.script is not None
        count = len(job.script.segments)
        if not 0 <= line < count:
            raise NotPerformable("line", f"There is no line {line}; this drama has lines 0 to {count - 1}.")
        if speaker is not None:
            speaker = _cast_id(job, speaker)
        if text is None:
            return Revise(line, speaker, direction)
        segment, text = job.script.segments[line], " ".join(text.split())
        own = (await self._texts.get(job.text_sha256))[segment.start : segment.end]
        if not text or text == " ".join(own.split()):
            return Revise(line, speaker, direction, "")
        if not any(character.isalnum() for character in text):
            raise NotPerformable("text", "There is nothing to read aloud: the text has no letter and no digit.")
        if len(text) > LONGEST_WORDING:
            raise NotPerformable("text", f"A line can have up to {LONGEST_WORDING:,} characters; shorten it.")
        sha256 = await self._texts.put(text)
        return Revise(line, speaker, direction, sha256, text_key(sha256))

    async def give_feedback(
        self, job_id: uuid.UUID, rating: int, comment: str = "", *, actor: str = "anonymous"
    ) -> None:
        """Raises NoSuchJob, NotNow."""
        if (job := await self._obey(job_id, GiveFeedback(rating, comment), actor)) is not None:
            raise NotNow(f"This job is {job.status}; feedback is for finished dramas.")

    async def hold(self, job_id: uuid.UUID, reason: str, *, actor: str) -> None:
        """Keep the content until it is released. Holding what is held changes nothing. Raises NoSuchJob, NotNow."""
        job = await self._obey(job_id, Hold(reason), actor)
        if job is not None and not job.held:
            raise NotNow(f"This job is {job.status}; there is nothing to hold any more.")

    async def release(self, job_id: uuid.UUID, *, actor: str, reason: str = "") -> None:
        """Let the content expire again. Raises NoSuchJob, NotNow."""
        if await self._obey(job_id, Release(reason), actor) is not None:
            raise NotNow("This job is not held.")

    async def expire(self, job_id: uuid.UUID, *, actor: str) -> None:
        """Record that the content is gone. Raises NoSuchJob, NotNow."""
        job = await self._obey(job_id, Expire(), actor)
        if job is not None and job.held:
            raise NotNow(f"This job is held ({job.held}); release it first.")
        if job is not None and job.status != "expired":
            raise NotNow(f"This job is {job.status}; it can expire when it has ended.")

    async def _obey(self, job_id: uuid.UUID, command: Command, actor: str) -> Job | None:
        """Append what the command leads to; the job as it is, where that is nothing."""
        while True:
            job = await self.load(job_id)
            events = decide(job, command)
            if not events:
                return job
            new = [
                NewEvent(job_id, event, uuid.uuid4(), job.version if ordinal == 0 else None)
                for ordinal, event in enumerate(events)
            ]
            await self._ring()
            try:
                await self._store.append(new, metadata=by(actor))
            except Conflict:
                continue
            return None

    async def _ring(self) -> None:
        if self._doorbell is not None:
            await self._doorbell.ring()


def _cast_id(job: Job, name: str) -> str:
    """Of somebody who is called so. Raises NotPerformable."""
    assert job.script is not None
    wanted = " ".join(name.split()).casefold()
    for member in job.script.cast:
        if wanted == member.id or wanted in (called.casefold() for called in (member.name, *member.aliases)):
            return member.id
    known = ", ".join(member.name for member in job.script.cast)
    raise NotPerformable("speaker", f"Nobody in this drama is called {name!r}; the cast is: {known}.")


def guess_title(text: str) -> str:
    """The first line, when it looks like a title, else its first words."""
    line = next((stripped for raw in text.lstrip("\ufeff").splitlines() if (stripped := raw.strip())), "")
    if len(line) <= 60:
        return line.strip("#*_ ") or "Untitled"
    return line[:60].rsplit(" ", 1)[0].rstrip(",;:—- ") + "…"
