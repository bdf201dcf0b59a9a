"""What a training writes: models with their cards, and trainings that start from them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")


from planetary_dtm.core.learned import rendered_pairs, training  # noqa: E402
from planetary_dtm.core.learned.model_file import Model, load_model  # noqa: E402
from planetary_dtm.core.learned.networks import build, tensors  # noqa: E402
from planetary_dtm.core.learned.pairs import RenderedPairs  # noqa: E402
from planetary_dtm.core.learned.plan import Plan  # noqa: E402
from planetary_dtm.core.learned.scoring import export  # noqa: E402

from .small import AREAS, TINY  # noqa: E402

pytestmark = pytest.mark.usefixtures("small_scenes", "same_numbers")


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


@pytest.fixture
def command(dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Model]:
    """The command line on few pixels: a name and more words -> the model NAME.safetensors, from the folder NAME."""
    monkeypatch.setattr(training, "GLD100_AREAS", AREAS)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(training, "quickest_precision", lambda device: "float32")
    monkeypatch.setattr(training, "Plan", partial(Plan, first_scenes=2))
    monkeypatch.setattr(training, "export", partial(export, count=4))

    def made(name: str, *more: str) -> Model:
        places = [str(dems), str(tmp_path / name), str(tmp_path / f"{name}.safetensors")]
        training.main([*places, "--batch", "2", "--crop", "32", "--workers", "0", *more])
        return load_model(places[-1])

    return made


def test_the_shipped_models_card_names_the_command_that_trains_it_again(
    command: Callable[..., Model], dems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called anew with more to state, on the folder of a training that is done, it writes the same weights."""
    sizes = ["--widths", "4", "6", "--steps", "2"]
    first = command("work", *sizes).tensors
    again = command("work", *sizes, "--name", "Planetary DTM default", "--limits", "Weak on Io.")
    card = again.card
    assert all(np.array_equal(first[name], again.tensors[name]) for name in first)
    assert (card["name"], card["licence"]) == ("Planetary DTM default", "GPL-2.0-or-later")
    assert "Mars" in card["limits"] and card["limits"].endswith("Weak on Io.")
    said = f"python -m planetary_dtm.core.learned.training {dems.name} work work.safetensors --batch 2"
    assert card["command"].startswith(said) and str(tmp_path) not in card["command"]
    assert card["training"]["precision"] == "float32"
    monkeypatch.setattr(training, "quickest_precision", lambda device: "bfloat16")
    assert command("work", *sizes).card["training"]["precision"] == "float32"  # as the checkpoint's
    assert command("new", *sizes).card["training"]["precision"] == "bfloat16"
    (tmp_path / "work" / "checkpoint.pt").write_bytes(b"damaged")
    with pytest.raises(SystemExit, match=r"checkpoint\.pt' cannot be read"):
        command("work", *sizes)


def test_a_training_may_start_from_a_models_weights(
    command: Callable[..., Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second training moves the first one's weights a little, adds what scans, and its card tells of both."""
    monkeypatch.setattr(training, "LOG_EVERY", 1)
    sizes = ["--widths", "4", "6", "8", "--peak-rate", "1e-5"]
    first = command("one", *sizes, "--steps", "3", "--scans", "0")
    start = str(tmp_path / "one.safetensors")
    second = command("two", *sizes, "--steps", "2", "--scans", "4", "--start", start)
    assert all(np.allclose(value, second.tensors[name], atol=2e-3) for name, value in first.tensors.items())
    added = {name.split(".")[0] for name in set(second.tensors) - set(first.tensors)}
    assert added == {"scan2_0_in", "scan2_0_b", "scan2_1_in", "scan2_1_b"}
    curve = np.array(second.card["loss_curve"])
    assert second.card["training"]["steps_done"] == 5 and curve[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert np.all(np.diff(curve[:, 1]) >= 0)
    lines = second.card["command"].split("\n")
    assert lines[0] == first.card["command"] and "--start one.safetensors" in lines[1]
    with pytest.raises(SystemExit, match="same architecture"):
        command("three", "--steps", "2", "--widths", "4", "8", "8", "--start", start)
