"""The room of film: clock, scroll law, timeline, encoder, chapters, subtitles."""
