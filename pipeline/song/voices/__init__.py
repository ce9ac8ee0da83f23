"""Voices that sing: UTAU voice banks, folders of samples, and what is found in any recording of a voice.

Public: `unit`, `bank`, `found`.
"""
