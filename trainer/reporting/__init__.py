"""Reporting: what a training left behind, as one page; nothing is fitted here."""

from trainer.reporting.report import report

__all__ = ["report"]
