"""Audio as numbers, below the rooms that learn and the rooms that mix: formats, features, silence, noise, WAV files.

Public: `formats`, `features`, `noise`, `levels`, `dead_air`, `wav`. It knows neither networks nor films.
"""
