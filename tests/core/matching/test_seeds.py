"""Which map the pairs of SIFT words are put on, where most of them are false."""

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.matching import seeds

ROWS, COLUMNS = 3650, 112  # a pair of long, narrow images that share 340 lines and 53 samples
SHIFT = np.array([-59.0, 3310.0])


def pairs(rng, true, false):
    """Pairs (n, 2) in A and B: true ones in the corner that both show, moved by relief along the lines; false ones."""
    a = np.column_stack([rng.uniform(59, COLUMNS, true), rng.uniform(0, 340, true)])
    b = a + SHIFT + rng.normal(0, 0.2, a.shape)
    b[:, 1] += 10 * np.sin(a[:, 1] / 60)
    wrong = [np.column_stack([rng.uniform(0, side, false) for side in (COLUMNS, ROWS)]) for _ in "ab"]
    return np.concatenate([a, wrong[0]]), np.concatenate([b, wrong[1]])


def found(monkeypatch, given):
    monkeypatch.setattr(seeds, "_matches", lambda *_: given)
    image, valid = np.zeros((ROWS, COLUMNS), np.float32), np.ones((ROWS, COLUMNS), bool)
    return seeds.find_seeds(image, valid, image, valid)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("true", [280, 90])
def test_little_of_long_narrow_images_overlaps(monkeypatch, seed, true):
    got = found(monkeypatch, pairs(np.random.default_rng(seed), true, 1500))
    off = np.abs(got.b - got.a - SHIFT)
    right = (off[:, 0] < 2) & (off[:, 1] < 12)
    assert right.sum() > 0.9 * true and right.mean() > 0.95
    assert got.scale == pytest.approx(1.0, abs=0.1) and abs(got.turn) < 5


@pytest.mark.parametrize("seed", range(4))
def test_chance_makes_no_map(monkeypatch, seed):
    with pytest.raises(InputError, match="fewer than 12 common features"):
        found(monkeypatch, pairs(np.random.default_rng(seed), 0, 1500))
