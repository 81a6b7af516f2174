"""Exploring: what is in a record before anything is trained, in numbers and then as one page."""

from trainer.exploring.explore import explore

__all__ = ["explore"]
