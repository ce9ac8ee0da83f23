"""What is delivered beside a film and is no part of it.

Owns the pictures of loss graphs. Public: `graph_pictures.pieces`, `graph_pictures.run`.
"""
