"""Multi-point least-squares matching: one smooth field for the whole image instead of one shift for every window.

As in Rosenholm (1987) and Wrobel (1987) the unknowns are the shifts at the nodes of a grid, tied together by their
bending. How stiff they are is learned from the images, place by place and component by component, by maximising the
evidence (MacKay 1992): flat ground is averaged widely, rough ground is not smeared, and the component across the base,
which relief does not move, is stiff of itself. The posterior gives the sigma, smoothing error included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .nodes import SPACING, Nodes, at_nodes, at_pixels, bending, bending_adjoint, gathered, solve
from .warp import Field, Image, Mask, affine_part, opencv, sample, window_mean

_START = 5.0  # pixels over which the field is smoothed before anything is learned
_SMOOTHEST, _ROUGHEST = 30.0, 2.0  # bounds of that length
_LEARNED_OVER = 10.0  # sigma in pixels of the neighbourhood that stiffness is learned from
_ITERATIONS = 60  # of the conjugate gradients
_OUTLIER = 3.0  # sigmas at which a grey difference has half its weight
_LARGEST_STEP = 1.0  # pixels
_DERIVATIVE = np.array([[1, -8, 0, 8, -1]], np.float32) / 12
_DERIVATIVE_NOISE = float((_DERIVATIVE**2).sum())
_ELSEWHERE = ((17, 5), (-7, 23))  # moves that bring gradients where they know nothing of the grey differences


@dataclass(frozen=True)
class Refined:
    """A refined field (h, w, 2): 1-sigma of its components in pixels (h, w, 2), NCC, and which pixels took part."""

    field: Field
    sigma: npt.NDArray[np.float32]
    score: Image
    used: Mask


@dataclass(frozen=True)
class _Equations:
    """Normal matrix (2, 2, nodes) and right side (2, nodes) of one image, and what a derivative's noise adds to N."""

    normal: Nodes
    right: Nodes
    noise: Nodes
    score: Image
    used: Mask


def refine(
    image_a: Image,
    valid_a: Mask,
    others: Sequence[tuple[Image, Mask]],
    fields: Sequence[Field],
    kernel: int,
    iterations: int,
) -> list[Refined]:
    """Refine the fields from A (h, w) into one or more ``others``, right to about a pixel, all together.

    Relief moves the places in all images along one line of their common space: the principal axes of the fields give
    it, and each axis has its own stiffness. Grey is compared less its mean in ``kernel`` x ``kernel`` pixels.
    """
    rows, columns = image_a.shape
    places = np.concatenate([at_nodes(field) for field in fields])
    axes = _principal_axes(places)
    stiffness: Nodes | None = None
    for step in range(iterations + 1):
        found = [at_pixels(places[2 * i : 2 * i + 2], rows, columns) for i in range(len(others))]
        equations = [_equations(image_a, valid_a, *other, field, kernel) for other, field in zip(others, found)]
        normal, right, noise = _joined(equations, axes)
        precision, stiffness = _learned(normal, noise, bending(_turned(places, axes)), stiffness)
        # Posterior variance of a field of precision w and stiffness S a node: the integral of 1 / (w + S k^4) over k.
        variance = np.asarray(1 / (8 * np.sqrt(precision * stiffness)), np.float32)
        if step == iterations:
            break
        right -= bending_adjoint(stiffness * bending(_turned(places, axes)))
        change = solve(normal, stiffness, right, _ITERATIONS)
        length = np.sqrt((change**2).sum(axis=0))
        places = places + _turned(change * np.minimum(1, _LARGEST_STEP / np.maximum(length, 1e-9)), axes.T)
    sigma = at_pixels(np.sqrt(_turned(variance, (axes**2).T)), rows, columns)
    return [
        Refined(field, sigma[..., 2 * i : 2 * i + 2], equation.score, equation.used)
        for i, (field, equation) in enumerate(zip(found, equations))
    ]


