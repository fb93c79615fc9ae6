"""What a font file says itself about the characters that it has."""

import struct
from pathlib import Path


def characters(path: Path) -> set[str]:
    """Every character of a TrueType font that has a glyph, by its cmap (OpenType 1.9, subtable format 4)."""
    data = path.read_bytes()
    tables = {
        data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0]
        for at in range(12, 12 + 16 * struct.unpack_from(">H", data, 4)[0], 16)
    }
    start = tables[b"cmap"]
    offsets = [
        struct.unpack_from(">I", data, start + 4 + 8 * record + 4)[0]
        for record in range(struct.unpack_from(">H", data, start + 2)[0])
    ]
    at = next(start + offset for offset in offsets if struct.unpack_from(">H", data, start + offset)[0] == 4)
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    return {
        chr(code) for first, last in zip(starts, ends, strict=True) for code in range(first, last + 1)
    } - {"\uffff"}
