"""Pix2PixCC's training: published sizes, losses that do what they say, one pair learnt by heart, killed runs, two
processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from planetary_dtm.core.errors import CancelledError  # noqa: E402
from planetary_dtm.core.learned.losses import correlations  # noqa: E402
from planetary_dtm.core.learned.networks import build, tensors  # noqa: E402
from planetary_dtm.core.learned.pix2pixcc import (  # noqa: E402
    discriminator,
    discriminator_loss,
    generator_losses,
    inspection,
)
from planetary_dtm.core.learned.plan import Plan, published  # noqa: E402
from planetary_dtm.core.learned.processes import Processes  # noqa: E402
from planetary_dtm.core.learned.trainers import trainer  # noqa: E402
from planetary_dtm.core.learned.training import read_log, train  # noqa: E402
from planetary_dtm.core.simulation.relief import random_relief  # noqa: E402
from planetary_dtm.core.simulation.shading import smooth  # noqa: E402

RUN = """
import sys
import numpy as np, torch
from planetary_dtm.core.learned.plan import published
from planetary_dtm.core.learned.processes import joined
from planetary_dtm.core.learned.training import train
torch.set_num_threads(1)

class Pairs:
    def batch(self, step):
        rng = np.random.default_rng(step)
        return tuple(rng.normal(size=(2, 1, 64, 64)).astype(np.float32) for _ in range(2))

plan = published(int(sys.argv[2]), 2, crop=64, batch=2, discriminator=4, checkpoint_every=20, ema=0.9)
with joined() as processes:
    weights = train(plan, Pairs(), sys.argv[1], processes)
if processes.first:
    np.savez(sys.argv[1] + "/weights.npz", **weights)
