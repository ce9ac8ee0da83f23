"""Songs of a film: read, sung phrase by phrase, mixed, and how they are seen and heard.

Public: `record`, `plan`, `voices`, `singing`, `scene`.
"""
