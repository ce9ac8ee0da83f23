"""A voice sings a tune: notes, lyrics, voices, singing and the mix. It does not know films, stages or pictures."""
