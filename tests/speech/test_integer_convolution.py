"""Kokoro's graph in the form that is quick with VNNI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from narratix.providers.speech import onnx, wire
from narratix.providers.speech.integer_convolution import as_product, has_vnni
from narratix.providers.speech.kokoro_model import KokoroModel

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


def model(node: onnx.Node) -> bytes:
    """Of this node alone: its inputs are the model's, bytes of any shape, and its output is of 32-bit integers."""

    def value(name: str, dtype: int) -> bytes:
        return wire.field(1, name) + wire.field(2, wire.field(1, wire.field(1, dtype)))

    inputs = b"".join(wire.field(11, value(name, 2)) for name in node.inputs)
    graph = wire.field(1, onnx.encoded(node)) + wire.field(2, "graph") + inputs + wire.field(12, value("y", 6))
    return wire.field(1, 9) + wire.field(8, wire.field(2, 20)) + wire.field(7, graph)


def convolution(**attributes: int | Sequence[int]) -> onnx.Node:
    return onnx.Node("ConvInteger", ["x", "w", "xz", "wz"], ["y"], attributes)


@pytest.mark.parametrize(
    "node",
    [
        onnx.Node("MatMulInteger", ["x", "w", "xz", "wz"], ["y"]),
        convolution(kernel_shape=[3, 3]),
        convolution(kernel_shape=[3], group=2),
        onnx.Node("ConvInteger", ["x", "w"], ["y"], {"kernel_shape": [3]}),
    ],
)
def test_given_another_node_when_rewritten_then_it_is_left_as_it_is(node: onnx.Node) -> None:
    assert as_product(node) is None


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
def test_given_a_convolution_when_rewritten_then_its_sums_are_the_same(attributes: dict[str, list[int]]) -> None:
    random = np.random.default_rng(1)
    taps = attributes["kernel_shape"][0]
    feed = {
        "x": random.integers(0, 256, (1, 5, 31), np.uint8),
        "w": random.integers(0, 256, (9, 5, taps), np.uint8),
        "xz": np.array(3, np.uint8),
        "wz": np.array(201, np.uint8),
    }
    plain = model(convolution(**attributes))
    expected, found = (onnx.session(form).run(None, feed)[0] for form in (plain, onnx.rewritten(plain, as_product)))
    assert np.array_equal(found, expected)
    assert found.dtype == np.int32
