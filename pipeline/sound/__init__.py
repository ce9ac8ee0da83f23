"""The room of sound: decode, resample, loudness, soundtrack. Arrays in, arrays out."""
