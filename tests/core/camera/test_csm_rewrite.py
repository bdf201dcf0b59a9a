"""A camera written again as a state is the same camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.csm_rewrite import rewritten_state
from planetary_dtm.core.camera.csm_state import camera_from_state, state_text
from planetary_dtm.core.errors import InputError

from ..resection import narrow


def test_read_back_it_projects_the_same():
    camera = narrow.spoiled()[1]
    again = camera_from_state(state_text(rewritten_state(camera, 5.0)), "right.json")
    assert (again.name, again.line_count, again.samples) == ("right", narrow.LINES, narrow.SAMPLES)
    line, sample = (
        grid.ravel() for grid in np.meshgrid(np.linspace(0, narrow.LINES - 1, 41), [0.0, 99.5, narrow.SAMPLES - 1.0])
    )
    origin, direction = camera.rays(line, sample)
    there = again.project(origin + 52_000.0 * direction)
    # lines and samples of a camera that looks through the same lens: the first at the ends' accuracy of a search
    assert np.abs(there[0] - line).max() < 1e-3 and np.abs(there[1] - sample).max() < 1e-3
    np.testing.assert_allclose(again.rays(line, sample)[1], direction, atol=1e-9)


def test_line_times_are_inverted():
    times = narrow.pair()[0].times
    line = np.array([0.5, 17.25, 2000.0])
    np.testing.assert_allclose(times.lines(times.at(line)), line, atol=1e-9)


@pytest.mark.parametrize("lines", [1, 7])
def test_an_image_of_few_lines_is_refused(lines):
    with pytest.raises(InputError, match=f"has {lines} lines; a CSM state needs at least 8"):
        rewritten_state(replace(narrow.camera("short", 0.0), line_count=lines), 5.0)


def test_a_look_past_the_body_is_refused():
    with pytest.raises(InputError, match="'limb' looks past the body"):
        rewritten_state(narrow.camera("limb", 0.0, turn=(2.3, 0.0, 0.0)), 5.0)
