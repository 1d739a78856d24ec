"""Just enough of ONNX's format (https://onnx.ai/onnx/repo-docs/IR.html) to change a graph before it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from narratix.providers.speech import wire

_GRAPH = 7  # ModelProto
_NODE, _OUTPUT = 1, 12  # GraphProto
_INPUTS, _OUTPUTS, _OP, _ATTRIBUTES = 1, 2, 4, 5  # NodeProto
_ATTRIBUTE, _INT, _INTS, _TYPE, _IS_INT, _ARE_INTS = 1, 3, 8, 20, 2, 7  # AttributeProto and two of its types
_VALUE_NAME = 1  # ValueInfoProto


@dataclass(frozen=True, slots=True)
class Node:
    """An operator of ONNX's own domain. Of its attributes only integers and lists of integers are read."""

    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int | Sequence[int]] = field(default_factory=dict)


Rewrite = Callable[[Node, Mapping[str, Node]], Sequence[Node] | None]
"""A node, and the graph's nodes by their outputs, to those that take its place, in an order that they can be computed
in; None leaves it as it is."""


def with_output(model: bytes, tensor: str) -> bytes:
    """The model with `tensor` as a further output.

    Protobuf merges a message that occurs twice, so that a graph holding nothing but the new output can
    simply be appended (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
    """
    return model + wire.field(_GRAPH, wire.field(_OUTPUT, wire.field(_VALUE_NAME, tensor)))


def rewritten(model: bytes, rewrite: Rewrite) -> bytes:
    """The model with `rewrite` applied to each node, and without the nodes that are not read any more for it.

    Raises ValueError when the model is not in ONNX's format.
    """
    parts = list(wire.fields(memoryview(model)))
    inside = [part for whole in parts if whole.number == _GRAPH for part in wire.fields(whole.content)]
    graph = [*_rewritten_nodes(inside, rewrite), *(part.whole for part in inside if part.number != _NODE)]
    rest = [part.whole for part in parts if part.number != _GRAPH]
    return b"".join([*rest, wire.key(_GRAPH, sum(map(len, graph))), *graph])


def session(model: bytes) -> Any:
    """An inference session on one thread: the pool has a process per core, and one thread is deterministic."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = (
        False  # a plan for each length of phrase helps no next one, and holds a third of the memory
    )
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _rewritten_nodes(graph: Sequence[wire.Field], rewrite: Rewrite) -> list[bytes | memoryview]:
    written = [(_node(part.content), part.whole) for part in graph if part.number == _NODE]
    makers = {output: node for node, _ in written for output in node.outputs}
    kept: list[tuple[Node, bytes | memoryview]] = []
    for node, whole in written:
        instead = rewrite(node, makers)
        kept += [(node, whole)] if instead is None else [(new, wire.field(_NODE, encoded(new))) for new in instead]
    returned = {
        inner.text
        for part in graph
        if part.number == _OUTPUT
        for inner in wire.fields(part.content)
        if inner.number == _VALUE_NAME
    }
    read = {name for node, _ in kept for name in node.inputs} | returned
    unread = {name for node, _ in written for name in node.inputs} - read
    return [whole for node, whole in kept if not unread.issuperset(node.outputs)]


def _node(message: memoryview) -> Node:
    inputs, outputs, op = list[str](), list[str](), ""
    attributes: dict[str, int | Sequence[int]] = {}
    for part in wire.fields(message):
        if part.number == _INPUTS:
            inputs.append(part.text)
        elif part.number == _OUTPUTS:
            outputs.append(part.text)
        elif part.number == _OP:
            op = part.text
        elif part.number == _ATTRIBUTES:
            attributes |= _attribute(part.content)
    return Node(op, inputs, outputs, attributes)


def _attribute(message: memoryview) -> dict[str, int | Sequence[int]]:
    name, type_, integers = "", 0, list[int]()
    for part in wire.fields(message):
        if part.number == _ATTRIBUTE:
            name = part.text
        elif part.number == _TYPE:
            (type_,) = part.integers
        elif part.number in (_INT, _INTS):
            integers += part.integers
    return {name: integers[0]} if type_ == _IS_INT else {name: integers} if type_ == _ARE_INTS else {}


def encoded(node: Node) -> bytes:
    """A NodeProto."""
    names = [*((_INPUTS, name) for name in node.inputs), *((_OUTPUTS, name) for name in node.outputs), (_OP, node.op)]
    attributes = [wire.field(_ATTRIBUTES, _encoded_attribute(*item)) for item in node.attributes.items()]
    return b"".join([*(wire.field(number, name) for number, name in names), *attributes])


def _encoded_attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        content = wire.field(_INT, value) + wire.field(_TYPE, _IS_INT)
    else:
        content = b"".join(wire.field(_INTS, one) for one in value) + wire.field(_TYPE, _ARE_INTS)
    return wire.field(_ATTRIBUTE, name) + content
