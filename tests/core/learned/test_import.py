"""The developers' import of official Pix2PixCC checkpoints: the published heights, and nothing but weights read."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from planetary_dtm.core.learned.engine import load_engine  # noqa: E402
from planetary_dtm.core.learned.model_file import load_model  # noqa: E402

SCRIPT = Path(__file__).resolve().parents[3] / ".ci" / "import_pix2pixcc.py"


@pytest.fixture(scope="module")
def script():
    if not SCRIPT.exists():
        pytest.skip("not in a checkout")
    spec = importlib.util.spec_from_file_location("import_pix2pixcc", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        from torch import nn

        half = [nn.ReplicationPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        again = [nn.ReplicationPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.block = nn.Sequential(*half, nn.Mish(), *again)

    def forward(self, x):
        return x + self.block(x)


def official(base):
    """The published generator's layers in their order, so that they get the published names."""
    from torch import nn

    layers, width = [nn.ReplicationPad2d(3), nn.Conv2d(1, base, 7), nn.InstanceNorm2d(base), nn.Mish()], base
    for _ in range(4):
        layers += [nn.Conv2d(width, 2 * width, 5, 2, 2), nn.InstanceNorm2d(2 * width), nn.Mish()]
        width *= 2
    layers += [Block(width) for _ in range(9)]
    for _ in range(4):
        layers += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1), nn.InstanceNorm2d(width // 2), nn.Mish()]
        width //= 2
    net = nn.Module()
    net.model = nn.Sequential(*layers, nn.ReplicationPad2d(3), nn.Conv2d(width, 1, 7))
    return net


def test_an_official_checkpoint_gives_the_published_heights(script, tmp_path, capsys):
    torch.manual_seed(1)
    net = official(2)
    torch.save(net.state_dict(), tmp_path / "G.pt")
    assert script.main([str(tmp_path / "G.pt"), str(tmp_path / "g.safetensors"), "--height-scale", "1000"]) == 0
    model = load_model(tmp_path / "g.safetensors")
    grey = np.random.default_rng(0).normal(size=(1, 1, 64, 64)).astype(np.float32)
    with torch.no_grad():
        expected = net.model(torch.from_numpy(grey)).numpy()
    for engine in ("torch", "numpy"):
        assert load_engine(model, engine).predict(grey) == pytest.approx(expected, abs=2e-3 * expected.std())
    assert model.heights(np.float32([-1, 1]), 100.0).tolist() == [0, 1000]


def test_what_is_no_generator_or_could_run_code_is_refused(script, tmp_path, capsys):
    torch.save({"model.1.weight": torch.zeros(2, 1, 7, 7)}, tmp_path / "a.pt")
    assert script.main([str(tmp_path / "a.pt"), str(tmp_path / "a.safetensors")]) == 1
    assert "no Pix2PixCC generator" in capsys.readouterr().err
    torch.save(official(2), tmp_path / "b.pt")  # a pickled module
    assert script.main([str(tmp_path / "b.pt"), str(tmp_path / "b.safetensors")]) == 1
    assert "cannot be read as plain weights" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.safetensors"))
