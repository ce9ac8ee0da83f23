"""Themes and template files: colours, fonts by name, contrast.

Public: `theme.Theme`, `template_files`.
"""
