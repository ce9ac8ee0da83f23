"""The grapher's file formats: raster and PNG, SVG, PDF, scrolling film.

Public: `raster`, `svg`, `pdf`, `scroll`.
"""
