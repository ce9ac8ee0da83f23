"""Sound: decode, resample, loudness, soundtrack. Arrays in, arrays out."""
