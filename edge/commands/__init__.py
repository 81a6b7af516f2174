"""The gateway's commands, a verb a file."""
