"""`narratix storage`: what lies in object storage, and what of it nothing names any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from narratix.ports import StoredObject
    from narratix.services import Services

ORPHANED_SECONDS: Final = 24 * 3600
SHOWN: Final = 20

_NAMES: Final = """
select data->>'text_key' from events where type = 'JobSubmitted' and position > $1
union select data->>'clip_key' from events
      where type in ('LineSpoken', 'MusicComposed', 'EffectRendered') and position > $1
union select data->>'key' from events where type = 'PassageMixed' and position > $1
union select unnest(array[data->>'master_key', data->'file'->>'key']) from events
      where type = 'DramaMixed' and position > $1
union select unnest(array_append(
                 array(select file->>'key' from json_array_elements(data->'files') file)
                 || array(select file->>'key' from json_array_elements(data->'captions') file),
                 data->>'peaks_key')) from events
      where type = 'DramaPublished' and position > $1
"""
_ACTIVE: Final = "select exists (select 1 from work where state in ('ready', 'running'))"


@click.group()
def command() -> None:
    """Object storage: how much lies there, and what can go."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def usage(as_json: bool) -> None:
    """Objects and bytes by kind."""
    from narratix.cli.console import print_json, print_table, size
    from narratix.cli.session import prepared, with_services

    async def work(services: Services) -> dict[str, list[int]]:
        sums: dict[str, list[int]] = {}
        async for stored in services.ports.storage.list(""):
            entry = sums.setdefault(_prefix(stored.key), [0, 0])
            entry[0] += 1
            entry[1] += stored.size_bytes
        return sums

    sums = with_services(prepared(quiet=True), "web", work)
    total = [sum(entry[place] for entry in sums.values()) for place in (0, 1)]
    if as_json:
        kinds = {prefix: {"objects": entry[0], "bytes": entry[1]} for prefix, entry in sorted(sums.items())}
        print_json({"prefixes": kinds, "objects": total[0], "bytes": total[1]})
        return
    rows = [(prefix, entry[0], size(entry[1])) for prefix, entry in sorted(sums.items())]
    print_table(("Prefix", "Objects", "Size"), [*rows, ("in all", total[0], size(total[1]))])


@command.command()
@click.option("--yes", is_flag=True, help="Delete them. Without it they are only listed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sweep(yes: bool, as_json: bool) -> None:
    """List what no event names and is older than a day: clips of drafts, files of crashes.

    Nothing is deleted without --yes. While work is under way clips are left alone, since it may be about to use them.
    """
    from narratix.cli.console import print_json, print_table, size
    from narratix.cli.session import prepared, with_services

    orphans, spared = with_services(prepared(quiet=True), "web", lambda services: _sweep(services, yes))
    freed = sum(orphan.size_bytes for orphan in orphans)
    if as_json:
        keys = [orphan.key for orphan in orphans]
        print_json({"deleted": yes, "objects": len(keys), "bytes": freed, "keys": keys, "spared": spared})
        return
    if orphans:
        print_table(("Key", "Size"), [(orphan.key, size(orphan.size_bytes)) for orphan in orphans[:SHOWN]])
    if len(orphans) > SHOWN:
        click.echo(f"... and {len(orphans) - SHOWN} more.")
    said = "were deleted" if yes else "would be deleted by --yes; nothing was changed"
    click.echo(f"{len(orphans)} objects, {size(freed)}, that no event names {said}.")
    if spared:
        click.echo(f"{spared} clips were left alone, since work is under way.")


async def _sweep(services: Services, delete: bool) -> tuple[list[StoredObject], int]:
    """What is orphaned, and how many clips were spared. The log is read after the listing, and once more before
    anything goes: what was named meanwhile stays."""
    storage, pool = services.ports.storage, services.pool
    oldest = time.time() - ORPHANED_SECONDS
    listed = [stored async for stored in storage.list("") if stored.modified is not None and stored.modified < oldest]
    head = await services.store.head()
    named = await _named(pool, 0)
    active = await pool.fetchval(_ACTIVE)
    orphans = [stored for stored in listed if _stem(stored.key) not in named]
    kept = [stored for stored in orphans if not (active and stored.key.startswith(("clips/", "passages/")))]
    if delete:
        named = await _named(pool, head)
        kept = [stored for stored in kept if _stem(stored.key) not in named]
        for stored in kept:
            await storage.delete(stored.key)
    return kept, len(orphans) - len(kept)


async def _named(pool: Any, after: int) -> set[str]:
    return {_stem(key) for (key,) in await pool.fetch(_NAMES, after) if key}


def _stem(key: str) -> str:
    """A clip, or a passage, is two objects, its sound and the facts about it, of which events name the first."""
    return key.rpartition(".")[0] if key.startswith(("clips/", "passages/")) else key


def _prefix(key: str) -> str:
    parts = key.split("/")
    return "/".join(parts[:2]) if parts[0] == "clips" else parts[0]
