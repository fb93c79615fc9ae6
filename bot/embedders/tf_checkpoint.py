"""Reads a TensorFlow checkpoint without TensorFlow.

A checkpoint's `.index` is an uncompressed LevelDB table whose values are protobuf messages (BundleEntryProto: dtype
1, shape 2, offset 4, size 5); its `.data` holds the numbers. Sources: LevelDB's doc/table_format.md and
TensorFlow's core/protobuf/tensor_bundle.proto.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FOOTER = 48
MAGIC = bytes.fromhex("57fb808b247547db")
FLOAT32 = 1
FIXED_WIDTHS = {1: 8, 5: 4}
LENGTH_DELIMITED = 2

Fields = dict[int, list[int | bytes]]


def read_checkpoint(index: bytes, data: bytes) -> dict[str, NDArray[np.float32]]:
    """Every float32 variable by its name. Raises ValueError or IndexError for anything but a whole checkpoint."""
    if index[-len(MAGIC) :] != MAGIC:
        raise ValueError("not a checkpoint's index")
    footer = index[-FOOTER:]
    _, place = _handle(footer, 0)
    (start, size), _ = _handle(footer, place)
    variables = {}
    for _, block in _entries(index[start : start + size]):
        (start, size), _ = _handle(block, 0)
        for name, entry in _entries(index[start : start + size]):
            fields = _fields(entry)
            if name and fields.get(1) == [FLOAT32]:
                variables[name.decode()] = _variable(fields, data)
    return variables


def _variable(fields: Fields, data: bytes) -> NDArray[np.float32]:
    offset, size = _number(fields, 4), _number(fields, 5)
    if offset + size > len(data):
        raise ValueError("the checkpoint's data is cut short")
    dimensions = _fields(_bytes(fields, 2)).get(2, []) if 2 in fields else []
    shape = [_number(_fields(d), 1) for d in dimensions if isinstance(d, bytes)]
    return np.frombuffer(data, "<f4", size // 4, offset).reshape(shape)


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a table's block; a key gives only how it differs from the one before."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    key, place = b"", 0
    while place < end:
        shared, place = _varint(block, place)
        unshared, place = _varint(block, place)
        length, place = _varint(block, place)
        key = key[:shared] + block[place : place + unshared]
        place += unshared
        yield key, block[place : place + length]
        place += length


def _fields(message: bytes) -> Fields:
    """A protobuf message's fields by number."""
    fields: Fields = {}
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == 0:
            value, place = _varint(message, place)
        else:
            width, place = (
                _varint(message, place) if kind == LENGTH_DELIMITED else (FIXED_WIDTHS[kind], place)
            )
            value = message[place : place + width]
            place += width
        fields.setdefault(number, []).append(value)
    return fields


def _number(fields: Fields, number: int) -> int:
    value = fields.get(number, [0])[0]  # protobuf leaves zeros out
    assert isinstance(value, int)
    return value


def _bytes(fields: Fields, number: int) -> bytes:
    value = fields[number][0]
    assert isinstance(value, bytes)
    return value


def _handle(block: bytes, place: int) -> tuple[tuple[int, int], int]:
    """Where a block starts and how long it is."""
    start, place = _varint(block, place)
    size, place = _varint(block, place)
    return (start, size), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
