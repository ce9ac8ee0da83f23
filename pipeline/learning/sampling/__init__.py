"""Sampling from checkpoints: autoregressive generation of bytes, takes, candidates, and what is measured of them.

Public: `generation`, `take_making`, `take`, `take_warnings`, `settings`.
"""
