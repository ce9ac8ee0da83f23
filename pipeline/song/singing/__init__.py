"""How a phrase is sung: pitch from moment to moment, spectra stretched and blended, and the vocoder that sounds them.

Public: `style`, `pitch`, `phrase`.
"""
