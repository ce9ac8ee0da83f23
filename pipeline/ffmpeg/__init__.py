"""The ffmpeg that comes with the program: how it is run, whether it works, which formats it is given.

Owns processes, their pipes and their errors. It does not know what a film is. Public: `process`, `formats`.
"""
