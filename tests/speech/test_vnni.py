"""Kokoro's graph in the form that is quick with VNNI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from narratix.providers.speech import onnx, wire
from narratix.providers.speech.kokoro_model import KokoroModel
from narratix.providers.speech.vnni import for_vnni, has_vnni

VOICES = Path(__file__).parents[2] / "node_modules" / "kokoro-js" / "voices"


@pytest.mark.voices
@pytest.mark.skipif(not has_vnni(), reason="the processor has no VNNI, and the graph is left as it is")
def test_given_both_forms_of_the_graph_when_uttered_then_every_sample_is_the_same() -> None:
    plain, quick = (KokoroModel(VOICES, vnni=vnni) for vnni in (False, True))
    for voice, symbols, pace in [
        ("af_heart", "hˈu ɪz ðˈɛɹ?", 1.0),
        ("bm_george", "ðə ɹˈAn fˈɛl ɔn ði ˈOld hˈWs.", 1.2),
    ]:
        expected, frames = plain.utter(voice, symbols, pace)
        sound, times = quick.utter(voice, symbols, pace)
        assert np.array_equal(sound, expected)
        assert np.array_equal(times, frames)


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ("fpu sse2 avx2 avx512f avx512_vnni", True),
        ("fpu sse2 avx2 avx_vnni", True),
        ("fpu sse2 avx2 avx512f avx512_vnni_not", False),
        ("", False),
    ],
)
def test_given_a_processor_when_asked_then_it_has_vnni_if_its_flags_say_so(
    tmp_path: Path, flags: str, found: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: avx_vnni\n")
    assert has_vnni(cpuinfo) is found


def test_given_a_system_that_does_not_tell_when_asked_then_there_is_no_vnni(tmp_path: Path) -> None:
    assert not has_vnni(tmp_path / "cpuinfo")


def layer(**attributes: int | Sequence[int]) -> list[onnx.Node]:
    """A quantised convolution as Kokoro has them."""
    return [
        onnx.Node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
        onnx.Node("ConvInteger", ["q", "w", "zero", "w_zero"], ["sums"], attributes),
        onnx.Node("Add", ["sums", "bias"], ["biased"]),
        onnx.Node("Cast", ["biased"], ["real"], {"to": 1}),
        onnx.Node("Mul", ["real", "scale"], ["y"]),
    ]


def model(nodes: Sequence[onnx.Node]) -> bytes:
    def value(name: str, dtype: int) -> bytes:
        return wire.field(1, name) + wire.field(2, wire.field(1, wire.field(1, dtype)))

    inputs = {"x": 1, "w": 2, "w_zero": 2, "bias": 6}
    graph = b"".join(wire.field(1, onnx.encoded(node)) for node in nodes) + wire.field(2, "graph")
    graph += b"".join(wire.field(11, value(*one)) for one in inputs.items()) + wire.field(12, value("y", 1))
    return wire.field(1, 9) + wire.field(8, wire.field(2, 20)) + wire.field(7, graph)


@pytest.mark.skipif(not has_vnni(), reason="without VNNI the product saturates")
@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [1]},
        {"kernel_shape": [3], "pads": [1, 1]},
        {"kernel_shape": [5], "pads": [8, 3], "dilations": [3]},
        {"kernel_shape": [4], "pads": [2, 1], "strides": [3]},
        {"kernel_shape": [1], "strides": [2]},
        {"kernel_shape": [2], "dilations": [4], "strides": [2]},
    ],
)
def test_given_a_convolution_when_rewritten_then_its_numbers_are_the_same(attributes: dict[str, list[int]]) -> None:
    random = np.random.default_rng(1)
    taps = attributes["kernel_shape"][0]
    feed = {
        "x": random.uniform(-1, 3, (1, 5, 31)).astype(np.float32),
        "w": random.integers(0, 256, (9, 5, taps), np.uint8),
        "w_zero": np.array(201, np.uint8),
        "bias": random.integers(-9999, 9999, (1, 9, 1), np.int32),
    }
    plain = model(layer(**attributes))
    quick = onnx.rewritten(plain, for_vnni)
    assert b"ConvInteger" not in quick
    assert b"real" not in quick
    expected, found = (onnx.session(form).run(None, feed)[0] for form in (plain, quick))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "attributes", [{"kernel_shape": [3, 3]}, {"kernel_shape": [3], "group": 5}], ids=["an image", "groups"]
)
def test_given_another_convolution_when_rewritten_then_it_is_left_as_it_is(
    attributes: dict[str, int | list[int]],
) -> None:
    assert b"ConvInteger" in onnx.rewritten(model(layer(**attributes)), for_vnni)


def test_given_bytes_that_are_no_model_when_rewritten_then_they_are_refused() -> None:
    with pytest.raises(ValueError, match="cut off"):
        onnx.rewritten(model(layer(kernel_shape=[3]))[2:-1], for_vnni)
