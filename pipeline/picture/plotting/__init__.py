"""Axes, ticks, and logs of any length reduced to pixel columns.

Public: `axis`, `ticks`, `columns`.
"""
