"""Changes to a production file that leave its author's comments, order and layout as they are.

Public: `edits` (what may be changed), `editor.edited` (text in, text out), `file` (the file on disk, changed whole or
not at all).
"""
