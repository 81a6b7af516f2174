from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.bundles.bundle import Bundle
from export.adopt import ADOPTED, adopt
from export.errors import ExportError
from tests.doubles import FakeClock
from trainer.data.record import Record


def shifted(chamber: Record, factor: float, rows: int = 300) -> Record:
    values = chamber.values[:rows].copy()
    values[:, 0] *= factor
    return Record.from_values(values, chamber.station)


def test_the_level_moves_by_what_few_readings_show_and_everything_else_stays(
    bundles: dict[str, Path], chamber: Record, tmp_path: Path
) -> None:
    old = Bundle.open(bundles["both"])
    adopted = adopt(bundles["both"], shifted(chamber, 1.5), clock=FakeClock())
    path = tmp_path / "new.davy"
    path.write_bytes(adopted.data)
    new = Bundle.open(path)
    new.verify()
    assert new.id == adopted.id != old.id
    assert adopted.factor == pytest.approx(1.5, rel=0.05)
    assert adopted.better
    assert adopted.after < 0.2 < 0.3 < adopted.before
    assert new.manifest.metrics[ADOPTED]["from"] == old.id
    changed = {name for name in old.tables if not np.array_equal(old.tables[name], new.tables[name])}
    assert changed
    assert all(name.endswith("virtual/scalars") for name in changed)


def test_a_level_that_is_right_is_not_moved_by_chance(bundles: dict[str, Path], chamber: Record) -> None:
    adopted = adopt(bundles["both"], shifted(chamber, 1.0))
    assert adopted.factor == pytest.approx(1.0, abs=0.05)


def test_too_few_readings_move_nothing(bundles: dict[str, Path], chamber: Record) -> None:
    with pytest.raises(ExportError, match="expected at least 60"):
        adopt(bundles["both"], shifted(chamber, 1.5, rows=40))
