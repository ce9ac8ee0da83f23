"""Tools that are useful without a film: the line grapher and the byte-text converter."""
