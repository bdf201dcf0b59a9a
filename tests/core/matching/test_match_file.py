"""Match files that share their first image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.matching.match_file import MatchFile, by_image_a, write_matches


def written(folder: Path, name: str, image: str, lines: int = 9, samples: int = 12) -> MatchFile:
    about = {"IMAGE_A": image, "IMAGE_B": f"{name}_b", "VIEW_A": "nadir", "VIEW_B": name}
    write_matches(folder / f"{name}.tif", *np.full((4, lines, samples), np.nan), about)
    return MatchFile(folder / f"{name}.tif")


def test_files_that_share_their_first_image_come_together(tmp_path: Path) -> None:
    files = [written(tmp_path, name, image) for name, image in (("one", "a"), ("two", "b"), ("three", "a"))]
    groups = by_image_a(files, lambda view, image: 12)
    assert [[file.view_b for file in group] for group in groups] == [["one", "three"], ["two"]]


def test_images_of_another_size_are_named(tmp_path: Path) -> None:
    one, longer = written(tmp_path, "one", "a"), written(tmp_path, "longer", "a", lines=10)
    with pytest.raises(InputError, match="'one.tif' and 'longer.tif' share image A but differ in size"):
        by_image_a([one, longer], lambda view, image: 12)
    with pytest.raises(InputError, match=r"Ties 'one.tif' have 12 samples a line, the camera of 'nadir' has 512"):
        by_image_a([one], lambda view, image: 512, "Ties")