def _turned(nodes: Nodes, axes: npt.NDArray[np.float32]) -> Nodes:
    return np.asarray(np.einsum("ij,jrc->irc", axes, nodes), np.float32)


def _principal_axes(places: Nodes) -> npt.NDArray[np.float32]:
    """Axes (k, k), one a row, of what is left of the places without their slow part: relief comes last."""
    cv2 = opencv()
    stack = np.ascontiguousarray(np.moveaxis(places, 0, -1))
    stack = stack - affine_part(stack)
    rest = (stack - cv2.GaussianBlur(stack, (0, 0), 12.0)).reshape(-1, len(places))
    return np.ascontiguousarray(np.linalg.eigh(rest.T @ rest)[1].T, np.float32)


def _joined(equations: list[_Equations], axes: npt.NDArray[np.float32]) -> tuple[Nodes, Nodes, Nodes]:
    """The images' equations as those of all components, turned to ``axes``."""
    size = 2 * len(equations)
    nodes = equations[0].right.shape[1:]
    normal, right = np.zeros((size, size, *nodes), np.float32), np.empty((size, *nodes), np.float32)
    noise = np.empty((size, *nodes), np.float32)
    for i, equation in enumerate(equations):
        own = slice(2 * i, 2 * i + 2)
        normal[own, own], right[own], noise[own] = equation.normal, equation.right, equation.noise
    turned = np.einsum("ia,jb,abrc->ijrc", axes, axes, normal, optimize=True)
    return np.ascontiguousarray(turned, np.float32), _turned(right, axes), _turned(noise, axes**2)


def _equations(image_a: Image, valid_a: Mask, image_b: Image, valid_b: Mask, field: Field, kernel: int) -> _Equations:
    """Grey differences and gradients at every pixel, weighed by their local spread and gathered at the nodes."""
    cv2 = opencv()
    b = sample(image_b, field)
    used = valid_a & (sample(valid_b.astype(np.float32), field, cubic=False) > 0.99)
    weight = used.astype(np.float32)
    share = np.maximum(window_mean(weight, kernel), 1e-3)
    centred, spread = zip(*(_centred(grey, weight, share, kernel) for grey in (image_a, b)))
    gain = np.sqrt(spread[0] / spread[1])
    a, b = centred[0], centred[1] * gain
    difference = a - b
    score = 1 - 0.5 * window_mean(weight * difference**2, kernel) / (share * spread[0])
    # Gradients of the mean of both images: half the noise, and no bias towards either.
    fused = np.where(used, 0.5 * (a + b), 0)
    in_a = [cv2.filter2D(fused, -1, d, borderType=cv2.BORDER_REFLECT_101) for d in (_DERIVATIVE, _DERIVATIVE.T)]
    turn = np.linalg.inv(_mean_jacobian(field))  # a derivative along B's axes: through those along A's
    gradients = [turn[0, i] * in_a[0] + turn[1, i] * in_a[1] for i in (0, 1)]
    near = 2 * kernel + 1
    local = window_mean(weight * difference**2, near) / np.maximum(window_mean(weight, near), 1e-3)
    if used.any():
        local = np.maximum(local, 1e-3 * float(np.median(local[used][::16])))
    local = np.maximum(local, np.float32(1e-20))
    weight = weight / local / (1 + difference**2 / (_OUTLIER**2 * local))
    weight /= _correlation(gradients, difference, weight)
    pull = weight * difference
    n11, n12, n22 = (gathered(weight * p * q) for p, q in _pairs(gradients))
    noise = 0.25 * _DERIVATIVE_NOISE * gathered(weight * local) * (turn**2).sum(axis=0)[:, None, None]
    right = np.stack([gathered(g * pull) for g in gradients])
    return _Equations(np.array([[n11, n12], [n12, n22]]), right, noise, score, used)


