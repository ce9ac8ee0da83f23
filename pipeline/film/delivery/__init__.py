"""What goes out with a film: chapters, subtitles, an edit list, the delivery spec and its check.

Public: `check`, `chapters`, `subtitles`, `otio`, `spec`, `delivery_spec`, `found`.
"""
