"""Turn an official Pix2PixCC generator checkpoint (a .pt file of weights) into a model file of this project.

For developers; it is no part of the release. Weights only: torch.load refuses anything that could run code. The layers
of the published code (github.com/JeongHyunJin/Pix2PixCC, transposed convolutions, 4 downsamplings, 9 blocks) are found
by name: model.{1,4,7,10,13}, model.{16..24}.block.{1,5}, model.{25,28,31,34,38}.

    .venv/bin/python .ci/import_pix2pixcc.py G.pt MODEL.safetensors --height-scale 39586 [--name NAME] [--licence TEXT]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planetary_dtm.core.errors import InputError, PlanetaryDtmError
from planetary_dtm.core.learned.architectures import architecture
from planetary_dtm.core.learned.model_file import save_model

BLOCKS = 9
LAYERS = {
    **{
        f"model.{number}": name
        for number, name in zip((1, 4, 7, 10, 13), ("first", "down1", "down2", "down3", "down4"))
    },
    **{f"model.{16 + k}.block.1": f"block{k}_a" for k in range(BLOCKS)},
    **{f"model.{16 + k}.block.5": f"block{k}_b" for k in range(BLOCKS)},
    **{f"model.{number}": name for number, name in zip((25, 28, 31, 34, 38), ("up3", "up2", "up1", "up0", "last"))},
}


def renamed(state: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """The generator's weights under this project's names, float32; InputError for another network's."""
    plain = {name.removeprefix("module."): value for name, value in state.items()}
    expected = {f"{layer}.{kind}" for layer in LAYERS for kind in ("weight", "bias")}
    if set(plain) != expected:
        odd = sorted(set(plain) ^ expected)[:3]
        raise InputError(
            f"The checkpoint is no Pix2PixCC generator with transposed convolutions: see {', '.join(odd)}."
        )
    found = {}
    for name, value in plain.items():
        layer, kind = name.rsplit(".", 1)
        found[f"{LAYERS[layer]}.{kind}"] = value.detach().float().cpu().numpy()
    return found


def card(weights: Mapping[str, np.ndarray[Any, Any]], height_scale: float, name: str, licence: str) -> dict[str, Any]:
    """A model card: 8-bit grey as -1..1, output -1..1 as 0..height_scale metres, sun anywhere, as published."""
    return {
        "name": name,
        "architecture": "pix2pixcc",
        "options": {"base": int(weights["first.weight"].shape[0]), "upsampling": "transposed"},
        "input_bands": ["grey"],
        "input_size": 1024,
        "grey": {"kind": "symmetric"},
        "height_unit": "metre",
        "height_scale": height_scale / 2,
        "height_offset": height_scale / 2,
        "sun_azimuth": None,
        "training_data": "imported; see its authors",
        "training_boxes": [],
        "licence": licence,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 1 with one sentence where the checkpoint cannot be used."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("checkpoint", help="weights of the generator (.pt)")
    parser.add_argument("output", help="model file to write (.safetensors)")
    parser.add_argument("--height-scale", type=float, default=39586.0, help="metres from -1 to 1 of the output")
    parser.add_argument("--name", default="Pix2PixCC, imported")
    parser.add_argument("--licence", default="as its authors state")
    parser.add_argument("--half", action="store_true", help="store half precision (half the size)")
    options = parser.parse_args(arguments)
    import torch

    try:
        try:
            state = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
        except Exception as error:  # a refused or damaged file fails in as many ways as there are formats
            raise InputError(f"{options.checkpoint!r} cannot be read as plain weights.") from error
        weights = renamed(state)
        made = card(weights, options.height_scale, options.name, options.licence)
        if options.half:
            weights = {name: value.astype(np.float16) for name, value in weights.items()}
        save_model(options.output, weights, made)
    except PlanetaryDtmError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.output}: {architecture('pix2pixcc', made['options']).parameters():,} parameters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
