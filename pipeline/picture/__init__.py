"""Pictures: theme, text, strips, panels, cards, scenes. Arrays in, arrays out; no ffmpeg."""

from pathlib import Path

from pipeline.runtime.machine_code import ensure_cache_folder

ensure_cache_folder(Path(__file__).parent)
