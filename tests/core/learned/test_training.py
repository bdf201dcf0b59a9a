"""Networks, loss, pairs and training: exact resume, exact pairs, and a loss that does what it says."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from osgeo import gdal, osr  # noqa: E402

from planetary_dtm.core import progress  # noqa: E402
from planetary_dtm.core.errors import CancelledError, InputError  # noqa: E402
from planetary_dtm.core.learned import losses, rendered_pairs, training  # noqa: E402
from planetary_dtm.core.learned.architectures import architecture  # noqa: E402
from planetary_dtm.core.learned.model_file import load_model, read_card  # noqa: E402
from planetary_dtm.core.learned.networks import build, load, tensors  # noqa: E402
from planetary_dtm.core.learned.pairs import RenderedPairs, _edged, areas_in, rendering_workers  # noqa: E402
from planetary_dtm.core.learned.plan import Plan, completed  # noqa: E402
from planetary_dtm.core.learned.processes import Processes  # noqa: E402
from planetary_dtm.core.learned.rendered_pairs import GLD100_AREAS, Area, Pair, PairSource  # noqa: E402
from planetary_dtm.core.learned.scoring import export, scores  # noqa: E402
from planetary_dtm.core.learned.trainers import trainer  # noqa: E402
from planetary_dtm.core.learned.training import read_log, train  # noqa: E402
from planetary_dtm.core.rasters import Raster, Window  # noqa: E402
from planetary_dtm.core.simulation.relief import random_relief  # noqa: E402

EVALUATION_BOX = (1.5, 24.0, 4.5, 27.0)  # Hadley, 2.5-3.5 E 25-26 N, and a degree around
DEFAULT_MODEL = Path(__file__).resolve().parents[3] / "resources" / "models" / "default.safetensors"
TINY = Plan(
    widths=(4, 6),
    scans=0,
    steps=6,
    batch=2,
    crop=32,
    warm_up=2,
    first_scenes=2,
    steps_per_scene=2,
    kept_scenes=3,
    precision="float32",
)


TINY_PIX = replace(TINY, architecture="pix2pixcc", base=2, discriminator=4, peak_rate=2e-4, height_divisor=16.0)


def write_dem(
    path: Path, height: np.ndarray, place: tuple[float, ...] = (10.0, 0.01, 0.0, 2.0, 0.0, -0.01), radius: int = 1737400
) -> None:
    """A DEM in degrees, by default of the Moon's equator; -32768 is nodata."""
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), *height.shape[::-1], 1, gdal.GDT_Float32)
    reference = osr.SpatialReference()
    reference.ImportFromProj4(f"+proj=longlat +R={radius} +no_defs")
    dataset.SetSpatialRef(reference)
    dataset.SetGeoTransform(place)
    dataset.GetRasterBand(1).SetNoDataValue(-32768)
    dataset.GetRasterBand(1).WriteArray(height)
    dataset.FlushCache()


@pytest.fixture(scope="module")
def dems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one DEM, 400 x 400 pixels of 0.01 degrees at the Moon's equator."""
    folder = tmp_path_factory.mktemp("dems")
    write_dem(folder / "dem.tif", random_relief((400, 400), 303.0, 3))
    return folder


AREAS = (Area("dem.tif", (10.0, -2.0, 12.5, 2.0)), Area("dem.tif", (12.6, -2.0, 14.0, 2.0), held_out=True))


@pytest.fixture(autouse=True)
def small_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PairSource.pair, "__defaults__", (64,))


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ["unet", "pix2pixcc"])
def test_networks_hold_the_tensors_that_the_architecture_names(name: str) -> None:
    graph = architecture(name, {"widths": (8, 12, 16)} if name == "unet" else {"base": 4})
    network = build(graph)
    assert {key: value.shape for key, value in tensors(network).items()} == graph.tensor_shapes()
    grey = torch.randn(2, 1, 64, 96)
    height = network(grey)
    assert height.shape == grey.shape
    copy = build(graph, seed=5)
    assert not torch.equal(copy(grey), height)
    load(copy, tensors(network))
    assert torch.equal(copy(grey), height)


