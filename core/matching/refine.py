"""Correlation search and least-squares refinement of a field, all pixels at once.

The search compares integer moves within A's frame by zero-mean normalised cross-correlation (NCC); the refinement is
least-squares matching (Ackermann 1984; Gruen 1985) with gain and offset taken out window by window, which at its end
is the maximum of the NCC to a fraction of a pixel. Windows follow the relief, since every pixel carries its own place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .warp import Field, Image, Mask, affine_part, moved, opencv, sample, window_mean

_TINY = np.float32(1e-12)
_CONTRADICTION = 2.3  # sigmas by which a smaller window must differ to forbid a larger one


@dataclass(frozen=True)
class Windows:
    """Local statistics of image A that every comparison reuses: mean and variance in the window."""

    image: Image
    kernel: int
    mean: Image
    variance: Image


def windows(image: Image, kernel: int) -> Windows:
    """Prepare ``image`` (h, w) for comparisons in windows of ``kernel`` x ``kernel`` pixels."""
    mean = window_mean(image, kernel)
    variance = np.maximum(window_mean(image * image, kernel) - mean * mean, 0)
    return Windows(image, kernel, mean, variance)


def ncc(a: Windows, b: Image) -> Image:
    """NCC of A with an image already resampled to A's frame, -1..1; 0 where either has no texture."""
    mean = window_mean(b, a.kernel)
    variance = np.maximum(window_mean(b * b, a.kernel) - mean * mean, 0)
    product = window_mean(a.image * b, a.kernel) - a.mean * mean
    norm = a.variance * variance
    return np.where(norm > _TINY, product / np.sqrt(np.maximum(norm, _TINY)), 0).clip(-1, 1)


def search(a: Windows, image_b: Image, field: Field, radius: tuple[int, int]) -> tuple[Field, Image]:
    """Move every pixel of the field by the integers within ``radius`` (rows, columns) that correlate best, then to
    the top of a parabola through the neighbours. Returns the new field and its NCC.
    """
    cv2 = opencv()
    rows, columns = a.image.shape
    pad_rows, pad_columns = radius
    grown = cv2.copyMakeBorder(
        sample(image_b, field), pad_rows, pad_rows, pad_columns, pad_columns, cv2.BORDER_REFLECT_101
    )
    scores = np.empty((2 * pad_rows + 1, 2 * pad_columns + 1, rows, columns), np.float32)
    for i in range(2 * pad_rows + 1):
        for j in range(2 * pad_columns + 1):
            scores[i, j] = ncc(a, np.ascontiguousarray(grown[i : i + rows, j : j + columns]))
    best, down, across = _peak(scores)
    shift = np.stack([across - pad_columns, down - pad_rows], axis=-1).astype(np.float32)
    return moved(field, shift), best


def _peak(scores: npt.NDArray[np.float32]) -> tuple[Image, Image, Image]:
    """Maximum over the first two axes, and its row and column there refined by parabolas."""
    height, width = scores.shape[:2]
    flat = scores.reshape(height * width, *scores.shape[2:])
    index = flat.argmax(axis=0)
    best = np.take_along_axis(flat, index[None], axis=0)[0]
    row, column = np.divmod(index, width)

    def at(r: Any, c: Any) -> Image:
        inside = r.clip(0, height - 1) * width + c.clip(0, width - 1)
        return np.take_along_axis(flat, inside[None], axis=0)[0]

    def vertex(before: Image, after: Image, inner: Mask) -> Image:
        bend = before - 2 * best + after
        offset = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0)
        return np.where(inner, offset, 0).clip(-0.5, 0.5)

    down = row + vertex(at(row - 1, column), at(row + 1, column), (row > 0) & (row < height - 1))
    across = column + vertex(at(row, column - 1), at(row, column + 1), (column > 0) & (column < width - 1))
    return best, down.astype(np.float32), across.astype(np.float32)


@dataclass(frozen=True)
class Refined:
    """A field refined by least squares: NCC at its end, and the 1-sigma of a match along columns and rows, pixels."""

    field: Field
    score: Image
    sigma: npt.NDArray[np.float32]


