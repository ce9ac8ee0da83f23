"""Counts in words, as programs tell them to people."""

from __future__ import annotations


def counted(number: int, one: str) -> str:
    """Say how many there are: 1 row, 1,200 rows."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"
