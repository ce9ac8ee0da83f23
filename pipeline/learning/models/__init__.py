"""The networks: their settings, their modules, and the checkpoints that hold their weights.

Public: `network`, `modules`, `checkpoint`.
"""
