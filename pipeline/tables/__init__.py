"""Tables that other programs wrote: CSV and TSV in any dialect, JSON, JSON lines, times and numbers as text.

Owns reading columns by name. Public: `table`, `json_table`.
"""
