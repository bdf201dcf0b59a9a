"""Seamless prediction: nothing moves, tiles leave no trace, neighbours are used, nodata stays out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.learned import prediction, tiles
from planetary_dtm.core.learned.architectures import architecture
from planetary_dtm.core.learned.engine import Engine, load_engine
from planetary_dtm.core.learned.frame import frame_of, resample
from planetary_dtm.core.learned.model_file import Model
from planetary_dtm.core.learned.prediction import predict_relief
from planetary_dtm.core.simulation.shading import Scene, radiance, smooth


def card(**changes: Any) -> dict[str, Any]:
    return {
        "architecture": "identity", "options": {}, "input_bands": ["grey"], "input_size": 64, "grey": {"kind": "raw"},
        "height_unit": "metre", "height_scale": 1.0, "height_offset": 0.0, "sun_azimuth": 270.0, **changes,
    }  # fmt: skip


def identity(**changes: Any) -> Engine:
    return load_engine(Model(card(**changes), {}), "numpy")


def small_network(seed: int = 0, **changes: Any) -> Engine:
    """A random network that sees less far than its halo says, so that tiles could agree exactly."""
    rng, options = np.random.default_rng(seed), {"widths": [4, 6], "bottom_blocks": 1}
    shapes = architecture("unet", options).tensor_shapes()
    tensors = {
        key: rng.normal(0, 0.1 if len(shape) == 1 else (1.5 / np.prod(shape[1:])) ** 0.5, shape).astype(np.float32)
        for key, shape in shapes.items()
    }
    model = Model(card(architecture="unet", options=options, height_unit="ground_pixel", **changes), tensors)
    return replace(load_engine(model, "numpy"), halo=48)


def reader(image: np.ndarray, valid: np.ndarray | None = None) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    mask = np.ones(image.shape, bool) if valid is None else valid

    def read(row: int, row_stop: int, column: int, column_stop: int) -> tuple[np.ndarray, np.ndarray]:
        assert 0 <= row < row_stop <= image.shape[0] and 0 <= column < column_stop <= image.shape[1]
        return image[row:row_stop, column:column_stop], mask[row:row_stop, column:column_stop]

    return read


def picture(shape: tuple[int, int], sigma: float = 3.0, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=shape)
    return (smooth(noise, sigma) * sigma * 3).astype(np.float32)


def relief(image: np.ndarray, engine: Engine, valid: np.ndarray | None = None, **options: Any) -> np.ndarray:
    window = options.pop("window", (0, image.shape[0], 0, image.shape[1]))
    gsd = options.pop("gsd_m", (1.0, 1.0))
    options.setdefault("sun_azimuth", 270.0)
    return predict_relief(reader(image, valid), image.shape, window, gsd, engine, **options).height


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 180.0, 270.0, -90.0])
def test_quarter_turns_move_no_pixel(azimuth: float) -> None:
    image = picture((61, 87), 0.0)
    assert np.abs(relief(image, identity(), sun_azimuth=azimuth) - (image - image.mean())).max() < 1e-5


@pytest.mark.parametrize("azimuth", [17.0, 45.0, 123.4, 300.0])
def test_any_turn_there_and_back_stays_in_place(azimuth: float) -> None:
    image = picture((120, 150), 4.0)
    height = relief(image, identity(), sun_azimuth=azimuth)
    inner = (slice(8, -8), slice(8, -8))
    south, east = np.gradient(image)
    error = (height - image + image.mean())[inner]
    shift = [np.sum(error * slope[inner]) / np.sum(slope[inner] ** 2) for slope in (south, east)]
    assert np.abs(shift).max() < 0.002 and error.std() < 0.01 * image.std()


def test_oblong_pixels_are_squared_and_given_back() -> None:
    image = picture((150, 90), 5.0)
    height = relief(image, identity(), gsd_m=(2.0, 1.0), sun_azimuth=250.0)
    error = (height - image + image.mean())[10:-10, 10:-10]
    assert error.std() < 0.01 * image.std()


def test_the_sun_is_turned_to_where_the_model_expects_it() -> None:
    """A ramp that falls towards the sun must fall towards the model's sun in the frame, whatever the pixels' shape."""
    row, column = np.mgrid[0:80, 0:80].astype(np.float32)
    for azimuth in (10.0, 100.0, 222.0, 345.0):
        for gsd in ((30.0, 30.0), (12.0, 35.0)):
            toward = np.sin(np.radians(azimuth)) * column * gsd[0] - np.cos(np.radians(azimuth)) * row * gsd[1]
            frame = frame_of(gsd, azimuth, 270.0)
            middle = frame.matrix @ np.array([40.0, 40.0])
            start = (int(middle[0]) - 8, int(middle[1]) - 8)
            turned = resample([toward.astype(np.float32)], frame.matrix, (0, 0), start, (16, 16))[0]
            down, right = np.gradient(turned)
            assert np.allclose(right, -frame.gsd_m, rtol=2e-3) and np.abs(down).max() < 2e-3 * frame.gsd_m


def test_turned_images_give_turned_relief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a turn: an off-centre pixel grid anywhere in the chain, at any level, would show."""
    monkeypatch.setattr(prediction, "LEVELS", 3)
    image, window = picture((720, 720)), (300, 420, 280, 440)
    engine = replace(identity(height_unit="ground_pixel"), halo=8, _network=lambda x: np.roll(x, 3, axis=2) - 0.5 * x)
    straight = relief(image, engine, sun_azimuth=290.0, window=window)
    turned = relief(np.ascontiguousarray(image[::-1, ::-1]), engine, sun_azimuth=110.0, window=window)
    assert np.abs(turned[::-1, ::-1] - straight).max() < 0.03 * straight.std()  # half a pixel: 0.5


