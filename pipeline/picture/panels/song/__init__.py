"""The panels of a song: its picture, its piano roll and its lyrics.

Public: `backdrop`, `piano_roll`, `lyrics`.
"""
