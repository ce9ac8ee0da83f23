"""What the page asks, by what it asks about: requests become plain values, values become answers.

Owns no work of its own: the parts of the studio do it.
"""
