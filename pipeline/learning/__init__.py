"""The room of learning: corpora, networks, recipes, training, checkpoints, samplers. The only room with torch in it."""
