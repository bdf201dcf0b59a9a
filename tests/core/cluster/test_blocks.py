"""Blocks: they cover the grid, their weights add up to one, and a surface cut up comes back whole."""

import numpy as np
import pytest

from planetary_dtm.core.cluster.blocks import Layout, joined, offsets, pieces


def whole(layout, blocks, read):
    """All pieces laid out."""
    known = {(block.row, block.column): block for block in blocks}
    made = np.full((layout.height, layout.width), -1.0, np.float32)
    for piece in pieces(layout.height, layout.width):
        part = slice(piece.row, piece.row + piece.height), slice(piece.column, piece.column + piece.width)
        made[part] = joined(layout, known, read, piece)[0]
    return made


@pytest.mark.parametrize("shape", [(700, 1500), (300, 300), (1024, 512), (513, 2047)])
def test_a_surface_cut_into_blocks_comes_back(shape, monkeypatch):
    layout = Layout(*shape, side=512, overlap=64)
    surface = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    blocks = layout.blocks()
    covered = np.zeros(shape)
    for block in blocks:
        along, across = layout.weight(block)
        reach = block.reach
        part = slice(reach.row, reach.row + reach.height), slice(reach.column, reach.column + reach.width)
        covered[part] += np.outer(along, across)
    np.testing.assert_allclose(covered, 1.0, atol=1e-12)

    def read(block, window):
        part = slice(window.row, window.row + window.height), slice(window.column, window.column + window.width)
        return [surface[part]]

    monkeypatch.setattr("planetary_dtm.core.cluster.blocks.PIECE", (100, 600))
    np.testing.assert_allclose(whole(layout, blocks, read), surface, atol=1e-6)


def test_unknown_pixels_of_one_block_are_taken_from_the_other():
    layout = Layout(300, 1024, side=512, overlap=64)
    left, right = layout.blocks()

    def read(block, window):
        values = np.full((window.height, window.width), 1.0 if block is left else 3.0, np.float32)
        if block is left:
            values[:, 500:] = np.nan
        return [values]

    both = whole(layout, [left, right], read)
    assert (both[:, :440] == 1).all() and (both[:, 500:] == 3).all()
    alone = whole(layout, [left], read)
    assert np.isnan(alone[:, 600:]).all() and (alone[:, :400] == 1).all()


def test_levels_of_blocks_follow_from_the_steps_between_them():
    layout = Layout(1536, 2048, side=512, overlap=64)
    blocks = layout.blocks()
    truth = np.random.default_rng(1).normal(scale=100.0, size=len(blocks))
    pairs = [(first, second) for first, second, _ in layout.neighbours(blocks)]
    steps = np.array([truth[second] - truth[first] for first, second in pairs])
    found = offsets(pairs, steps, np.full(len(pairs), 1e4), len(blocks))
    np.testing.assert_allclose(found + truth, np.mean(found + truth), atol=1e-3)
