from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.evaluation.synthesis.results import OURS, PUBLISHED, REAL
from trainer.evaluation.synthesis.sample_gallery import sample_gallery
from trainer.evaluation.synthesis.synthesisers import networks

SETTINGS = replace(Training.quick(), components=10)


@pytest.mark.parametrize("name", [OURS["ae"], PUBLISHED["ae"]])
def test_the_more_noise_on_codes_the_less_are_rows_like_the_real_ones(chamber: Record, name: str) -> None:
    found = sample_gallery(chamber, name, networks(SETTINGS, quick=True)[name], seed=1)

    noises = [f"{name}, noise {label}" for label in ("auto", ".1", ".5", "1")]
    assert list(found.samples) == ["real", REAL, name, *noises]
    real = found.samples["real"]
    assert real.rows == found.samples[name].rows == 2400

    off = [np.abs(found.samples[one].joints - real.joints).sum() for one in noises[1:]]
    assert off == sorted(off)
    assert off[0] < 0.95 * off[-1]


def test_a_mixture_has_no_codes_to_put_noise_on(chamber: Record) -> None:
    name = OURS["mixture"]

    found = sample_gallery(chamber, name, networks(SETTINGS, quick=True)[name], seed=1)

    assert list(found.samples) == ["real", REAL, name]
    difference = np.abs(found.samples[name].correlations - found.samples["real"].correlations)
    assert difference.max() < 0.2
