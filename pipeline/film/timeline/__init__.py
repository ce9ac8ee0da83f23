"""The film's clock: scenes, segments, captions and the scroll of its graphs, in whole frames.

Public: `timeline.Timeline`, `assembly`, `scroll.ScrollLaw`.
"""
