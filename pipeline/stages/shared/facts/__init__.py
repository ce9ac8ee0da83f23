"""The facts of a film that templates may name, in the film's language."""
