"""Signal processing on arrays of samples: resampling, mixing, loudness, silence.

It opens no file. Public: `resample`, `loudness`, `mixing`.
"""
