"""Signal processing on arrays of samples: resampling, quantising, mixing, loudness, silence.

It opens no file. Public: `resample`, `quantise`, `loudness`, `mixing`.
"""
