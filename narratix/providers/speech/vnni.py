"""Kokoro's graph in a form that processors with VNNI are fast at.

Kokoro's weights and activations are unsigned bytes. VNNI multiplies unsigned bytes by signed ones and sums in 32
bits, exactly; for two unsigned operands onnxruntime widens both to 16 bits first. Taking 128 from an operand and from
its zero point changes no sum:

    sum (w - zw) (x - zx)  =  sum (w - zw) ((x - 128) - (zx - 128))

So a convolution becomes the product of its weights, (outputs, inputs * taps), and its activations made signed,
(inputs * taps, time): padded, and once for each tap, shifted by it. The sums, and so the samples, are the same
numbers as before. Quantising the activations a second time, to signed bytes, is quicker than to convert them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from narratix.providers.speech.onnx import Node

_FLOAT, _UINT8, _INT8 = 1, 2, 3  # TensorProto.DataType
_END = 2**63 - 1


def has_vnni(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor has the instructions. Where that cannot be known, no: without them onnxruntime's product
    of unsigned and signed bytes saturates at 16 bits, and the voice would change."""
    try:
        flags = cpuinfo.read_text().partition("\nflags")[2].partition("\n")[0].split()
    except OSError:
        return False
    return not {"avx512_vnni", "avx_vnni"}.isdisjoint(flags)


def for_vnni(node: Node, makers: Mapping[str, Node]) -> Sequence[Node] | None:
    """An `onnx.Rewrite` of convolutions in one dimension with constant weights, and of what makes real numbers of sums."""
    if node.op == "ConvInteger":
        return _product(node, makers)
    if node.op == "Mul":
        return _dequantised(node, makers)
    return None


def _dequantised(node: Node, makers: Mapping[str, Node]) -> Sequence[Node] | None:
    """A sum of 32 bits as a real number, times the scale: one pass over the memory instead of two."""
    cast = makers.get(node.inputs[0])
    if cast is None or cast.op != "Cast" or cast.attributes["to"] != _FLOAT:
        return None
    sums = makers.get(cast.inputs[0])
    if sums is not None and sums.op == "Add":  # the bias
        sums = makers.get(sums.inputs[0])
    if sums is None or sums.op != "ConvInteger":
        return None
    return [Node("DequantizeLinear", [cast.inputs[0], node.inputs[1]], node.outputs)]


def _product(node: Node, makers: Mapping[str, Node]) -> Sequence[Node] | None:
    kernel = _integers(node, "kernel_shape", [])
    if len(kernel) != 1 or len(node.inputs) != 4 or node.attributes.get("group", 1) != 1:
        return None
    quantised = makers.get(node.inputs[0])
    if quantised is None or quantised.op != "DynamicQuantizeLinear" or node.inputs[2] != quantised.outputs[2]:
        return None
    _, w, x_zero, w_zero = node.inputs
    out = node.outputs[0]
    (taps,), pads = kernel, _integers(node, "pads", [0, 0])
    (dilation,), (stride,) = _integers(node, "dilations", [1]), _integers(node, "strides", [1])
    nodes: list[Node] = []

    def put(op: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        name = f"{out}/{len(nodes)}"
        nodes.append(Node(op, inputs, [name], attributes))
        return name

    def constant(*values: int) -> str:
        return put("Constant", value_ints=values)

    sign = put("Cast", put("Constant", value_int=128), to=_UINT8)
    zero = put("Cast", put("BitwiseXor", x_zero, sign), to=_INT8)
    columns = put("QuantizeLinear", quantised.inputs[0], quantised.outputs[1], zero)
    if any(pads):
        columns = put("Pad", columns, constant(0, 0, pads[0], 0, 0, pads[1]), zero)
    columns = put("Unsqueeze", columns, constant(2))
    if taps > 1 or stride > 1:
        axis, step = constant(3), constant(stride)
        ends = [constant((tap + 1 - taps) * dilation or _END) for tap in range(taps)]
        shifted = [put("Slice", columns, constant(tap * dilation), ends[tap], axis, step) for tap in range(taps)]
        columns = put("Concat", *shifted, axis=2)
    product = put("MatMulInteger", put("Flatten", w, axis=1), put("Flatten", columns, axis=3), w_zero, zero)
    nodes.append(Node("Unsqueeze", [product, constant(0)], [out]))
    return nodes


def _integers(node: Node, name: str, default: Sequence[int]) -> Sequence[int]:
    value = node.attributes.get(name, default)
    return [value] if isinstance(value, int) else value
