"""build-video: from voice recordings to a finished video of a neural network learning to speak."""
