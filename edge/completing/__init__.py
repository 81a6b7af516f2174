"""Shell completion: what the verbs take, written as a script for bash, zsh or fish."""
