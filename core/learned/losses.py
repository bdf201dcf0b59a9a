"""What training minimises and what scores are made of; correlations are per picture, never over a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

SCALES = 5  # 1, 1/2, ... 1/16
HEIGHTS = 0.5  # weight of the height error and of 1 - concordance at each of two scales


def pyramid(height: torch.Tensor, scales: int = SCALES) -> list[torch.Tensor]:
    """Heights (n, 1, h, w) at 1, 1/2, 1/4 ... of the resolution (area means)."""
    import torch.nn.functional as F

    levels = [height]
    while len(levels) < scales:
        levels.append(F.avg_pool2d(levels[-1], 2))
    return levels


def plane_removed(height: torch.Tensor) -> torch.Tensor:
    """Heights (n, 1, h, w) less their least-squares plane: what a picture cannot tell."""
    import torch

    rows, columns = height.shape[-2:]
    y = torch.linspace(-1, 1, rows, device=height.device)[:, None]
    x = torch.linspace(-1, 1, columns, device=height.device)
    height = height - height.mean((-2, -1), keepdim=True)
    for axis in (y, x):  # orthogonal on a full grid, so one after the other
        height = height - axis * (height * axis).mean((-2, -1), keepdim=True) / axis.square().mean()
    return height


def correlations(predicted: torch.Tensor, truth: torch.Tensor, concordance: bool = True) -> torch.Tensor:
    """Concordance (Lin 1989) or Pearson correlation of each picture (n,)."""
    dims = (-3, -2, -1)
    p, t = predicted - predicted.mean(dims, keepdim=True), truth - truth.mean(dims, keepdim=True)
    covariance, variances = (p * t).mean(dims), (p.square().mean(dims), t.square().mean(dims))
    if not concordance:
        return covariance / (variances[0] * variances[1]).clamp_min(1e-12).sqrt()
    shift = (predicted.mean(dims) - truth.mean(dims)).square()
    return 2 * covariance / (variances[0] + variances[1] + shift).clamp_min(1e-12)


def alone(value: torch.Tensor) -> torch.Tensor:
    """The mean over processes where there is one."""
    return value


def relief_loss(
    predicted: torch.Tensor, truth: torch.Tensor, across: Callable[[torch.Tensor], torch.Tensor] = alone
) -> torch.Tensor:
    """Mean of gradient errors over five scales, plus `HEIGHTS` times the plane-free height error and 1 - concordance at
    two scales.

    Gradients are in units of the batch's mean slope at that scale and enter by a pseudo-Huber function of width 1:
    quadratic where relief is usual, linear for walls and shadows. Heights: (n, 1, h, w). across: takes the mean of a
    number over all processes that share the batch.
    """
    import torch

    loss = predicted.new_zeros(())
    for p, t in zip(pyramid(predicted), pyramid(truth)):
        slopes = [(torch.diff(p, dim=axis), torch.diff(t, dim=axis)) for axis in (-2, -1)]
        unit = across(sum(t_slope.abs().mean() for _, t_slope in slopes) / 2) + 1e-3
        loss = loss + sum(_huber((a - b) / unit) for a, b in slopes) / (2 * SCALES)
    for scale in (4, 16):
        p, t = (plane_removed(torch.nn.functional.avg_pool2d(height, scale)) for height in (predicted, truth))
        unit = across(t.square().mean((-3, -2, -1), keepdim=True).sqrt().mean()) + 1e-3
        loss = loss + HEIGHTS * (_huber((p - t) / unit) + (1 - correlations(p, t)).mean())
    return loss


def _huber(error: torch.Tensor) -> torch.Tensor:
    return ((1 + error.square()).sqrt() - 1).mean()
