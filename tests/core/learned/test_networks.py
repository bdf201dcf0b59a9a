"""Networks and their losses: tensors, shifts, and losses that do what they say."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")


from planetary_dtm.core.learned import losses  # noqa: E402
from planetary_dtm.core.learned.architectures import architecture  # noqa: E402
from planetary_dtm.core.learned.networks import build, load, tensors  # noqa: E402
from planetary_dtm.core.learned.plan import Plan  # noqa: E402
from planetary_dtm.core.learned.rendered_pairs import Pair  # noqa: E402
from planetary_dtm.core.learned.scoring import scores  # noqa: E402

from .small import TINY, TINY_PIX  # noqa: E402

pytestmark = pytest.mark.usefixtures("small_scenes", "same_numbers")


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


@pytest.mark.parametrize("plan", [TINY, TINY_PIX], ids=["unet", "pix2pixcc"])
def test_pairs_of_any_size_are_scored_on_the_part_that_the_strides_divide(plan: Plan) -> None:
    graph, rng = plan.network(), np.random.default_rng(1)
    odd = Pair(*(rng.normal(size=(2, 98, 90)).astype(np.float32)), 0.1, "pairs")
    even = odd.middle(98 - 98 % graph.multiple, 90 - 90 % graph.multiple)
    weights = tensors(build(graph))
    assert even.grey.shape != odd.grey.shape and scores(plan, weights, [odd]) == scores(plan, weights, [even])
