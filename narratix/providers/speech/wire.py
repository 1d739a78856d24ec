"""Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/), as far as ONNX uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_VARINT, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Field:
    """`value` is an integer, or the content of a message, a string or a fixed number; `whole` has its key as well."""

    number: int
    value: int | memoryview
    whole: memoryview

    @property
    def content(self) -> memoryview:
        assert not isinstance(self.value, int), "an integer has no content"
        return self.value

    @property
    def text(self) -> str:
        return str(self.content, "utf-8")

    @property
    def integers(self) -> list[int]:
        """One of a repeated integer's values, or a packed run of them."""
        if isinstance(self.value, int):
            return [_signed(self.value)]
        out, at = [], 0
        while at < len(self.value):
            value, at = _read_varint(self.value, at)
            out.append(_signed(value))
        return out


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message, as they are written. Raises ValueError for bytes that are none."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _read_varint(message, at)
            yield Field(key >> 3, number, message[begin:at])
            continue
        if kind == _SIZED:
            size, at = _read_varint(message, at)
        elif kind in (_FOUR_BYTES, _EIGHT_BYTES):
            size = 4 if kind == _FOUR_BYTES else 8
        else:
            raise ValueError(f"Byte {begin} begins a field of the unknown kind {kind}.")
        if at + size > len(message):
            raise ValueError(f"The field at byte {begin} is cut off.")
        yield Field(key >> 3, message[at : at + size], message[begin : at + size])
        at += size


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a message, encoded."""
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return key(number, len(content)) + content


def key(number: int, size: int) -> bytes:
    """What stands before the `size` bytes of a field's content."""
    return _varint(number << 3 | _SIZED) + _varint(size)


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at == len(message):
            raise ValueError("A number is cut off.")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written in two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
