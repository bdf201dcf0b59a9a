"""Architectures: published parameter counts, sizes that fit together, and cards that ask for nonsense."""

from __future__ import annotations

import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.learned.architectures import OPERATIONS, architecture


@pytest.mark.parametrize(("base", "count"), [(64, 193_571_841), (8, 3_027_585)])
@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_pix2pixcc_has_the_published_number_of_parameters(base: int, count: int, upsampling: str) -> None:
    assert architecture("pix2pixcc", {"base": base, "upsampling": upsampling}).parameters() == count


def test_the_default_model_is_small() -> None:
    unet = architecture("unet")
    assert unet.parameters() * 2 < 5e6 and unet.multiple == 32


@pytest.mark.parametrize(
    ("name", "options"),
    [("unet", {"widths": [8, 12]}), ("unet", {"widths": [8, 12, 16, 16], "scans": 8}), ("pix2pixcc", {"base": 4})],
)
def test_graphs_are_consistent(name: str, options: dict[str, object]) -> None:
    known = {"grey": 1}
    for node in architecture(name, options).nodes:  # type: ignore[arg-type]
        assert node.op in OPERATIONS and node.name not in known
        assert all(known[source] == node.channels_in for source in node.inputs)
        known[node.name] = node.channels
    assert known[node.name] == 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet", {}),
        ("unet", {"depth": 3}),
        ("unet", {"widths": 32}),
        ("unet", {"widths": [32] * 9}),
        ("unet", {"widths": [32, 0]}),
        ("unet", {"widths": [1 << 20]}),
        ("unet", {"scans": 6}),
        ("unet", {"scans": -4}),
        ("unet", {"scans": 4096}),
        ("pix2pixcc", {"base": True}),
        ("pix2pixcc", {"base": 1 << 30}),
        ("pix2pixcc", {"blocks": 500}),
        ("pix2pixcc", {"upsampling": "cubic"}),
    ],
)
def test_absurd_architectures_are_refused(name: str, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        architecture(name, options)  # type: ignore[arg-type]
