"""A build: which stages run in which order, what they will take, and the films and cuts they end in.

Owns the order and the forecast. It does not know what a stage does. Public: `stage_order.build`, `films.build_films`.
"""