def test_unet_shifts_with_its_input() -> None:
    """Far from the border, heights move with a picture moved by the network's multiple: tiles have no seams."""
    graph = architecture("unet", {"widths": (8, 12, 16)})
    network, grey = build(graph), torch.randn(1, 1, 160, 160)
    whole, part = network(grey), network(grey[..., graph.multiple :, graph.multiple :])
    inner = slice(64, 88)
    shifted = slice(64 + graph.multiple, 88 + graph.multiple)
    assert torch.allclose(whole[..., shifted, shifted], part[..., inner, inner], atol=1e-5)


def test_concordance_and_planes() -> None:
    truth = torch.randn(3, 1, 32, 40)
    assert losses.correlations(truth, truth).tolist() == pytest.approx([1.0] * 3)
    assert losses.correlations(truth + 1, truth).max() < 0.8
    assert losses.correlations(3 * truth + 1, truth, concordance=False).tolist() == pytest.approx([1.0] * 3)
    assert losses.correlations(-truth, truth).tolist() == pytest.approx([-1.0] * 3, abs=0.05)
    tilted = truth + 5 + 0.3 * torch.arange(40) - 0.1 * torch.arange(32)[:, None]
    assert torch.allclose(losses.plane_removed(tilted), losses.plane_removed(truth), atol=1e-4)


def test_loss_is_least_at_the_truth_and_blind_to_offsets() -> None:
    truth = torch.cumsum(torch.randn(2, 1, 64, 64), -1)
    at_truth = float(losses.relief_loss(truth, truth))
    assert at_truth == pytest.approx(0.0, abs=1e-5)
    assert float(losses.relief_loss(truth + 7.0, truth)) == pytest.approx(0.0, abs=1e-4)
    rising = [float(losses.relief_loss(factor * truth, truth)) for factor in (1.0, 0.5, 0.0, -1.0)]
    assert rising == sorted(rising) and rising[3] > rising[1] + 0.5


def test_pairs_are_exact_normalised_and_lit_from_the_left(dems: Path) -> None:
    source, again = PairSource(dems, 4, areas=AREAS), PairSource(dems, 4, areas=AREAS)
    correlation = []
    for number in range(8):
        pair = source.pair(number, 96)
        assert np.array_equal(pair.grey, again.pair(number, 96).grey)
        assert pair.grey.shape == pair.height.shape == (96, 96) and np.isfinite(pair.height).all()
        assert np.abs(np.median(pair.grey)) < 0.05 and np.abs(pair.grey).max() <= 4
        correlation.append(np.corrcoef(np.gradient(pair.height, axis=1).ravel(), pair.grey.ravel())[0, 1])
    assert np.median(correlation) > 0.4
    held_out = PairSource(dems, 4, held_out=True, areas=AREAS)
    assert not np.array_equal(held_out.pair(0, 96).grey, source.pair(0, 96).grey)


def test_pictures_taken_under_any_sun_are_turned_with_their_ground(dems: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered_pairs, "TURNED", 1.0)
    monkeypatch.setattr(rendered_pairs, "SUN_JITTER", 0.0)
    found = []
    for number in range(12):
        pair = PairSource(dems, 4, areas=AREAS).pair(number, 96)
        assert pair.grey.shape == pair.height.shape == (96, 96) and abs(pair.height.mean()) < 1e-3
        east, south = np.diff(pair.height, axis=1)[:-1], np.diff(pair.height, axis=0)[:, :-1]
        found.append([np.corrcoef(slope.ravel(), pair.grey[:-1, :-1].ravel())[0, 1] for slope in (east, south)])
    towards, across = np.array(found).T
    assert towards.min() > 0 and np.median(towards) > 0.4 and np.abs(across).mean() < 0.2
    # The picture is the ground's own, pixel by pixel: where it shows heights themselves, both agree but for a factor.
    monkeypatch.setattr(rendered_pairs, "photograph", lambda height, pixel, n, rng, azimuth: _mean_of(height, n))
    monkeypatch.setattr(rendered_pairs, "grey_scale", lambda *_: lambda grey, valid: grey)
    for number in range(4):
        pair = PairSource(dems, 4, areas=AREAS).pair(number, 96)
        assert np.corrcoef(pair.grey.ravel(), pair.height.ravel())[0, 1] > 0.9999


