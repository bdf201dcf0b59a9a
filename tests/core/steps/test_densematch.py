"""The densematch step: files in and files out, three views, and bad input in one sentence with nothing left behind."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("cv2")

from osgeo import gdal

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.matching.match_file import BANDS, MatchFile
from planetary_dtm.core.matching.warp import identity, sample
from planetary_dtm.core.simulation.shading import fractal, smooth
from planetary_dtm.core.steps import step

SIDE = 256


def do(**values):
    chosen = step("densematch")
    return chosen.run(**chosen.checked(values))


@pytest.fixture(scope="module")
def images():
    """Nadir, forward and backward pictures (0..255) and the true line shift of forward."""
    rng = np.random.default_rng(3)
    ground = 120 * (1 + 0.2 * np.asarray(smooth(fractal((SIDE + 80, SIDE + 80), rng, 1.0), 0.7)))
    relief = np.asarray(smooth(fractal((SIDE, SIDE), rng, 2.0), 3.0))

    def seen(share, lines):
        field = identity(SIDE, SIDE) + 40
        field[..., 1] += (share * relief + lines).astype(np.float32)
        return sample(ground.astype(np.float32), field) + rng.standard_normal((SIDE, SIDE), np.float32)

    # What A's line y shows lies at B's line y + 12 - 12 = relief further on: A is the one seen through relief.
    return seen(1.0, 0.0), seen(0.0, -12.0), seen(0.5, 9.0), relief


def written(path, grey, kind=gdal.GDT_Byte, gain=1.0):
    image = np.clip(np.rint(np.asarray(grey) * gain), 0, 255 * gain)
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), image.shape[1], image.shape[0], 1, kind)
    dataset.GetRasterBand(1).WriteArray(image)
    del dataset
    return str(path)


def read(path, band):
    dataset = gdal.Open(str(path))
    return dataset.GetRasterBand(band).ReadAsArray()


def test_two_images_of_other_depth_and_size(tmp_path, images):
    a, b, _, relief = images
    first = written(tmp_path / "a.tif", a)
    second = written(tmp_path / "b.tif", b[:-30], gdal.GDT_UInt16, 200.0)
    output = tmp_path / "m.tif"
    result = do(IMAGE_A=first, IMAGE_B=second, VIEW_A="nadir", OUTPUT=str(output))
    assert 0.75 < result.outputs["MATCHED"] < 0.95
    assert "of those it shows" in result.notes[0]
    dataset = gdal.Open(str(output))
    assert [dataset.GetRasterBand(i + 1).GetDescription() for i in range(6)] == list(BANDS)
    file = MatchFile(output)
    assert (file.view_a, file.view_b) == ("nadir", "b")
    line = file.read(0, SIDE).line - np.arange(SIDE)[:, None]
    found = np.isfinite(line)
    assert np.median(np.abs(line - (relief + 12.0))[found]) < 0.1


def test_a_third_view_is_matched_at_once(tmp_path, images):
    paths = [written(tmp_path / f"{name}.tif", image) for name, image in zip("abc", images)]
    outputs = [str(tmp_path / "ab.tif"), str(tmp_path / "ac.tif")]
    result = do(IMAGE_A=paths[0], IMAGE_B=paths[1], IMAGE_C=paths[2], OUTPUT=outputs[0], OUTPUT_C=outputs[1])
    assert result.outputs["OUTPUT_C"] == outputs[1] and len(result.notes) == 2
    for path, share, lines in zip(outputs, (1.0, 0.5), (12.0, -9.0)):
        shift = np.where(read(path, 3) > 0, read(path, 2), np.nan)
        assert np.nanmedian(np.abs(shift - (share * images[3] + lines))) < 0.25
    with pytest.raises(InputError, match="IMAGE_C and OUTPUT_C"):
        do(IMAGE_A=paths[0], IMAGE_B=paths[1], IMAGE_C=paths[2], OUTPUT=outputs[0])


def test_images_turned_round_are_matched(tmp_path, images):
    first = written(tmp_path / "a.tif", images[0])
    second = written(tmp_path / "b.tif", images[1][::-1, ::-1])
    result = do(IMAGE_A=first, IMAGE_B=second, OUTPUT=str(tmp_path / "m.tif"))
    said = re.search(r"matched with b.tif from (\d+) seeds, turned by (-?\d+)°", result.notes[0])
    assert int(said[1]) > 50 and abs(int(said[2])) == 180
    good = read(tmp_path / "m.tif", 3) > 0
    line, _ = np.mgrid[:SIDE, :SIDE]
    expected = (SIDE - 1) - (line + images[3] + 12.0) - line
    assert good.mean() > 0.7
    assert np.median(np.abs(read(tmp_path / "m.tif", 2) - expected)[good]) < 0.1


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        (lambda b, other: b[:, ::-1], "^'b.tif' is a mirror image of 'a.tif'"),
        (lambda b, other: b[::-1], "^'b.tif' is a mirror image of 'a.tif'"),
        (lambda b, other: np.full_like(b, 90), "^'b.tif' is blank"),
        (lambda b, other: other, "^'a.tif' and 'b.tif' have fewer than"),
        (lambda b, other: b[:20, :20], "^'a.tif' and 'b.tif' have fewer than"),
        (lambda b, other: b[:1], "^'b.tif' has too few lines"),
    ],
)
def test_bad_pairs_are_refused_in_one_sentence_and_leave_nothing(tmp_path, images, spoiled, sentence):
    other = 120 + 20 * np.asarray(smooth(np.random.default_rng(8).standard_normal((SIDE, SIDE)), 1.0))
    first = written(tmp_path / "a.tif", images[0])
    second = written(tmp_path / "b.tif", spoiled(images[1], other))
    with pytest.raises(InputError, match=sentence) as caught:
        do(IMAGE_A=first, IMAGE_B=second, OUTPUT=str(tmp_path / "m.tif"))
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "b.tif"]


def test_little_overlap_is_said(tmp_path, images):
    first = written(tmp_path / "a.tif", images[0])
    second = written(tmp_path / "b.tif", images[1][:110])
    result = do(IMAGE_A=first, IMAGE_B=second, OUTPUT=str(tmp_path / "m.tif"))
    assert "shows only" in result.warnings[0]


def test_images_that_share_a_patch_only_are_doubted(tmp_path, images):
    other = 120 + 20 * np.asarray(smooth(np.random.default_rng(8).standard_normal((SIDE, SIDE)), 1.0))
    other[:90, :90] = images[1][:90, :90]
    first = written(tmp_path / "a.tif", images[0])
    second = written(tmp_path / "b.tif", other)
    result = do(IMAGE_A=first, IMAGE_B=second, OUTPUT=str(tmp_path / "m.tif"))
    assert 0.02 < result.outputs["MATCHED"] < 0.2
    assert any("may not show the same ground" in warning for warning in result.warnings)


def test_saturated_ground_is_left_out_and_hides_nothing(tmp_path, images):
    """However far the ceiling of the sensor lies above all else."""
    a, b, _, relief = images
    first, second = written(tmp_path / "a.tif", a, gdal.GDT_UInt16, 50.0), tmp_path / "b.tif"
    grey = np.rint(b * 50)
    grey[60:160, 80:180] = 65535
    dataset = gdal.GetDriverByName("GTiff").Create(str(second), SIDE, SIDE, 1, gdal.GDT_UInt16)
    dataset.GetRasterBand(1).WriteArray(grey)
    del dataset
    do(IMAGE_A=first, IMAGE_B=str(second), OUTPUT=str(tmp_path / "m.tif"))
    line, sample = np.mgrid[:SIDE, :SIDE]
    there = np.stack([line + relief + 12.0, sample])
    good = read(tmp_path / "m.tif", 3) > 0
    inside = ((there > [[[62]], [[82]]]) & (there < [[[157]], [[177]]])).all(axis=0)
    outside = ((there < [[[50]], [[70]]]) | (there > [[[170]], [[190]]])).any(axis=0) & (there[0] < SIDE - 12)
    assert not good[inside].any() and good[outside].mean() > 0.9
    assert np.median(np.abs(read(tmp_path / "m.tif", 2) - relief - 12.0)[good]) < 0.1


def test_an_even_window_is_refused(tmp_path, images):
    first = written(tmp_path / "a.tif", images[0])
    with pytest.raises(InputError, match="odd"):
        do(IMAGE_A=first, IMAGE_B=first, KERNEL=10, OUTPUT=str(tmp_path / "m.tif"))
