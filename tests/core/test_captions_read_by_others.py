"""The captions of a whole drama, read by those who did not write them: the W3C's validator for WebVTT, pysubs2 for SubRip."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from narratix.events.catalogue import Options
from narratix.services import Services
from narratix.sound.captions import Caption, to_srt, to_vtt
from tests.core.test_first_drama import until_ended

PARSER = Path(__file__).parents[2] / "node_modules" / "webvtt-parser"
READ = """
const { WebVTTParser } = require(process.argv[1] + "/parser.js");
const entities = require(process.argv[1] + "/html-entities.json");
const { cues, errors } = new WebVTTParser(entities).parse(require("fs").readFileSync(0, "utf8"), "metadata");
const spoken = (node) => node.value !== undefined && node.type === "text" ? node.value : (node.children ?? []).map(spoken).join("");
console.log(JSON.stringify({ errors, cues: cues.map((cue) => ({
  id: cue.id, begins: cue.startTime, ends: cue.endTime, text: spoken(cue.tree),
  voice: cue.tree.children[0]?.name === "v" ? cue.tree.children[0].value : null,
})) }));
"""

STORY = """“Tom & Jerry <3 cheese --> mice & men,” said Zoë Müller-Lüdenscheidt. Nobody laughed.

"A <b>bold</b> &amp; \\"quoted\\" plan;" whispered Jürgen, "isn't it? 5 > 3 – and 'so' on…"

“Ça va? naïve façade,” said Zoë, “""" + "Straßenbahnhaltestellenhäuschen" * 9 + """.”

He counted: """ + ", ".join(f"item {number} of a line that does not end" for number in range(30)) + """.

-->

“WEBVTT,” said Jürgen. “NOTE this. 00:01.000 --> 00:02.000 is a time, STYLE is not.”
"""  # fmt: skip


def validated(vtt: str) -> dict[str, Any]:
    """What the W3C's parser says. Skips the test where it cannot."""
    node = shutil.which("node")
    if node is None or not PARSER.exists():
        pytest.skip("There is no node, or no webvtt-parser; run npm ci --ignore-scripts.")
    ran = subprocess.run([node, "-e", READ, str(PARSER)], input=vtt, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


async def captions_of(narratix: Services) -> tuple[dict[str, str], set[str]]:
    """The published captions by their format, and the names of the cast."""
    job_id = await narratix.commands.submit(STORY, options=Options(formats=("mp3",)))
    status = await until_ended(narratix, job_id)
    assert status.status == "completed", status.error
    job = await narratix.commands.load(job_id)
    assert job.published is not None
    assert job.script is not None
    files = {file.format: (await narratix.ports.storage.get(file.key)).decode() for file in job.published.captions}
    return files, {member.name for member in job.script.cast}


async def test_given_a_drama_of_awkward_characters_then_the_validator_finds_no_fault_in_its_captions(
    narratix: Services,
) -> None:
    files, cast = await captions_of(narratix)
    found = validated(files["vtt"])
    assert found["errors"] == []
    cues = found["cues"]
    assert len(cues) > 20
    assert same("".join(cue["text"] for cue in cues), STORY)
    assert {html.unescape(cue["voice"]) for cue in cues} <= cast
    assert len({cue["voice"] for cue in cues}) >= 3
    assert all(0 <= cue["begins"] < cue["ends"] for cue in cues)
    assert [cue["id"] for cue in cues] == [str(number) for number in range(1, len(cues) + 1)]


async def test_given_the_same_drama_then_another_reader_finds_all_of_it_in_its_subrip(narratix: Services) -> None:
    pysubs2 = pytest.importorskip("pysubs2", reason="run pip install -r requirements-dev.lock")
    files, cast = await captions_of(narratix)
    read = pysubs2.SSAFile.from_string(files["srt"], format_="srt", keep_unknown_html_tags=True)
    assert read.format == "srt"
    said = ""
    for event in read:
        text = event.text.replace("\\N", "\n")
        name, colon, rest = text.partition(": ")
        said += rest if colon and name in cast else text
    assert same(said, STORY.replace("-->", "→").replace("<b>", "‹b>").replace("</b>", "‹/b>"))
    assert all(event.start < event.end for event in read)
    assert all(a.end <= b.start for a, b in pairwise(read))


@pytest.mark.parametrize("name", ["Ada <& Co>", "A > B\u2028& C", "-->", 'O\'Neill "the Fox"', "&amp;", "Dr. Who.what"])
def test_given_awkward_names_then_the_validator_reads_them_as_they_are(name: str) -> None:
    found = validated(to_vtt([Caption(0.0, 1.0, name, "So."), Caption(1.0, 2.0, "B", "“No.”")]))
    assert found["errors"] == []
    assert [cue["text"] for cue in found["cues"]] == ["So.", "“No.”"]
    assert same(html.unescape(found["cues"][0]["voice"]), name)  # it leaves references in annotations as they are


def test_given_captions_of_others_then_the_validator_does_find_faults() -> None:
    assert validated("WEBVTT\n\n00:02.000 --> 00:01.000\nTom & <v>Jerry\n")["errors"]
    assert to_srt([Caption(0.0, 1.0, "A", "one --> two")]).count("-->") == 1
