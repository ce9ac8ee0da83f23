"""Sections of either kind as the film shows them: a network of our own, or a run of another program.

Public: `checkpoints`, `losses`, `sounds`.
"""
