"""A real S3 store, once for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.storage.seaweedfs import DoesNotStart, running_seaweedfs


@pytest.fixture(scope="module")
def s3_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as address:
            yield address
    except DoesNotStart as reason:
        pytest.skip(str(reason))
