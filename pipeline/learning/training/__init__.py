"""Training runs: batches, updates, checkpoints, losses, and state from which a run resumes exactly.

Public: `trainer`, `run`, `auto_network`, `loss_log`.
"""
