"""YAML files become settings, with every mistake of a file reported at once; settings become commented YAML."""
