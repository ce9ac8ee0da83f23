"""How a network is trained: hyperparameters, optimisers, and the arithmetic and memory that suit the machine.

Public: `recipe`, `optimiser`, `arithmetic`.
"""
