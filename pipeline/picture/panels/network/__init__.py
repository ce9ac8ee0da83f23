"""Panels that show a network from within while it generates: what it expects, and what its cells do.

Public: `expectation.ExpectationPanel`, `activity.ActivityPanel`.
"""
