"""The story: each stage is one file with one run(); a stage never imports another."""
