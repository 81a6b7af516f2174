"""The panels that show what is known of a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainer.exploring.exploration import Exploration
from trainer.exploring.panels.autocorrelation import autocorrelation_panel
from trainer.exploring.panels.columns import columns_panel
from trainer.exploring.panels.correlations import correlations_panel
from trainer.exploring.panels.densities import densities_panel
from trainer.exploring.panels.findings import findings_panel
from trainer.exploring.panels.phases import phases_panel
from trainer.exploring.panels.response import response_panel
from trainer.exploring.panels.scatters import environment_panel, pairs_panel
from trainer.exploring.panels.split_leakage import split_leakage_panel
from trainer.exploring.panels.timeline import timeline_panel
from trainer.page.panel import Panel


def exploration_panels(found: Exploration, pairs: Sequence[tuple[str, str]]) -> Iterator[Panel]:
    """Yield the panels of a record, the most important first."""
    yield findings_panel(found)
    yield timeline_panel(found)
    yield phases_panel(found)
    yield split_leakage_panel(found)
    yield response_panel(found)
    yield correlations_panel(found)
    yield environment_panel(found)
    if pairs:
        yield pairs_panel(found, pairs)
    yield densities_panel(found)
    yield autocorrelation_panel(found)
    yield columns_panel(found)
