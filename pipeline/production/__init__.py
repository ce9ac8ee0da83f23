"""The production file: its settings, their checks, and the recordings it names.

Owns the schema and its errors. It makes nothing. Public: `schema.Production`, `recordings`.
"""
