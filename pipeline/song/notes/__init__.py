"""Tunes from files: Standard MIDI, UST (UTAU) and MusicXML become one model of notes in seconds.

Public: `tune`, `reading`, `sung_midi`.
"""
