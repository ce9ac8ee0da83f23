"""Lyrics: lines become syllables, syllables get notes, and how a syllable sounds.

Public: `text`, `phrases`, `sounds`, `vowels`, `words`.
"""
