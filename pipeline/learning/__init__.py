"""Learning: corpora, networks, recipes, training, checkpoints, samplers. The only package that imports torch."""