def least_squares(a: Windows, image_b: Image, field: Field, iterations: int = 4, largest: float = 1.0) -> Refined:
    """Refine a field that is right to about a pixel.

    Each iteration resamples B, brings it to A's local mean and contrast, and solves the 2 x 2 normal equations of
    its gradients in every window; a step is at most ``largest`` pixels. The sigma follows from the residuals and
    the normal matrix, with the window's pixels taken as independent (callers calibrate it).
    """
    for _ in range(iterations):
        smooth = _smooth(field, a.kernel)
        normal, right, _ = _equations(a, sample(image_b, smooth))
        field = moved(smooth, _solve(normal, right, largest))
    b = sample(image_b, smooth)
    normal, _, residual = _equations(a, b)
    n11, n12, n22 = normal
    determinant = np.maximum(n11 * n22 - n12 * n12, _TINY)
    scale = residual / (a.kernel**2 - 4)
    variance = np.stack([n22, n11], axis=-1) / determinant[..., None] * scale[..., None]
    sigma = np.sqrt(np.maximum(variance, 0))  # rounding may leave a featureless window below nought
    return Refined(field, ncc(a, b), sigma.astype(np.float32))


def _smooth(field: Field, kernel: int) -> Field:
    """The field that carries the windows: a window must move as one, or every pixel would follow its own noise."""
    plain = affine_part(field)
    return plain + np.asarray(opencv().GaussianBlur(field - plain, (0, 0), 0.5 * kernel), np.float32)


def _equations(a: Windows, b: Image) -> tuple[tuple[Image, Image, Image], tuple[Image, Image], Image]:
    """Normal matrix and right side per pixel (window sums, in A's contrast), and the mean squared residual."""
    cv2 = opencv()
    k = a.kernel
    mean = window_mean(b, k)
    variance = np.maximum(window_mean(b * b, k) - mean * mean, _TINY)
    gain = np.sqrt(np.maximum(a.variance, _TINY) / variance)
    # Gradients of the mean of both images: half the noise, and no bias towards either.
    derivative = np.array([[-1, 8, 0, -8, 1]], np.float32)[:, ::-1] / 12
    fused = (a.image - a.mean) + gain * (b - mean)
    along = cv2.filter2D(fused, -1, derivative, borderType=cv2.BORDER_REFLECT_101) * 0.5
    down = cv2.filter2D(fused, -1, derivative.T, borderType=cv2.BORDER_REFLECT_101) * 0.5
    difference = (a.image - a.mean) - gain * (b - mean)
    n11, n12, n22 = (window_mean(p, k) for p in (along * along, along * down, down * down))
    right = window_mean(along * difference, k), window_mean(down * difference, k)
    residual = window_mean(difference * difference, k)
    return (n11, n12, n22), right, residual


def _solve(normal: tuple[Image, Image, Image], right: tuple[Image, Image], largest: float) -> Field:
    n11, n12, n22 = normal
    damping = np.float32(1e-3) * (n11 + n22) + _TINY
    n11, n22 = n11 + damping, n22 + damping
    determinant = n11 * n22 - n12 * n12
    step = np.stack(
        [(n22 * right[0] - n12 * right[1]) / determinant, (n11 * right[1] - n12 * right[0]) / determinant], axis=-1
    )
    length = np.linalg.norm(step, axis=-1, keepdims=True)
    return np.asarray(step * np.minimum(1, largest / np.maximum(length, 1e-9)), np.float32)


def adaptive(image_a: Image, image_b: Image, field: Field, smallest: int, largest: int) -> Refined:
    """Least squares in windows from ``largest`` to ``smallest``; each pixel and component keeps its own best window.

    The choice is Lepski's (1991): the largest window whose result no smaller one contradicts by more than its noise,
    so flat ground is averaged widely and rough ground is not smeared. The score is the NCC of the middle window.
    """
    sizes = _sizes(smallest, largest)
    results: list[Refined] = []
    for size in sizes:
        refined = least_squares(windows(image_a, size), image_b, field, 1 if results else 2)
        results.append(refined)
        field = refined.field
    field, sigma = results[-1].field.copy(), results[-1].sigma.copy()
    agreed = np.ones(field.shape, bool)
    for i in range(len(results) - 2, -1, -1):
        for smaller in results[i + 1 :]:
            apart = np.abs(results[i].field - smaller.field)
            agreed &= apart <= _CONTRADICTION * np.maximum(smaller.sigma, 1e-3)
        agreed = window_mean(agreed.astype(np.float32), 7) > 0.7  # one pixel's chance does not decide
        field[agreed], sigma[agreed] = results[i].field[agreed], results[i].sigma[agreed]
    return Refined(field, results[len(results) // 2].score, sigma)


def _sizes(smallest: int, largest: int) -> list[int]:
    """Odd sizes from large to small, each about 0.6 of the one before."""
    sizes = [largest]
    while sizes[-1] > smallest:
        sizes.append(max(smallest, int(sizes[-1] * 0.6) | 1))
    return sizes
