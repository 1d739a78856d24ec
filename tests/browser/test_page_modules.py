"""The page's pure modules, under node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from narratix.web.page import STATIC
from tests.browser.recorded_job import history

MODULES = sorted((Path(__file__).parent / "modules").glob("*.test.js"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name.removesuffix(".test.js"))
def test_given_node_then_the_tests_of_the_module_pass(module: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("There is no node here; install it to run the tests of the page's modules.")
    # Without a package.json beside them, node would not take the files for modules.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copytree(STATIC, tmp_path / "static")
    (tmp_path / "modules").mkdir()
    shutil.copy(module, tmp_path / "modules")
    (tmp_path / "history.json").write_text(json.dumps(history()))
    ran = subprocess.run(
        [node, "--test", f"modules/{module.name}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# fail 0" in ran.stdout or "ℹ fail 0" in ran.stdout
