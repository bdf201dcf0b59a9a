"""Pix2PixCC's training (Jeong et al. 2022, arXiv:2204.12068): discriminator, inspector and losses.

The generator is `architectures.pix2pixcc`. Unlike the published code, correlations are taken per picture, so that the
pictures of a batch, or of the processes that share it, do not mix. Grey and heights are (n, 1, h, w) throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .losses import correlations, pyramid
from .networks import breathe_backward

if TYPE_CHECKING:
    import torch

ADVERSARIAL, MATCHING, CORRELATION = 2.0, 10.0, 5.0  # weights of the generator's losses
INSPECTED_SCALES = 4
RATE, BETAS = 2e-4, (0.5, 0.999)  # Adam, both networks


def discriminator(base: int = 64, seed: int = 0) -> torch.nn.Module:
    """The patch discriminator of (grey, height) pairs: forward(grey, height) -> the outputs of its five blocks.

    The last output (n, 1, h', w') judges patches of 70 x 70 pixels; the others are the features to match. base:
    channels of the first layer (64 as published: 2,763,713 parameters). Initialised from `seed`, normal, sigma 0.02.
    """
    import torch
    from torch import nn

    def block(entering: int, leaving: int, stride: int, norm: bool = True, last: bool = False) -> nn.Sequential:
        layers: list[nn.Module] = [nn.Conv2d(entering, leaving, 4, stride, 1)]
        layers += [nn.GroupNorm(leaving, leaving, affine=False)] if norm else []  # instance norm, see `networks`
        return nn.Sequential(*layers, *([] if last else [nn.LeakyReLU(0.2)]))

    class Discriminator(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(
                [
                    block(2, base, 2, norm=False),
                    block(base, 2 * base, 2),
                    block(2 * base, 4 * base, 2),
                    block(4 * base, 8 * base, 1),
                    block(8 * base, 1, 1, norm=False, last=True),
                ]
            )

        def forward(self, grey: torch.Tensor, height: torch.Tensor) -> list[torch.Tensor]:
            outputs = [torch.cat((grey, height), dim=1)]
            for layers in self.blocks:
                outputs.append(layers(outputs[-1]))
                breathe_backward(outputs[-1])
            return outputs[1:]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = Discriminator()
        for layers in made.blocks:
            nn.init.normal_(layers[0].weight, 0.0, 0.02)
            nn.init.zeros_(layers[0].bias)
    return made


def inspection(predicted: torch.Tensor, truth: torch.Tensor, concordance: bool = True) -> torch.Tensor:
    """1 - CC, the mean over pictures and over the resolutions 1, 1/2, 1/4, 1/8."""
    levels = zip(pyramid(predicted, INSPECTED_SCALES), pyramid(truth, INSPECTED_SCALES))
    apart = sum((1 - correlations(p, t, concordance)).mean() for p, t in levels)
    return apart / INSPECTED_SCALES


def generator_losses(
    judged: list[torch.Tensor],
    real: list[torch.Tensor],
    predicted: torch.Tensor,
    truth: torch.Tensor,
    concordance: bool = True,
) -> dict[str, torch.Tensor]:
    """The weighted losses of the generator, whose sum it minimises.

    judged, real: the discriminator's outputs for the predicted and for the true pair (the latter without gradient).
    Least squares against "real" (half the mean square, as published), L1 between all outputs, inspection of heights.
    """
    adversarial = (judged[-1].float() - 1).square().mean() / 2
    matching = sum((a.float() - b.float()).abs().mean() for a, b in zip(judged, real))
    return {
        "adversarial": ADVERSARIAL * adversarial,
        "matching": MATCHING * matching,
        "correlation": CORRELATION * inspection(predicted, truth, concordance),
    }


def discriminator_loss(judged: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Least squares of the last outputs: true pairs towards 1, predicted ones towards 0 (Mao et al. 2017)."""
    return ((real.float() - 1).square().mean() + judged.float().square().mean()) / 2
