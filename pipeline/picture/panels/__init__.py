"""The panels of a scene: waveform, spectrogram, graphs, counters, captions; and the layout that places them.

Public: `scene.Scene`, `layout`, `panel`.
"""