def _mean_of(height: np.ndarray, side: int) -> np.ndarray:
    rows, columns = (length // side for length in height.shape)
    return height.reshape(rows, side, columns, side).mean(axis=(1, 3)).astype(np.float32)


def test_crops_end_as_turned_pictures_do() -> None:
    grey = np.random.default_rng(0).normal(3, 1, (256, 256)).astype(np.float32)
    edged = [_edged(grey, np.random.default_rng(seed)) for seed in range(30)]
    shares = np.array([np.mean(seen != grey) for seen in edged])
    assert shares.max() < 0.36 and np.sum(shares > 0.02) > 8
    seen = edged[int(shares.argmax())]
    hidden = seen != grey
    assert np.abs(seen[hidden & (seen != 0)] - 3).mean() < 0.5  # continued smoothly
    assert all(side.all() or not side.any() for side in (hidden[[0, 0, -1, -1], [0, -1, 0, -1]][:, None]))
    assert np.array_equal(seen, _edged(grey, np.random.default_rng(int(shares.argmax()))))


def test_gaps_of_a_dem_are_never_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ground 2,500 m below the sphere: a gap taken for 0 m would be the highest cliff of the scene."""
    height = random_relief((400, 400), 303.0, 3) - 2500
    height[:, 100:150] = -32768
    write_dem(tmp_path / "dem.tif", height)
    source = PairSource(tmp_path, 1, areas=AREAS)
    for number in range(6):
        seen, pixel = source._real(64, np.random.default_rng(number))
        assert seen.max() < height.max() + 500 and pixel > 0
    write_dem(tmp_path / "dem.tif", np.full((400, 400), -32768.0))
    monkeypatch.setattr(rendered_pairs, "TRIES", 9)
    with pytest.raises(InputError, match=r"dem\.tif has gaps in all"):
        source._real(64, np.random.default_rng(0))


def test_known_areas_are_those_of_gld100_files_alone(tmp_path: Path) -> None:
    hadley = (-8.0, 0.1, 0.0, 32.0, 0.0, -0.1)
    write_dem(tmp_path / "hadley_apennines.tif", np.zeros((160, 200)), hadley)
    areas = areas_in(tmp_path)
    assert {area.held_out for area in areas} == {False, True}
    assert not any(_overlap(area.box, EVALUATION_BOX) for area in areas)
    write_dem(tmp_path / "copernicus.tif", np.zeros((50, 50)))
    both = areas_in(tmp_path)
    boxes = [area.box for area in both if area.file == "copernicus.tif"]
    assert np.allclose(boxes, [(10, 1.5, 10.44, 2), (10.44, 1.5, 10.5, 2)])
    assert [area for area in both if area.file != "copernicus.tif"] == list(GLD100_AREAS[-3:])
    write_dem(tmp_path / "mars.tif", np.zeros((50, 50)), radius=3396190)
    with pytest.raises(InputError, match="Moon.*Mars.*different bodies"):
        areas_in(tmp_path)


def test_windows_of_a_global_dem_are_square_on_the_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    height = random_relief((720, 1440), 7580.0, 3)
    write_dem(tmp_path / "dem.tif", height, (-180.0, 0.25, 0.0, 90.0, 0.0, -0.25))
    areas = areas_in(tmp_path)
    assert sum((a.box[2] - a.box[0]) * (a.box[3] - a.box[1]) for a in areas) == pytest.approx(360 * 180)
    windows, read = [], Raster.read

    def noted(self: Raster, window: Window, *rest: Any, **named: Any) -> Any:
        windows.append(window)
        return read(self, window, *rest, **named)

    monkeypatch.setattr(Raster, "read", noted)
    source, pixels = PairSource(tmp_path, 1, areas=areas), []
    for number in range(40):
        pixels.append(source._real(64, np.random.default_rng(number))[1])
    for window in windows:
        latitude = 90 - 0.25 * (window.row + window.height / 2)
        if abs(latitude) < 75:
            shape = window.width * np.cos(np.radians(latitude)) / window.height
            assert shape == pytest.approx(1, abs=0.25), latitude
    least, most = RenderedPairs(tmp_path, TINY, areas).card()["gsd_m"]
    assert least < 10 and most == 1000 and max(pixels) < 7600


@pytest.mark.parametrize("plan", [TINY, TINY_PIX], ids=["unet", "pix2pixcc"])
def test_stopped_and_resumed_equals_not_stopped(plan: Plan, dems: Path, tmp_path: Path) -> None:
    whole = train(plan, RenderedPairs(dems, plan, AREAS), tmp_path / "whole")
    calls = iter(range(100))

    def steps(fraction: float, message: str = "") -> int:
        return next(calls) if message else 0  # without one it is asked within a step

    with pytest.raises(CancelledError, match="step 3 of 6"):
        train(plan, RenderedPairs(dems, plan, AREAS), tmp_path / "parts", progress=lambda *told: steps(*told) < 2)
    resumed = train(plan, RenderedPairs(dems, plan, AREAS), tmp_path / "parts")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    other = replace(plan, peak_rate=1.0)
    with pytest.raises(InputError, match="peak_rate"):
        train(other, RenderedPairs(dems, other, AREAS), tmp_path / "parts")


@pytest.mark.parametrize("plan", [TINY, TINY_PIX], ids=["unet", "pix2pixcc"])
def test_cancel_is_heard_within_a_step_and_drops_it(
    plan: Plan, dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of a large network takes seconds: it is left at its next layer, forwards or backwards, and done anew."""
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.0)
    breaths = [0]

    def count(fraction: float, message: str = "") -> bool:
        breaths.append(0) if message else breaths.__setitem__(-1, breaths[-1] + 1)
        return len(breaths) < 3 or breaths[-1] < breaths[1] - 1  # the last but one of the third step

    whole = train(plan, RenderedPairs(dems, plan, AREAS), tmp_path / "whole")
    with pytest.raises(CancelledError, match="step 2 of 6"):
        train(plan, RenderedPairs(dems, plan, AREAS), tmp_path / "parts", progress=count)
    assert breaths[1] > len(plan.network().nodes)
    resumed = train(plan, RenderedPairs(dems, plan, AREAS), tmp_path / "parts")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