@pytest.mark.parametrize("azimuth", [270.0, 235.0])
def test_tiles_leave_no_trace(azimuth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the image's rim, where a network has no neighbours to see and feels the end of a tile."""
    image, engine = picture((360, 340)), small_network()
    monkeypatch.setattr(prediction, "LEVELS", 1)
    whole = relief(image, engine, sun_azimuth=azimuth)
    monkeypatch.setattr(tiles, "TILE", 160)
    tiled = relief(image, engine, sun_azimuth=azimuth)
    difference = (tiled - whole)[40:-40, 40:-40]
    assert np.abs(difference - difference.mean()).max() < 1e-3 * whole.std()


@pytest.mark.parametrize("azimuth", [200.0, 250.0, 283.0])
def test_turned_tiles_that_miss_the_extent_are_left_out(azimuth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "TILE", 48)
    image = picture((400, 380), 4.0)
    height = relief(image, replace(identity(), halo=8), sun_azimuth=azimuth)
    assert (height - image + image.mean())[10:-10, 10:-10].std() < 0.01 * image.std()


def test_a_window_is_seen_with_its_real_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    image, engine = picture((480, 500)), small_network()
    monkeypatch.setattr(prediction, "LEVELS", 2)
    whole = relief(image, engine, sun_azimuth=250.0)
    part = relief(image, engine, sun_azimuth=250.0, window=(171, 280, 190, 307))
    difference = part - whole[171:280, 190:307]
    assert np.abs(difference - difference.mean()).max() < 5e-3 * whole.std()


def test_quarters_are_seen_with_the_contrast_and_the_coarse_surroundings_of_the_whole() -> None:
    """Plain at the left, highlands at the right: an extent's own grey would stretch the plain four times as much."""
    image = picture((820, 820), 6.0)
    image[:, :410] *= 0.25
    engine = small_network(grey={"kind": "robust"})

    def seen(*window: int) -> prediction._Seen:
        return prediction._look(reader(image), image.shape, tiles.Box(*window), engine, lambda share, text: True)

    whole, quarter = seen(0, 820, 0, 820), seen(0, 410, 0, 410)
    assert len(whole.levels) == len(quarter.levels) == 2
    assert np.isclose(quarter.scale.spread, whole.scale.spread, rtol=0.02)
    assert abs(quarter.scale.centre - whole.scale.centre) < 0.02 * whole.scale.spread
    coarse, same = quarter.levels[-1], whole.levels[-1]
    inner = tiles.Box(0, 300, 0, 300)
    ours, theirs = (level.grey[inner.slices(level.row, level.column)] for level in (coarse, same))
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999 and 0.95 < ours.std() / theirs.std() < 1.05


def test_nodata_stays_nodata_and_its_values_do_not_matter() -> None:
    image, engine = picture((90, 110)), small_network()
    valid = np.random.default_rng(1).random(image.shape) > 0.1
    valid[30:60, 40:70] = False
    options: dict[str, Any] = {"valid": valid, "sun_azimuth": 300.0}
    results = [relief(np.where(valid, image, junk).astype(np.float32), engine, **options) for junk in (0, 1e20, np.nan)]
    assert np.array_equal(np.isnan(results[0]), ~valid)
    assert all(np.array_equal(other, results[0], equal_nan=True) for other in results[1:])
    assert abs(np.nanmean(results[0])) < 1e-3 * np.nanstd(results[0])


def test_long_waves_come_from_the_coarser_level() -> None:
    truth = picture((256, 256), 6.0)
    row, column = np.mgrid[0:256, 0:256]
    bent = (truth + 3 * np.sin(column / 40) + row / 50).astype(np.float32)
    coarse = truth.reshape(128, 2, 128, 2).mean((1, 3))
    box, coarse_box = tiles.Box(0, 256, 0, 256), tiles.Box(0, 128, 0, 128)
    mended = prediction._with_long_waves(bent, box, coarse, coarse_box)
    assert (mended - truth)[40:-40, 40:-40].std() < 0.1 * (bent - truth).std()
    same = prediction._with_long_waves(truth, box, coarse, coarse_box)
    assert np.abs(same - truth).max() < 1e-5


def test_metres_follow_the_ground_pixel() -> None:
    image, engine = picture((80, 80)), small_network()
    near, far = (relief(image, engine, gsd_m=(gsd, gsd)) for gsd in (1.0, 250.0))
    assert np.allclose(far, 250 * near, atol=1e-3 * far.std())


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (33, 2), (64, 64)])
def test_small_extents_work(shape: tuple[int, int]) -> None:
    height = relief(picture(shape, 0.0), small_network(), sun_azimuth=215.0)
    assert height.shape == shape and np.isfinite(height).all()


