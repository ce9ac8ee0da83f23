"""Panels of the sound: what scrolls in step with it, and the beam of the oscilloscope.

Public: `waveform.WaveformPanel`, `spectrogram.SpectrogramPanel`, `oscilloscope.OscilloscopePanel`,
`time_scroll.TimeScroll`.
"""