def test_stopped_before_its_first_step_it_writes_no_checkpoint(
    dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large network one has hundreds of MB, which whoever stops at once would wait for."""
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.0)
    with pytest.raises(CancelledError, match="before the first"):
        train(TINY_PIX, RenderedPairs(dems, TINY_PIX, AREAS), tmp_path, progress=lambda *told: False)
    assert not (tmp_path / training.CHECKPOINT).exists()


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(
    dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = RenderedPairs(dems, TINY, AREAS)
    train(replace(TINY, steps=2), pairs, tmp_path)
    monkeypatch.setattr(losses, "relief_loss", lambda predicted, truth, across: predicted.sum() * math.nan)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(InputError, match=r"not finite at step 2.*checkpoint\.pt holds step 2"):
        train(TINY, pairs, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    with pytest.raises(InputError, match="not finite at step 0.*no checkpoint was written yet"):
        train(TINY, pairs, tmp_path / "new")


def test_weights_that_are_not_finite_never_reach_the_checkpoint(
    dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root of nothing: its value is finite, its gradient is not."""
    pairs, sound = RenderedPairs(dems, TINY, AREAS), losses.relief_loss
    train(replace(TINY, steps=2), pairs, tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    monkeypatch.setattr(losses, "relief_loss", lambda p, t, a: sound(p, t, a) + (p * 0).square().sum().sqrt())
    with pytest.raises(InputError, match=r"weights are not finite at step 3.*checkpoint\.pt holds step 2"):
        train(replace(TINY, checkpoint_every=1), pairs, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_checkpoint_of_another_architecture_or_none_is_refused(dems: Path, tmp_path: Path) -> None:
    train(replace(TINY, steps=1), RenderedPairs(dems, TINY, AREAS), tmp_path)
    pairs = RenderedPairs(dems, TINY_PIX, AREAS)
    with pytest.raises(InputError, match="'unet'.*'pix2pixcc'"):
        train(TINY_PIX, pairs, tmp_path / "other", resume=tmp_path / "checkpoint.pt")
    (tmp_path / "junk.pt").write_bytes(b"PK junk")
    with pytest.raises(InputError, match="damaged or no checkpoint"):
        train(TINY_PIX, pairs, tmp_path / "other", resume=tmp_path / "junk.pt")
    with pytest.raises(InputError, match="does not exist"):
        train(TINY_PIX, pairs, tmp_path / "other", resume=tmp_path / "none.pt")


def test_plans_written_before_there_were_scans_had_none() -> None:
    written = {key: value for key, value in asdict(TINY).items() if key != "scans"}
    assert completed(written)["scans"] == 0 and TINY.differences(completed(written)) == []
    assert replace(TINY, scans=32).differences(written) == ["scans"]


def test_pairs_other_than_the_checkpoints_are_refused(dems: Path, tmp_path: Path) -> None:
    """One whose pairs are not known, as the first checkpoints', is taken."""
    plan, other = replace(TINY, steps=1), tuple(reversed(AREAS))
    pairs = [RenderedPairs(dems, plan, areas) for areas in (AREAS, other, AREAS)]
    first, second, again = (each.fingerprint() for each in pairs)
    assert first == again != second
    train(plan, pairs[0], tmp_path, fingerprint=first)
    train(plan, pairs[0], tmp_path, fingerprint=again)
    with pytest.raises(InputError, match=r"checkpoint\.pt.*other pairs"):
        train(plan, pairs[1], tmp_path / "new", resume=tmp_path / "checkpoint.pt", fingerprint=second)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del state["pairs"]
    torch.save(state, tmp_path / "checkpoint.pt")
    train(plan, pairs[1], tmp_path, fingerprint=second)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """The file size limit stands for a full disk: writing fails half-way, with an error of the system."""
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, allowed[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)


def test_a_full_disk_keeps_the_last_checkpoint(dems: Path, tmp_path: Path) -> None:
    pairs = RenderedPairs(dems, TINY, AREAS)
    train(replace(TINY, steps=2), pairs, tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with disk_of(len(before) // 2), pytest.raises(InputError, match=r"checkpoint\.pt.*cannot be written"):
        train(TINY, pairs, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "log.jsonl"]


def test_interrupts_do_not_reach_workers_and_scenes_come_without_them(dems: Path) -> None:
    with rendering_workers(1) as pool:
        assert pool is not None
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        assert pool.submit(os.getpid).result() == worker
        os.kill(worker, signal.SIGKILL)
        greys, heights = RenderedPairs(dems, TINY, AREAS, pool).batch(0)
    expected = RenderedPairs(dems, TINY, AREAS).batch(0)
    assert np.array_equal(greys, expected[0]) and np.array_equal(heights, expected[1])


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_goes_the_way_of_full_precision(precision: str) -> None:
    """The first loss is that of full precision to two per cent, heights stay float32, and the weights move."""
    batch = _batch(2)
    full, mixed = (trainer(replace(TINY_PIX, precision=kind), Processes()) for kind in ("float32", precision))
    before = full.weights()["last.weight"].copy()
    assert mixed.update(0, batch)["loss"] == pytest.approx(full.update(0, batch)["loss"], rel=0.02)
    with mixed._mixed():
        assert mixed.networks["network"](torch.from_numpy(batch[0])).dtype == torch.float32
    for step in range(1, 6):  # in float16 the first ones may be left out until the loss's scale suits
        mixed.update(step, batch)
    assert 1e-5 < float(np.abs(mixed.weights()["last.weight"] - before).mean()) < 1e-2


def test_the_log_of_a_killed_run_is_cut_at_the_checkpoint(tmp_path: Path) -> None:
    lines = [{"step": step, "loss": 1.0, "seconds": 2.0 * step, "cpu_seconds": 1.0 * step} for step in (50, 100, 150)]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 2')
    assert read_log(path) == lines
    log = training._Log(path, 100)
    log.add(150, {"loss": 0.5})
    again = read_log(path)
    assert [line["step"] for line in again] == [50, 100, 150] and again[2]["loss"] == 0.5
    assert again[2]["seconds"] >= 200 and again[2]["cpu_seconds"] >= 100
    training._Log(tmp_path / "new.jsonl", 150, path)  # of a checkpoint elsewhere
    assert read_log(tmp_path / "new.jsonl") == again
    before = path.read_text()
    with disk_of(9), pytest.raises(InputError, match=r"log\.jsonl.*cannot be written"):
        training._Log(path, 100)
    assert path.read_text() == before
    path.write_text('{"step": 50}\n')
    assert read_log(path) == []


def test_export_writes_a_model_that_loads(dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tensors(build(TINY.network()))
    log = [{"step": 50 * n, "loss": 2.0 / n, "seconds": 90.0 * n, "cpu_seconds": 72.0 * n} for n in range(1, 251)]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1735790400")
    export(TINY, weights, 0, RenderedPairs(dems, TINY, AREAS), tmp_path / "model.safetensors", log, count=4)
    model = load_model(tmp_path / "model.safetensors")
    assert model.card["cpu_hours"] == 5.0 and 80 <= len(model.card["loss_curve"]) <= 100
    assert model.card["loss_curve"][-1] == [12500, 18000.0, 0.008]
    assert model.card["options"] == {"widths": [4, 6]} and model.card["sun_azimuth"] == rendered_pairs.SUN_AZIMUTH
    assert model.card["training_boxes"] == [[10.0, -2.0, 12.5, 2.0]]
    assert (model.card["name"], model.card["body"], model.card["date"]) == ("U-Net, Moon", "Moon", "2025-01-02")
    assert "Mars" in model.card["limits"] and "25 to 80 degrees" in model.card["limits"]
    assert model.card["licence"] == "not stated" and model.card["gsd_m"] == [5.01, 1000]
    assert set(model.card["metrics"]) <= {"rendered GLD100", "simulated"}
    assert model.tensors["stem.weight"] == pytest.approx(weights["stem.weight"], abs=1e-3)


@pytest.mark.parametrize("plan", [TINY, TINY_PIX], ids=["unet", "pix2pixcc"])
def test_pairs_of_any_size_are_scored_on_the_part_that_the_strides_divide(plan: Plan) -> None:
    graph, rng = plan.network(), np.random.default_rng(1)
    odd = Pair(*(rng.normal(size=(2, 98, 90)).astype(np.float32)), 0.1, "pairs")
    even = odd.middle(98 - 98 % graph.multiple, 90 - 90 % graph.multiple)
    weights = tensors(build(graph))
    assert even.grey.shape != odd.grey.shape and scores(plan, weights, [odd]) == scores(plan, weights, [even])


def test_the_shipped_models_card_names_the_command_that_trains_it_again(
    dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called anew with more to state, on the folder of a training that is done, it writes the same weights."""
    monkeypatch.setattr(training, "GLD100_AREAS", AREAS)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(training, "Plan", partial(Plan, first_scenes=2, precision="float32"))
    monkeypatch.setattr(training, "export", partial(export, count=4))
    sizes = ["--widths", "4", "6", "--steps", "2", "--batch", "2", "--crop", "32", "--workers", "0"]
    made = []
    for more in ([], ["--name", "Planetary DTM default", "--limits", "Weak on Io."]):
        training.main([str(dems), str(tmp_path / "work"), str(tmp_path / "m.safetensors"), *sizes, *more])
        made.append(load_model(tmp_path / "m.safetensors"))
    first, card = made[0].tensors, made[1].card
    assert all(np.array_equal(first[name], made[1].tensors[name]) for name in first)
    assert (card["name"], card["licence"]) == ("Planetary DTM default", "GPL-2.0-or-later")
    assert "Mars" in card["limits"] and card["limits"].endswith("Weak on Io.")
    command = f"python -m planetary_dtm.core.learned.training {dems.name} work m.safetensors --widths 4 6 --steps 2"
    assert card["command"].startswith(command) and str(tmp_path) not in card["command"]


def test_a_training_may_start_from_a_models_weights(
    dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second training moves the first one's weights a little, adds what scans, and its card tells of both."""
    monkeypatch.setattr(training, "GLD100_AREAS", AREAS)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(training, "Plan", partial(Plan, first_scenes=2, precision="float32"))
    monkeypatch.setattr(training, "export", partial(export, count=2))
    monkeypatch.setattr(training, "LOG_EVERY", 1)
    sizes = ["--widths", "4", "6", "8", "--batch", "2", "--crop", "32", "--workers", "0", "--peak-rate", "1e-5"]

    def made(name: str, *more: str) -> Any:
        training.main([str(dems), str(tmp_path / name), str(tmp_path / f"{name}.safetensors"), *sizes, *more])
        return load_model(tmp_path / f"{name}.safetensors")

    first = made("one", "--steps", "3", "--scans", "0")
    start = str(tmp_path / "one.safetensors")
    second = made("two", "--steps", "2", "--scans", "4", "--start", start)
    assert all(np.allclose(value, second.tensors[name], atol=2e-3) for name, value in first.tensors.items())
    added = {name.split(".")[0] for name in set(second.tensors) - set(first.tensors)}
    assert added == {"scan2_0_in", "scan2_0_b", "scan2_1_in", "scan2_1_b"}
    curve = np.array(second.card["loss_curve"])
    assert second.card["training"]["steps_done"] == 5 and curve[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert np.all(np.diff(curve[:, 1]) >= 0)
    lines = second.card["command"].split("\n")
    assert lines[0] == first.card["command"] and "--start one.safetensors" in lines[1]
    with pytest.raises(SystemExit, match="same architecture"):
        made("three", "--steps", "2", "--widths", "4", "8", "8", "--start", start)


def _batch(count: int, side: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    heights = np.stack([random_relief((side, side), 30.0, rng) for _ in range(count)])[:, None] / 100
    greys = -np.gradient(heights, axis=-1) * 5
    return greys.astype(np.float32), (heights - heights.mean((2, 3), keepdims=True)).astype(np.float32)


def test_training_boxes_miss_the_evaluation_box_and_the_held_out_ground() -> None:
    held_out = [area for area in GLD100_AREAS if area.held_out]
    for box in read_card(DEFAULT_MODEL)["training_boxes"]:
        assert not _overlap(box, EVALUATION_BOX)
        assert not any(_overlap(box, area.box) for area in held_out)
    assert [list(area.box) for area in GLD100_AREAS if not area.held_out] == read_card(DEFAULT_MODEL)["training_boxes"]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
