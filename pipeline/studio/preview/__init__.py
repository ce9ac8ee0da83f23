"""The film as it would be now, for looking: its frames as small pictures, and its sound.

Owns how long a film and its clips stay ready to be drawn. It does not know what is asked, nor who asks.
Public: `film.Preview`.
"""