def _mean_jacobian(field: Field) -> npt.NDArray[np.float32]:
    """Mean derivative (2, 2) of the places (row) by A's columns and rows (column): turn and scale of B against A."""
    rows, columns = field.shape[:2]
    by_column = (field[:, -1] - field[:, 0]).mean(axis=0) / (columns - 1)
    by_row = (field[-1] - field[0]).mean(axis=0) / (rows - 1)
    return np.stack([by_column, by_row], axis=-1)


def _pairs(gradients: list[Image]) -> list[tuple[Image, Image]]:
    along, down = gradients
    return [(along, along), (along, down), (down, down)]


def _centred(grey: Image, weight: Image, share: Image, kernel: int) -> tuple[Image, Image]:
    """Grey less its mean in the window, and its variance there, over the pixels with weight."""
    mean = window_mean(grey * weight, kernel) / share
    variance = window_mean(grey * grey * weight, kernel) / share - mean * mean
    return grey - mean, np.maximum(variance, np.float32(1e-12) * (1 + mean * mean))


def _correlation(gradients: list[Image], difference: Image, weight: Image) -> np.float32:
    """How many times more the grey differences pull at the field than if they were white, at least 1.

    Measured with gradients from elsewhere in the image, which have the same texture but nothing to say about them.
    """
    cv2 = opencv()
    radius = 2.5
    ratios = []
    for gradient, move in zip(gradients, _ELSEWHERE):
        foreign = np.roll(gradient, move, (0, 1))[::2]
        pull = cv2.GaussianBlur(foreign * difference[::2] * weight[::2], (0, 0), radius, sigmaY=0.01)
        expected = float(np.mean(foreign**2 * weight[::2])) / (2 * np.sqrt(np.pi) * radius)
        ratios.append(float(np.mean(pull**2)) / max(expected, 1e-20))
    return np.float32(max(1.0, float(np.mean(ratios))))


def _learned(normal: Nodes, noise: Nodes, bent: Nodes, stiffness: Nodes | None) -> tuple[Nodes, Nodes]:
    """Precision of the images and stiffness of the field, (k, nodes) each, by one step of evidence maximisation.

    A stiffness S holds g / S = <bent^2> with g = sqrt(w / S) / 8 the share of a degree of freedom that a node has.
    """
    cv2 = opencv()
    size = len(normal)
    near = 27 // SPACING
    mean = np.array([[cv2.blur(normal[i, j], (near, near)) for j in range(size)] for i in range(size)])
    least = np.array([1e-4 * float(mean[i, i].mean()) + 1e-12 for i in range(size)], np.float32)
    if stiffness is None:
        raw = np.maximum(np.stack([mean[i, i] for i in range(size)]), least[:, None, None])
        return raw, raw * np.float32((_START / SPACING) ** 4)
    precision = np.empty_like(stiffness)
    for i in range(size):
        # The other components are held by their own stiffness at the length over which this one is smoothed.
        length = np.sqrt(stiffness[i] / np.maximum(mean[i, i], least[i]))
        held = mean.copy()
        for j in range(size):
            held[j, j] += np.where(j == i, 1e-6 * least[i], stiffness[j] / np.maximum(length, 1e-6) + least[j])
        inverse = np.linalg.inv(np.moveaxis(held, (0, 1), (-2, -1)))[..., i, i]
        precision[i] = np.maximum(1 / np.maximum(inverse, 1e-20), least[i])
        # Of a gradient's square a part is noise: it adds to the pull's variance, not to what is known.
        true = np.maximum(1 - cv2.blur(noise[i], (near, near)) / np.maximum(mean[i, i], least[i]), 0.1)
        precision[i] *= true**2
    sigma = _LEARNED_OVER / SPACING
    roughness = np.stack([cv2.GaussianBlur(b * b, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for b in bent])
    freedom = np.minimum(np.sqrt(precision / stiffness) / 8, 0.9)
    bounds = [precision * np.float32((length / SPACING) ** 4) for length in (_ROUGHEST, _SMOOTHEST)]
    return precision, np.clip(freedom / np.maximum(roughness, 1e-20), *bounds).astype(np.float32)
