"""The panels of a song: its picture, its piano roll and its lyrics.

Public: `picture`, `piano_roll`, `lyrics`.
"""
