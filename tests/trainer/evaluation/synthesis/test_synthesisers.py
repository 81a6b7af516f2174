from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.evaluation.synthesis.fidelity import fidelity
from trainer.evaluation.synthesis.memorisation import exact_copies
from trainer.evaluation.synthesis.results import JITTER, OURS, PUBLISHED, SMOTE
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser, ours, synthesisers

SETTINGS = replace(Training.quick(), generator_epochs=4, components=8)
TRAIN, VALIDATION = slice(0, None, 2), slice(1, None, 20)


@pytest.fixture(scope="module")
def fitted(chamber: Record) -> dict[str, FittedSynthesiser]:
    return {
        name: make(chamber.values[TRAIN], chamber.values[VALIDATION], chamber.station, 7)
        for name, make in synthesisers(SETTINGS, quick=True).items()
    }


def test_ours_is_what_the_settings_make_and_is_first() -> None:
    assert [ours(replace(Training(), model=model)) for model in ("ae", "vae", "both")] == ["ae", "vae", "vae"]
    chosen = replace(Training(), generator="mixture")
    assert ours(chosen) == "mixture"
    every = list(synthesisers(chosen))
    assert every[:2] == [OURS["mixture"], OURS["vae"]]
    assert len(set(every)) == len(every)
    assert list(synthesisers(Training()))[:3] == [OURS["vae"], OURS["mixture"], OURS["ae"]]


def test_all_draw_rows_that_depend_on_the_seed_alone(fitted: dict[str, FittedSynthesiser], chamber: Record) -> None:
    assert set(fitted) == {OURS["vae"], OURS["mixture"], *PUBLISHED.values(), JITTER, SMOTE}
    for name, one in fitted.items():
        rows = one.draw(300, 5)
        assert rows.shape == (300, chamber.station.size), name
        assert np.isfinite(rows).all()
        np.testing.assert_array_equal(rows, one.draw(300, 5))
        assert not np.array_equal(rows, one.draw(300, 6))


def test_the_published_vae_loses_spread_and_its_copies_do_not(
    fitted: dict[str, FittedSynthesiser], chamber: Record
) -> None:
    train = chamber.values[TRAIN]
    spread = {
        name: np.mean(list(fidelity(train, one.draw(1500, 1), chamber.station).std_ratio.values()))
        for name, one in fitted.items()
    }

    assert spread[PUBLISHED["vae"]] < 0.95
    assert spread[JITTER] == pytest.approx(1, abs=0.03)
    assert spread[OURS["mixture"]] == pytest.approx(1, abs=0.1)


def test_jitter_stays_beside_a_row_and_smote_between_two(fitted: dict[str, FittedSynthesiser], chamber: Record) -> None:
    train = chamber.values[TRAIN]
    near = fitted[JITTER].draw(200, 1)
    apart = np.abs(near[:, None] - train[None]) / train.std(axis=0)
    assert (apart.max(axis=2).min(axis=1) < 0.1).all()
    assert exact_copies(train, near) == 0

    between = fitted[SMOTE].draw(200, 1)
    assert (between >= train.min(axis=0)).all()
    assert (between <= train.max(axis=0)).all()


def test_ours_reconstructs_rows_and_the_others_are_not_asked(
    fitted: dict[str, FittedSynthesiser], chamber: Record
) -> None:
    assert [name for name, one in fitted.items() if one.reconstruct] == [OURS["vae"], OURS["mixture"]]
    back = fitted[OURS["mixture"]].reconstruct
    assert back is not None
    rows = chamber.values[TRAIN][:200]
    assert np.abs((back(rows) - rows) / chamber.values.std(axis=0)).mean() < 0.1


def test_a_copula_is_there_where_its_package_is(chamber: Record) -> None:
    pytest.importorskip("copulas")
    rows = chamber.values[::5]

    fitted = synthesisers(SETTINGS)["Gaussian copula, SDV"](rows, rows, chamber.station, 1)

    assert fidelity(rows, fitted.draw(1000, 2), chamber.station).ks < 0.2
    np.testing.assert_array_equal(fitted.draw(10, 2), fitted.draw(10, 2))
