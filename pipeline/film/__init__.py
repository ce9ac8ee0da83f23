"""Film: clock, scroll law, timeline, encoder, chapters, subtitles."""