def test_jmars_mode_returns_the_grey_of_an_identity_model() -> None:
    image = np.random.default_rng(2).integers(0, 256, (77, 301)).astype(np.float32)
    result = predict_relief(
        reader(image), image.shape, (5, 70, 11, 290), (3.0, 3.0), identity(sun_azimuth=None), mode="jmars"
    )
    assert np.array_equal(result.height, image[5:70, 11:290]) and result.warnings == () and result.sun is None


def test_jmars_mode_warns_of_a_sun_it_does_not_turn() -> None:
    image = np.random.default_rng(2).integers(0, 256, (20, 20)).astype(np.float32)
    for azimuth, warned in ((270.0, False), (300.0, False), (90.0, True), (None, True)):
        result = predict_relief(
            reader(image), image.shape, (0, 20, 0, 20), (1.0, 1.0), identity(), azimuth, mode="jmars"
        )
        assert bool(result.warnings) is warned


def test_bad_requests_are_refused() -> None:
    image = np.zeros((30, 30), np.float32)
    with pytest.raises(InputError, match="nodata only"):
        relief(image, identity(), np.zeros(image.shape, bool))
    with pytest.raises(InputError, match="Mode 'fast'"):
        relief(image, identity(), mode="fast")
    with pytest.raises(CancelledError):
        relief(image, identity(), progress=lambda fraction, message: fraction < 0.2)


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    relief(picture((200, 200)), small_network(), progress=lambda fraction, message: seen.append(fraction) is None)
    assert seen == sorted(seen) and seen[-1] > 0.99


