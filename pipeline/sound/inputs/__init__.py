"""Sound from files and microphones: tracks, channels, decoding, recording.

Public: `sources`, `decode`, `recorder`.
"""
