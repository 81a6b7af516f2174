"""The files that `davylamp init` writes."""
