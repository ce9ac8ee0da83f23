"""The loss graphs: their curves, the ticks beneath, the legend, and the mark on the checkpoint that is heard.

Public: `line_graph`, `loss_curve`.
"""
