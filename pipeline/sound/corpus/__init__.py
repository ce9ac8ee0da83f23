"""From recordings to the bytes that a network learns, and what is to be said about their quality.

Public: `corpus.make_corpus`, `quality`, `doubts`.
"""
