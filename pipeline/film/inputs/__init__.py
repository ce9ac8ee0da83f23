"""Pictures and footage that others made: their colours, rates and sizes, and the ffmpeg chain that brings them in.

Public: `footage`, `stills`.
"""
