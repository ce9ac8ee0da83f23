"""Voices and backing become stereo, and files. Public: `mixing`, `sung_midi`."""
