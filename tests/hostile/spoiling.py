"""How good inputs are spoiled: bytes flipped, cut, repeated and replaced; values of a tree exchanged for hostile ones.

Everything is drawn from one generator, so that a seed and a number name an input for ever.
"""

from __future__ import annotations

import copy
import math
import random
import struct
from typing import Any, Final

NUMBERS: Final = (0, 1, -1, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**62, 2**64 - 1)
TOKENS: Final = (
    *(b"\0", b"\xff" * 8, b"\n", b"\r", b'"', b"'", b"\\", b"[[", b"]]", b"{{", b"}}", b"{%", b"%}", b"=", b",", b"#"),
    *(b"../../../../etc/passwd", b"/dev/zero", b"/dev/stdin", b"concat:a|b", b"http://127.0.0.1:9/x", b"-y", b"%d"),
    *(b"nan", b"inf", b"-inf", b"1e999", b"9" * 400, b"0x10", b"1_0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80"),
    *(b"RIFF", b"WAVE", b"data", b"fmt ", b"fLaC", b"OggS", b"ID3", b"moov", b"mdat", b"IHDR", b"IDAT", b"acTL"),
    *(b"#EXTM3U\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"v=0\r\n", b"__class__", b"for ", b"**", b"|join"),
    *(b'"shape":[99999999,99999999]', b"F64", b"__metadata__", b"true", b"null", b"{", b"[" * 50, b"\xf0\x9f\x92\xa9"),
)
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 2, 3, 1001, 2**31, 2**63, -(2**63), 10**30, 10**400, 0.0, -0.0, 0.5, 1e-300, 1e300),
    *(math.inf, -math.inf, math.nan, "", " ", "x", "0", "a\0b", "../x", "/etc/passwd", "~/x", "-y", "con", "..", "."),
    *(
        "x" * 300,
        "x" * 5000,
        "\n",
        "\r\n\t",
        "\ud7ff\uffff",
        "\u202e\u0000",
        "{{ 9**9 }}",
        "{% for",
        "%s%d{}",
        "1e999999999",
    ),
    *(
        "1e999999999",
        "1/0",
        "1/3",
        "30000/1001",
        "#ffffff",
        "#FFF",
        "lstm",
        "best",
        [],
        {},
        [[]],
        [{}],
        [None],
        {"": ""},
    ),
    *(["x"] * 3, ["../../x"], [1, "a", None], {"kind": "lstm"}, {"kind": []}, {"x": {"y": {"z": [1, {}]}}}),
)


class Gentle(random.Random):
    """Spoils nothing: what goes through the doors then is good, or the seeds are not."""


def spoiled_bytes(data: bytes, rng: random.Random, others: tuple[bytes, ...] = ()) -> bytes:
    """Spoil a file in one to four ways; its beginning, where formats say what they are, more often than the rest."""
    spoiled = bytearray(data)
    if isinstance(rng, Gentle):
        return data
    for _ in range(rng.choice((1, 1, 2, 4))):
        spoiled = _spoiled_once(spoiled, rng, others)
    return bytes(spoiled)


def _spoiled_once(data: bytearray, rng: random.Random, others: tuple[bytes, ...]) -> bytearray:
    size = len(data)
    reach = size if rng.random() < 0.4 else min(size, 200)
    at = rng.randrange(reach + 1)
    end = min(size, at + rng.choice((1, 2, 4, 8, 50, 1000)))
    match rng.randrange(9):
        case 0:
            for _ in range(rng.choice((1, 3, 20))):
                place = rng.randrange(reach) if reach else 0
                data[place : place + 1] = bytes([rng.randrange(256)])
        case 1:
            del data[at:]
        case 2:
            del data[at:end]
        case 3:
            data[at:at] = data[at:end] * rng.choice((1, 2, 40))
        case 4:
            data[at:at] = rng.choice(TOKENS)
        case 5:
            token = rng.choice(TOKENS)
            data[at : at + len(token)] = token
        case 6:
            form = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
            number = rng.choice(NUMBERS) & (256 ** struct.calcsize(form) - 1)
            data[at : at + struct.calcsize(form)] = struct.pack(form, number)
        case 7:
            other = rng.choice(others) if others else bytes(rng.randbytes(64))
            data[at:] = other[rng.randrange(len(other) + 1) :]
        case _:
            for place in range(at, end):
                data[place] ^= 1 << rng.randrange(8)
    return data


def spoiled_tree(tree: Any, rng: random.Random) -> Any:
    """Exchange, drop, repeat or add values of a tree of tables, lists and plain values, in one to three places."""
    spoiled = copy.deepcopy(tree)
    if isinstance(rng, Gentle):
        return spoiled
    mildly = rng.random() < 0.5
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(_places(spoiled))
        if not places:
            return rng.choice(VALUES)
        holder, key = rng.choice(places)
        if mildly:
            holder[key] = _changed(holder[key], rng)
            continue
        match rng.randrange(8):
            case 0:
                del holder[key]
            case 1:
                holder[key] = copy.deepcopy(rng.choice(places)[0])
            case 2 if isinstance(holder, list):
                holder[:] = holder * rng.choice((2, 3, 30))
            case 2:
                holder[str(key) + rng.choice(("s", "_", "", " ", "\0"))] = holder[key]
            case 3 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
                holder[key] = holder[key] * rng.choice((-1, 0, 0.5, 2, 1000, 1e9)) + rng.choice((-1, 0, 1))
            case 4 if isinstance(holder[key], str):
                holder[key] = spoiled_bytes(holder[key].encode(), rng).decode("utf-8", "replace")
            case _:
                holder[key] = copy.deepcopy(rng.choice(VALUES))
    return spoiled


def _changed(value: Any, rng: random.Random) -> Any:
    """Another value of the same kind: what is let in oftener, and so gets farther."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((value + 1, value - 1, 0, 1, 2, 3, 10 * value, value // 2, 2**20))
    if isinstance(value, float):
        return rng.choice((0.0, 0.5 * value, 2.0 * value, 1.0, 0.01, 1e-6, 30.0))
    if isinstance(value, str):
        places = ("", value * 2, value[:1], value[:-1], value + " \u0416", value.upper(), "{{ title }}", "x", "#102030")
        return rng.choice(places)
    if isinstance(value, list):
        return rng.choice((value[:1], value[1:], value + value, value[::-1]))
    return value


def _places(tree: Any) -> Any:
    """Every place in a tree: the table or list, and the key or index."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield tree, key
        yield from _places(value)


def as_toml(tree: Any) -> str:
    """Write a tree as TOML (inline, on one line a key); what TOML has no word for is written as text."""
    if not isinstance(tree, dict):
        return f"value = {_inline(tree)}\n"
    return "".join(f"{_quoted(str(key))} = {_inline(value)}\n" for key, value in tree.items())


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ("nan" if math.isnan(value) else "inf" if value > 0 else "-inf")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(str(key))} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    told = "".join(f"\\u{ord(char):04X}" if ord(char) < 0x20 or char in '"\\\x7f' else char for char in text)
    return f'"{told}"'
