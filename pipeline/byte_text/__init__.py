"""Any bytes as text of at most 256 characters, and exactly back.

Public: `codec`, `table`.
"""
