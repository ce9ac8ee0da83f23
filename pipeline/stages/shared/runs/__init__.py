"""Runs of other programs on their way into the film: what each stage makes of one, and what determines it.

Public: `losses` (train), `recording` (prepare), `sounds` (sample).
"""
