"""The read models, in the order in which a reader meets them. Adding one: its file, its line here, its migration."""

from __future__ import annotations

from typing import Any, Final

from narratix.projections.job_status import JOB_STATUS
from narratix.projections.library import LIBRARY
from narratix.projections.projection import Projection
from narratix.projections.usage import USAGE

PROJECTIONS: Final[tuple[Projection[Any], ...]] = (JOB_STATUS, LIBRARY, USAGE)


def code_versions() -> dict[str, int]:
    """Name -> the code version of this release."""
    return {projection.name: projection.code_version for projection in PROJECTIONS}
