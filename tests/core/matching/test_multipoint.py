"""The field from images of known shift: error, sigma, what is learned, and three views against two."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from planetary_dtm.core.matching.multipoint import Adjustment, node_grid
from planetary_dtm.core.matching.nodes import SPACING, shrunk
from planetary_dtm.core.matching.warp import identity, sample
from planetary_dtm.core.simulation.shading import fractal, smooth

ROWS, COLUMNS = 260, 300


def views(noise=0.01, rough=1.5, steps=(1.0, -0.8), seed=0):
    """A, the others, and their true fields: B is seen through relief that moves it along lines."""
    rng = np.random.default_rng(seed)
    relief = np.asarray(smooth(fractal((ROWS, COLUMNS), rng, 3.5), 1.5))
    relief *= rough / relief.std()
    ground = 1 + 0.05 * np.asarray(smooth(rng.standard_normal((ROWS + 60, COLUMNS + 60)), 1.0)) * 3.5
    ground = ground.astype(np.float32)
    base = identity(ROWS, COLUMNS)
    a = ground[30:-30, 30:-30]
    others, truths = [], []
    for step in steps:
        # B at x + d(x) shows A's x: d is found by fixed-point steps from the field of B.
        ahead = np.zeros_like(base)
        ahead[..., 1] = step * relief
        b = sample(ground, base - ahead + 30)
        forth = base
        for _ in range(30):
            forth = base + sample(ahead, forth, cubic=False)
        others.append(b)
        truths.append(forth)
    level = np.float32(noise)
    noisy = [image + level * rng.standard_normal(image.shape, np.float32) for image in (a, *others)]
    return noisy[0], noisy[1:], truths


def errors(found, truth):
    inner = np.s_[25:-25, 15:-15]
    return (found.field - truth)[inner], found.sigma[inner]


def matched(a, others, fields, valid=None, steps=4):
    whole = np.ones(a.shape, bool)
    places = [at_nodes(field) for field in fields]
    adjustment = Adjustment(a, whole if valid is None else valid, [(b, whole) for b in others], places, 11)
    for _ in range(steps):
        adjustment.step()
    return adjustment.last_step()


def at_nodes(field):
    rows, columns = (SPACING * size for size in node_grid(*field.shape[:2]))
    beyond = ((0, rows - field.shape[0]), (0, columns - field.shape[1]), (0, 0))
    return shrunk(np.pad(field - identity(*field.shape[:2]), beyond, mode="edge") + identity(rows, columns), SPACING)


def start(truth):
    """A field that is right to half a pixel and knows no relief finer than 20 pixels."""
    base = identity(*truth.shape[:2])
    return (base + np.stack([smooth(v, 20.0) for v in np.moveaxis(truth - base, -1, 0)], -1) + 0.3).astype(np.float32)


def test_the_field_is_found_and_its_sigma_is_right():
    a, others, truths = views(steps=(1.0,))
    (found,) = matched(a, others, [start(truths[0])])
    error, sigma = errors(found, truths[0])
    assert np.median(np.linalg.norm(error, axis=-1)) < 0.1
    ratio = np.sqrt(np.mean((error / sigma) ** 2, axis=(0, 1)))
    assert (ratio > 0.7).all() and (ratio < 1.35).all()


def test_the_component_that_relief_does_not_move_is_averaged_widely():
    a, others, truths = views(steps=(1.0,))
    error, sigma = errors(matched(a, others, [start(truths[0])])[0], truths[0])
    across, along = np.sqrt(np.mean(error**2, axis=(0, 1)))
    assert across < 0.6 * along
    assert np.median(sigma[..., 0]) < 0.6 * np.median(sigma[..., 1])


def test_noise_and_roughness_are_learned():
    def typical(**changes):
        a, others, truths = views(steps=(1.0,), **changes)
        return np.median(errors(matched(a, others, [start(truths[0])])[0], truths[0])[1][..., 1])

    usual = typical()
    assert typical(noise=0.03) > 1.4 * usual
    assert typical(rough=0.3) < 0.8 * usual


def test_three_views_know_more_than_two():
    a, others, truths = views(noise=0.02, rough=0.5)
    fields = [start(truth) for truth in truths]
    alone = errors(matched(a, others[:1], fields[:1])[0], truths[0])[0]
    together = errors(matched(a, others, fields)[0], truths[0])[0]
    assert np.sqrt(np.mean(together**2)) < 0.95 * np.sqrt(np.mean(alone**2))


def test_masked_pixels_are_bridged_and_said_to_be_unused():
    a, others, truths = views(steps=(1.0,))
    valid = np.ones(a.shape, bool)
    valid[120:132, 100:160] = False
    a = np.where(valid, a, 0).astype(np.float32)
    (found,) = matched(a, others, [start(truths[0])], valid)
    assert not found.used[120:132, 100:160].any()
    beside = np.linalg.norm(found.field - truths[0], axis=-1)[112:140, 95:165]
    assert np.median(beside) < 0.2 and beside.max() < 1.5


def test_places_far_off_where_an_image_ends_do_not_turn_the_axis_of_relief():
    a, others, truths = views()
    fields = [start(truth) for truth in truths]
    fields[0][:, -24:, 0] -= 6.0
    shown = [others[0][:, :-20].copy(), others[1]]
    found = matched(a, shown, fields)
    for view, truth in zip(found, truths):
        error = (view.field - truth)[25:-25, 15:-50]
        across, along = np.sqrt(np.mean(error**2, axis=(0, 1)))
        assert across < 0.03 and along < 0.1


def test_relief_that_stands_alone_is_found_from_afar_by_a_coarse_adjustment():
    a, others, truths = views()
    line, column = np.indices(a.shape)
    off = np.hypot(line - 130, column - 150)
    fields = [truth.copy() for truth in truths]
    for field, step in zip(fields, (1.0, -0.8)):  # as if a hill of 2.5 pixels were not known
        field[..., 1] += np.float32(2.5 * step) * np.exp(-0.5 * (off / 15) ** 2).astype(np.float32)

    def left(coarse):
        whole = np.ones(a.shape, bool)
        adjustment = Adjustment(a, whole, [(b, whole) for b in others], [at_nodes(f) for f in fields], 11, coarse)
        for _ in range(4):
            adjustment.step()
        return np.mean([np.abs(field - truth)[off < 15][:, 1] for field, truth in zip(adjustment.fields, truths)])

    assert left(coarse=True) < 0.15 < 0.4 < left(coarse=False)
