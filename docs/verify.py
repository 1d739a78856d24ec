"""Checks an export of Narratix's log without Narratix; audit.md, beside this file, describes the bytes.

python3.11 verify.py LOG.ndjson[.gz] [ANCHORS.ndjson KEY]              KEY as `narratix audit key` prints it"""

import gzip
import hashlib
import hmac
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
HASHED = ["position", "event_id", "job_id", "version", "type", "schema_version", "recorded_at", "data", "metadata"]
value_at = json.JSONDecoder().raw_decode


def event(line):
    """Position, job, version, hash, and the bytes that are hashed: `data` and `metadata` as they stand in the line."""
    found, at = {}, 1
    while line[at - 1] != "}":
        name, at = value_at(line, at)
        value, end = value_at(line, at + 1)
        found[name] = line[at + 1 : end] if name in ("data", "metadata") else str(value)
        at = end + 1
    found["recorded_at"] = str((datetime.fromisoformat(found["recorded_at"]) - EPOCH) // timedelta(microseconds=1))
    content = "\n".join(found[name] for name in HASHED).encode()
    return int(found["position"]), found["job_id"], int(found["version"]), bytes.fromhex(found["hash"]), content


def faults(lines, anchors):
    last, links, rolling = 0, {}, bytes(32)
    for line in lines:
        position, job, version, digest, content = event(line)
        if position != last + 1:
            yield f"position {position}: it comes after {last}"
        before, previous = links.get(job, (0, b""))
        if version != before + 1:
            yield f"position {position}: version {version} of job {job} comes after {before}"
        elif hashlib.sha256(previous + content).digest() != digest:
            yield f"position {position}: its hash is not that of its content and of the event before it in job {job}"
        last, links[job], rolling = position, (version, digest), hashlib.sha256(rolling + digest).digest()
        if anchors.get(position, rolling.hex()) != rolling.hex():
            yield f"position {position}: the hashes up to here are not those that were anchored"
    if max(anchors, default=0) > last:
        yield f"position {last + 1}: the log ends before it, and was anchored at {max(anchors)}"
    print(f"{len(links)} jobs, {last} events, rolling hash {rolling.hex()}")


def anchor(line, key):
    said = "narratix-anchor-1\n{position}\n{events}\n{rolling}\n{time}\n".format(**(stored := json.loads(line)))
    right = hmac.compare_digest(hmac.new(key, said.encode(), "sha256").hexdigest(), stored["signature"])
    return (stored["position"], stored["rolling"]) if right else sys.exit(f"Not signed with this key: {line}")


log, *more = sys.argv[1:]
known = dict(anchor(line, bytes.fromhex(more[1])) for line in Path(more[0]).read_text().splitlines()) if more else {}
with (gzip.open if log.endswith(".gz") else Path.open)(Path(log), "rt", encoding="utf-8", newline="\n") as lines:
    wrong = [print(fault) for fault in faults(lines, known)]
sys.exit("The log is NOT whole." if wrong else print("All of this is whole."))
