"""Sampling from checkpoints: autoregressive generation of bytes, takes, candidates, and what is measured of them.

Public: `speaking`, `take_making`, `take`, `settings`.
"""
