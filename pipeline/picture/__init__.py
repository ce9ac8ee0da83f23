"""The room of pictures: theme, text, strips, panels, cards, scenes. Arrays in, arrays out; no ffmpeg."""
