"""The room of sound: decode, resample, quantise, loudness, soundtrack. Arrays in, arrays out."""
