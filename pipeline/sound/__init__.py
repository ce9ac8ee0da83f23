"""Sound: decode, resample, quantise, loudness, soundtrack. Arrays in, arrays out."""
