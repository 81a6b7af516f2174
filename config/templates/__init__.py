"""Template files that `davylamp init` copies."""
