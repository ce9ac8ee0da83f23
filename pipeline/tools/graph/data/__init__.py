"""From tables to series: columns, names, gaps, times.

Public: `series`.
"""
