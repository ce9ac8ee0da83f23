"""The line grapher: curves of tables as PNG, SVG, PDF or film.

Public: `command`, `options`, `layout`.
"""