"""


def _start(folder: Path, steps: int, **variables: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.Popen([sys.executable, "-c", RUN, str(folder), str(steps)], env=environment)


class Noise:
    """The pairs of RUN."""

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(step)
        grey, height = (rng.normal(size=(2, 1, 64, 64)).astype(np.float32) for _ in range(2))
        return grey, height


def _plan(steps: int) -> Plan:
    return published(steps, 2, crop=64, batch=2, discriminator=4, checkpoint_every=20, ema=0.9)


def _weights(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "weights.npz") as made:
        return dict(made)


def test_the_discriminator_has_the_published_number_of_parameters() -> None:
    judge = discriminator()
    assert sum(weight.numel() for weight in judge.parameters()) == 2_763_713
    outputs = judge(torch.zeros(1, 1, 256, 256), torch.zeros(1, 1, 256, 256))
    assert [tuple(o.shape[1:]) for o in outputs[:3]] == [(64, 128, 128), (128, 64, 64), (256, 32, 32)]
    assert [tuple(o.shape[1:]) for o in outputs[3:]] == [(512, 31, 31), (1, 30, 30)]


def test_a_verdict_looks_at_70_pixels() -> None:
    """The gradient of one verdict reaches 70 x 70 pixels of the picture, when normalisation does not spread it."""
    judge = discriminator(2)
    for module in judge.modules():
        if isinstance(module, torch.nn.GroupNorm):
            module.forward = lambda x: x
    height = torch.randn(1, 1, 256, 256, requires_grad=True)
    judge(torch.randn(1, 1, 256, 256), height)[-1][0, 0, 15, 15].backward()
    rows, columns = torch.nonzero(height.grad[0, 0], as_tuple=True)
    assert [int(k.max() - k.min()) + 1 for k in (rows, columns)] == [70, 70]


def test_inspection_is_per_picture_and_over_four_scales() -> None:
    truth = torch.cumsum(torch.randn(3, 1, 64, 64), -1)
    assert float(inspection(truth, truth)) == pytest.approx(0, abs=1e-6)
    assert float(inspection(-truth, truth, concordance=False)) == pytest.approx(2, abs=1e-5)
    # Offsets that differ between pictures would hide in a correlation over the batch.
    apart = torch.tensor([-100.0, 0.0, 100.0])[:, None, None, None]
    noise = torch.randn(3, 1, 64, 64)
    assert float(inspection(noise + apart, torch.randn(3, 1, 64, 64) + apart, concordance=False)) > 0.9
    by_hand = [
        1
        - np.corrcoef(*(t[0, 0].numpy().reshape(64 // s, s, 64 // s, s).mean((1, 3)).ravel() for t in (noise, truth)))[
            0, 1
        ]
        for s in (1, 2, 4, 8)
    ]
    assert float(inspection(noise[:1], truth[:1], concordance=False)) == pytest.approx(np.mean(by_hand), abs=1e-4)


def test_losses_carry_the_published_weights() -> None:
    real = [torch.full((1, 1, 4, 4), value) for value in (1.0, 2.0, 3.0)]
    judged = [torch.full((1, 1, 4, 4), value) for value in (1.5, 2.0, 2.0)]
    truth = torch.randn(1, 1, 32, 32)
    found = generator_losses(judged, real, -truth, truth, concordance=False)
    assert float(found["adversarial"]) == pytest.approx(2 * 0.5 * 1.0)
    assert float(found["matching"]) == pytest.approx(10 * (0.5 + 0.0 + 1.0))
    assert float(found["correlation"]) == pytest.approx(5 * 2.0, abs=1e-4)
    assert float(discriminator_loss(judged[-1], real[-1])) == pytest.approx((4.0 + 4.0) / 2)


def test_one_pair_is_learnt_by_heart() -> None:
    """8 channels, 64 x 64 smooth pixels, five times the published rate: a correlation above 0.999 with its one pair."""
    height = smooth(random_relief((64, 64), 30.0, np.random.default_rng(3)), 3.0)
    height = ((height - height.mean()) / height.std()).astype(np.float32)[None, None]
    grey = (-np.gradient(height, axis=-1) * 4).astype(np.float32)
    learner = trainer(published(600, 8, crop=64, discriminator=8, ema=0.95, peak_rate=1e-3), Processes())
    truth, found = torch.from_numpy(height), 0.0
    for step in range(600):
        learner.update(step, (grey, height))
        if step % 25 == 24:
            with torch.no_grad():
                found = float(correlations(learner.average(torch.from_numpy(grey)), truth, concordance=False))
        if found > 0.999:
            break
    assert found > 0.999


def test_killed_and_resumed_equals_not_killed(tmp_path: Path) -> None:
    running = _start(tmp_path, 100_000)
    deadline = time.monotonic() + 300
    while not (read_log(tmp_path / "log.jsonl") or time.monotonic() > deadline or running.poll() is not None):
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    steps = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] + 30
    assert 70 <= steps <= 1000
    one_thread = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = train(_plan(steps), Noise(), tmp_path)
        expected = train(_plan(steps), Noise(), tmp_path / "whole")
    finally:
        torch.set_num_threads(one_thread)
    assert all(np.array_equal(expected[name], found[name]) for name in expected)
    logs = [[line["step"] for line in read_log(path / "log.jsonl")] for path in (tmp_path, tmp_path / "whole")]
    assert logs[0] == logs[1]


def test_a_signal_ends_the_step_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    def progress(fraction: float, message: str) -> bool:
        if message.startswith("Step 3 "):
            os.kill(os.getpid(), signal.SIGTERM)
        return True

    with pytest.raises(CancelledError, match=r"step 3 of 9.*checkpoint\.pt"):
        train(_plan(9), Noise(), tmp_path, progress=progress)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 3


def test_two_processes_equal_one_with_the_whole_batch(tmp_path: Path) -> None:
    """Biases before a normalisation have no gradient but rounding, which Adam makes steps of any sign: left out."""
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(20_000 + os.getpid() % 20_000)}
    pair = [_start(tmp_path, 3, RANK=str(rank), LOCAL_RANK=str(rank), **shared) for rank in (0, 1)]
    expected = train(_plan(3), Noise(), tmp_path / "one")
    start = tensors(build(_plan(3).network(), _plan(3).seed))
    assert [process.wait(300) for process in pair] == [0, 0]
    found = _weights(tmp_path)
    for name in (name for name in expected if name.endswith("weight") or name == "last.bias"):
        moved = float(np.sqrt(np.mean((expected[name] - start[name]) ** 2)))
        assert float(np.sqrt(np.mean((found[name] - expected[name]) ** 2))) < 0.02 * moved, name


@pytest.mark.parametrize("pictures", [1, 2])
def test_gradients_do_not_depend_on_the_order_in_memory(pictures: int) -> None:
    """torch's own instance norm fails this for one picture in channels-last order."""
    grey, height = (torch.from_numpy(values[:pictures]) for values in Noise().batch(0))
    gradients = []
    for order in (torch.contiguous_format, torch.channels_last):
        network = build(_plan(1).network(), 1).to(memory_format=order)
        inspection(network(grey), height).backward()
        gradients.append({name: value.grad for name, value in network.named_parameters() if name.endswith(".weight")})
    for name, expected in gradients[0].items():
        assert float((gradients[1][name] - expected).norm()) < 1e-3 * float(expected.norm()), name
