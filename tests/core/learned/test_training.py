"""Training: exact resume, and what stops it leaves the last checkpoint."""

from __future__ import annotations

import json
import math
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")


from planetary_dtm.core import progress  # noqa: E402
from planetary_dtm.core.errors import CancelledError, InputError  # noqa: E402
from planetary_dtm.core.learned import losses, training  # noqa: E402
from planetary_dtm.core.learned.pairs import RenderedPairs  # noqa: E402
from planetary_dtm.core.learned.plan import Plan, completed  # noqa: E402
from planetary_dtm.core.learned.processes import Processes, quickest_precision  # noqa: E402
from planetary_dtm.core.learned.trainers import trainer  # noqa: E402
from planetary_dtm.core.learned.training import read_log, train  # noqa: E402
from planetary_dtm.core.simulation.relief import random_relief  # noqa: E402

from .small import AREAS, TINY, TINY_PIX  # noqa: E402

pytestmark = pytest.mark.usefixtures("small_scenes", "same_numbers")


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


@pytest.mark.parametrize("native", [False, True])
def test_the_quickest_precision_is_half_only_where_it_is_native(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: native, raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0) if native else (7, 5))
    assert quickest_precision("cpu") == ("bfloat16" if native else "float32")
    assert quickest_precision("cuda:0") == ("bfloat16" if native else "float16")


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


def _batch(count: int, side: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    heights = np.stack([random_relief((side, side), 30.0, rng) for _ in range(count)])[:, None] / 100
    greys = -np.gradient(heights, axis=-1) * 5
    return greys.astype(np.float32), (heights - heights.mean((2, 3), keepdims=True)).astype(np.float32)
