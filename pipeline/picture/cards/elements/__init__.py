"""The elements of cards: one module a kind, with what a template says of it and how it is composed.

A new kind is a module here, and its class's name in `ELEMENTS` of `template`. Public: `element`, `setting`.
"""
