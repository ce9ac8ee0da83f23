"""Serving a page on this machine safely: who may ask, how much, for how long.

Knows nothing of films. Public: `security.Guard`, `patience.PatientProtocol`, `replies`.
"""
