"""Section cards: templates of elements, laid out, drawn and animated.

Public: `card`, `drawing`, `template`, `facts`, `elements`.
"""