def test_incidence_scales_a_calibrated_image_and_leaves_stretched_counts_alone() -> None:
    """Gentle Lambert-like ground of known slope: the contrast of its radiance factor tells the slope."""
    column = np.linspace(0, 6 * np.pi, 200)
    height = (0.5 * np.sin(column) * np.ones((200, 1))).astype(np.float64)
    rng = np.random.default_rng(0)
    engine = identity(grey={"kind": "robust"}, height_unit="ground_pixel", height_scale=0.06)
    slope = np.gradient(height, axis=1)
    sigma = np.diff(np.percentile(slope, (15.87, 84.13)))[0] / 2
    # A network that was taught heights over 16 has 16 times that in its scale, and ground no steeper for it.
    divided = identity(grey={"kind": "robust"}, height_unit="ground_pixel", height_scale=0.96,
                       training={"height_divisor": 16.0})  # fmt: skip
    for incidence in (40.0, 65.0):
        picture = radiance(height, 1.0, 270.0, incidence, Scene(albedo=0.0, shadows=False), rng) * 0.1
        told = relief(picture.astype(np.float32), engine, sun_incidence=incidence)
        usual = relief(picture.astype(np.float32), engine)
        taught = [relief(picture.astype(np.float32), divided, sun_incidence=known) for known in (incidence, None)]
        assert taught[0].std() / taught[1].std() == pytest.approx(told.std() / usual.std(), rel=1e-3)
        assert told.std() / usual.std() == pytest.approx(sigma / 0.06, rel=0.15)
        counts = np.rint(picture * 2000).astype(np.float32)
        assert np.array_equal(relief(counts, engine, sun_incidence=incidence), relief(counts, engine))


@pytest.mark.parametrize("scale", [100.0, 1 / 2550])
def test_models_of_8_bit_grey_see_other_images_stretched_once(scale: float) -> None:
    """16 bit, and radiance factors: no clipping to 0..255, and one stretch for extents of one image."""
    eight = np.clip(np.rint(128 + 60 * picture((200, 240))), 0, 255).astype(np.float32)
    engine = identity(grey={"kind": "symmetric"})
    kept = relief(eight, engine)
    assert kept == pytest.approx((eight - eight.mean()) / 127.5, abs=1e-5)
    other = (eight * np.float32(scale)).astype(np.float32)
    told = relief(other, engine)
    assert np.corrcoef(told.ravel(), kept.ravel())[0, 1] > 0.99 and 0.9 < told.std() / kept.std() < 1.3
    near = relief(other, engine, window=(0, 200, 0, 200))
    assert (near - told[:, :200]).std() < 0.01 * told.std()


def test_metres_of_a_network_are_not_stretched_by_contrast() -> None:
    """Plain beside highlands, and a network that says 1,000 m everywhere, or metres from the grey."""
    image = picture((200, 900), 2.0) * np.where(np.arange(900) < 450, 10, 100).astype(np.float32) + 1000
    constant = identity(grey={"kind": "robust"}, height_offset=1000.0, height_scale=1e-6)
    assert np.ptp(relief(image, constant)) < 0.01
    spread = np.diff(np.percentile(image, (15.87, 84.13)))[0] / 2
    inside = np.abs(image - np.median(image)) < 3.9 * spread  # beyond, greys are clipped
    told = relief(image, identity(grey={"kind": "robust"}, height_scale=20.0))
    ratio = np.polyfit(image[inside], told[inside], 1)[0]
    assert ratio == pytest.approx(20.0 / spread, rel=0.02)


def test_a_scale_that_shading_does_not_tell_is_left_out_with_a_warning() -> None:
    """Polar shadow on over half of a calibrated image, and a sun in the zenith."""
    engine = identity(grey={"kind": "robust"}, height_unit="ground_pixel", height_scale=0.06)
    lit = (0.05 + 0.01 * picture((128, 128))).astype(np.float32)
    shadowed = np.where(np.random.default_rng(0).random(lit.shape) < 0.6, 0, lit).astype(np.float32)
    for image, incidence, words in ((shadowed, 80.0, "half of the image is black"), (lit, 0.0, "SUN_INCIDENCE is 0")):
        window = (0, 128, 0, 128)
        made = predict_relief(reader(image), image.shape, window, (1.0, 1.0), engine, 270.0, incidence)
        assert sum(words in warning for warning in made.warnings) == 1
        assert np.array_equal(made.height, relief(image, engine)) and np.isfinite(made.height).all()
