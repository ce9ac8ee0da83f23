"""Text: fonts, line breaking, typesetting, numbers in words, and templates' expressions.

Public: `typesetting.Typesetter`, `fonts`, `templating`.
"""
