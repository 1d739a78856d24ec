"""Just enough of ONNX's protobuf wire format to read a tensor that a graph computes but does not return."""

from __future__ import annotations

from typing import Any

_GRAPH = 7  # ModelProto.graph
_OUTPUT = 12  # GraphProto.output
_NAME = 1  # ValueInfoProto.name


def with_output(model: bytes, tensor: str) -> bytes:
    """The model with `tensor` as a further output.

    Protobuf merges a message that occurs twice, so that a graph holding nothing but the new output can
    simply be appended (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
    """
    return model + _field(_GRAPH, _field(_OUTPUT, _field(_NAME, tensor.encode())))


def session(model: bytes) -> Any:
    """An inference session on one thread: the pool has a process per core, and one thread is deterministic."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
