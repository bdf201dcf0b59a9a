"""Wild shots are found and rugged ground is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.altimetry.filtering import consolidate, filter_shots
from planetary_dtm.core.altimetry.readers import Shots, read_shots
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import CancelledError
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.terrain import RoughTerrain

MOON = body_named("Moon")


def simulated(share, degrees=10.0, seed=3):
    """Rough terrain about the equator with a share of shots that are off by 500 to 5,000 m."""
    lon, lat = np.meshgrid(np.radians(np.linspace(0, degrees, 40)), np.radians(np.linspace(0, degrees, 40)))
    made = altimeter_shots(RoughTerrain(seed), lon.ravel(), lat.ravel(), seed, wild=share)
    return Shots(made.lon, made.lat, made.altitude, MOON, MOON.datum), made.wild


@pytest.mark.parametrize(("share", "found", "lost"), [(0.01, 0.98, 0.01), (0.05, 0.97, 0.02)])
def test_wild_shots_in_rough_terrain(share, found, lost):
    shots, wild = simulated(share)
    keep = filter_shots(shots).keep
    assert np.mean(~keep[wild]) >= found
    assert np.mean(~keep[~wild]) <= lost


def test_clean_shots_stay():
    shots, _ = simulated(0.0, degrees=5.0)
    result = filter_shots(shots)
    assert result.keep.mean() > 0.99
    assert result.residual.shape == result.spread.shape == result.keep.shape


def test_consolidated_surface_passes_between_wild_shots():
    """Along one track over a slope with every tenth shot far up, the consolidated points stay on the slope."""
    x = np.arange(200) * 1400 / MOON.radius_m
    slope = 0.1 * 1400 * np.arange(200)
    altitude = slope + 3000.0 * (np.arange(200) % 10 == 5)
    surface = consolidate(Shots(x, np.zeros(200), altitude, MOON, MOON.datum))
    true = np.interp(surface.lon, x, slope)
    assert np.abs(surface.altitude - true)[5:-5].max() < 150


def test_too_few_to_judge_are_kept():
    shots = Shots(np.linspace(0, 0.1, 5), np.zeros(5), np.array([0, 0, 9000.0, 0, 0]), MOON, MOON.datum)
    assert filter_shots(shots).keep.all()


def test_filter_can_be_cancelled():
    with pytest.raises(CancelledError):
        filter_shots(simulated(0.01, degrees=3.0)[0], lambda fraction, message="": fraction < 0.2)


def test_real_hadley_shots_are_almost_all_kept(real_data):
    shots = read_shots(real_data / "moon" / "hadley" / "RDR_hadley_LOLA.csv.gz")
    shots = shots.kept(shots.track % 12 == 0)
    keep = filter_shots(shots).keep
    assert 0.99 < keep.mean() < 1.0


@pytest.mark.parametrize(("level", "noise"), [(0.0, 0.0), (-1234.5, 0.0), (0.0, 0.1), (800.0, 0.2)])
def test_quiet_ground_is_no_reason_to_call_a_shot_wild(level, noise):
    """What is nearer to the surface than an altimeter's noise stays; what is far off it does not."""
    rng = np.random.default_rng(6)
    place = rng.uniform(0, 0.02, (2, 2000))
    altitude = level + noise * rng.normal(size=2000)
    altitude[:20] += 3.8
    altitude[20:25] += 500.0
    keep = filter_shots(Shots(*place, altitude, MOON, MOON.datum)).keep
    assert np.flatnonzero(~keep).tolist() == [20, 21, 22, 23, 24]
    plain = filter_shots(Shots(*place, np.full(2000, level), MOON, MOON.datum))
    assert plain.keep.all() and plain.limit >= 1.0
