"""davylamp's command line: verbs to functions; what is heavy is imported inside the verb that needs it."""

__version__ = "0.1.0"


def main() -> int:
    """Run one verb."""
    return 2
