"""Multi-point least-squares matching: one smooth field for the whole image instead of one shift for every window.

As in Rosenholm (1987) and Wrobel (1987) the unknowns are the shifts at the nodes of a grid, tied together by their
bending. How stiff they are is learned from the images, place by place and component by component, by maximising the
evidence (MacKay 1992): flat ground is averaged widely, rough ground is not smeared, and the component across the base,
which relief does not move, is stiff of itself. The posterior gives the sigma, smoothing error included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from .comparison import Equations, Reference, Shown, compare
from .nodes import SPACING, Nodes, at_pixels, bending, bending_adjoint, excess, shrunk, solve
from .warp import Field, Image, Mask, add_affine, affine_field, affine_of, opencv

Float32 = npt.NDArray[np.float32]

_START, _START_OTHERS = 5.0, 25.0  # pixels over which relief, and all else, is smoothed before anything is learned
_SMOOTHEST, _ROUGHEST = 30.0, 2.0  # bounds of that length
_LEARNED_OVER, _LEARNED_OVER_OTHERS = 10.0, 40.0  # sigma in pixels of the neighbourhoods stiffness is learned from
_ITERATIONS = 4  # of the conjugate gradients
_LARGEST_STEP = 1.0  # pixels
_NEAR = 28  # side in pixels of the neighbourhood that precision is taken in
_PATCH = 2  # nodes in either direction that share precision and stiffness
_SLOW = 84  # pixels over which places are smoothed to find the axis along which relief moves them
_RIM = 2  # windows from the rim of an image within which places say nothing of that axis
_ENOUGH = 100  # nodes that tell it
_SETTLED, _SETTLED_COARSE = 90, 98  # percentage of the nodes whose move `Adjustment.step` answers


@dataclass(frozen=True)
class Refined:
    """A refined field (h, w, 2): 1-sigma of its components in pixels (h, w, 2), NCC, and which pixels took part."""

    field: Field
    sigma: Float32
    score: Image
    used: Mask


class Adjustment:
    """Fields from A (h, w) into one or more ``others``, right to about a pixel, adjusted together step by step.

    Relief moves the places in all images along one line of their common space: the principal axes of the fields give
    it, and each axis has its own stiffness. Grey is compared less its mean in ``kernel`` x ``kernel`` pixels. The
    fields start from places of the nodes, (rows, columns, 2) each with the `node_grid` of A. ``coarse``: these may be
    off by more than a pixel where relief stands alone; what the images differ by is then believed there too.
    """

    def __init__(
        self,
        image_a: Image,
        valid_a: Mask,
        others: Sequence[tuple[Image, Mask]],
        places: Sequence[Field],
        kernel: int,
        coarse: bool = False,
    ) -> None:
        self._coarse = coarse
        self._shape = image_a.shape
        self._reference = Reference.of(*_whole_blocks(image_a, valid_a), kernel)
        self._others = [Shown.of(*other, kernel) for other in others]
        self._affine = [affine_of(field) for field in places]
        rest = [field - affine_field(affine, *field.shape[:2]) for field, affine in zip(places, self._affine)]
        self._rest = np.ascontiguousarray(np.moveaxis(np.concatenate(rest, axis=-1), -1, 0))
        self._axes = _principal_axes(self._rest, self._sure(places))
        self._stiffness: Nodes | None = None

    @property
    def places(self) -> list[Field]:
        """Places of the nodes in each image."""
        nodes = np.moveaxis(self._rest, 0, -1)
        return [
            nodes[..., 2 * i : 2 * i + 2] + affine_field(affine, *nodes.shape[:2])
            for i, affine in enumerate(self._affine)
        ]

    @property
    def fields(self) -> list[Field]:
        """Places of A's pixels (h, w, 2) in each image."""
        rows, columns = self._shape
        return [field[:rows, :columns] for field in self._whole_fields()]

    def _whole_fields(self) -> Iterator[Field]:
        """Of all blocks of nodes, each when it is asked for: it is as large as two images."""

        def field(i: int, affine: Float32) -> Field:
            out = at_pixels(self._rest[2 * i : 2 * i + 2])
            add_affine(out, _of_pixels(affine))
            return out

        return (field(i, affine) for i, affine in enumerate(self._affine))

    def _sure(self, places: Sequence[Field]) -> Image:
        """Share of each node's pixels that count, 0 where an image ends near by: places found there may be far off."""
        cv2 = opencv()
        window = np.ones((2 * _RIM * self._reference.kernel + 1,) * 2, np.uint8)
        share = shrunk(self._reference.weight, SPACING)
        for other, field in zip(self._others, places):
            inside = cv2.erode(other.inner, window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
            share *= cv2.remap(inside, field, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(share)

    def step(self) -> float:
        """One step of Gauss and Newton, with the stiffness that the images ask for; pixels that nine nodes in ten move
        less than, of a coarse adjustment 98 in a hundred.
        """
        return self._step(False)[-1]

    def last_step(self) -> list[Refined]:
        """One more step, with sigma, score and used pixels as that step finds them."""
        equations, normal, precision, stiffness, _ = self._step(True)
        # Posterior variance of a field of precision w and stiffness S a node: the integral of 1 / (w + S k^4) over k.
        # Half of it is the noise that comes through; the other half is the smoothing.
        variance = np.asarray(1 / (8 * np.sqrt(precision * stiffness)), np.float32)
        for i, foreign in enumerate(_turned(cast(Nodes, equations.foreign), self._axes)):  # asked for above
            variance[i] *= np.float32(0.5 + 0.5 * excess(normal[i, i], stiffness[i], foreign))
        sigma = at_pixels(np.sqrt(_turned(variance, self._axes.T**2)))
        own = tuple(slice(size) for size in self._shape)
        return [
            Refined(field, sigma[own][..., 2 * i : 2 * i + 2], equations.score[i][own], equations.used[i][own])
            for i, field in enumerate(self.fields)
        ]

    def _step(self, judge: bool) -> tuple[Equations, Nodes, Nodes, Nodes, float]:
        """Equations, normal matrix along the axes, precision, stiffness, and what `step` answers."""
        equations = compare(self._reference, self._others, self._whole_fields(), judge, self._coarse)
        normal, right, noise = _along(equations, self._axes)
        bent = bending(_turned(self._rest, self._axes))
        precision, stiffness = _learned(normal, noise, bent, self._stiffness)
        self._stiffness = stiffness
        right -= bending_adjoint(stiffness * bent)
        change = solve(normal, stiffness, right, _ITERATIONS)
        length = np.sqrt((change**2).sum(axis=0))
        change *= np.minimum(1, _LARGEST_STEP / np.maximum(length, np.float32(1e-9)))
        self._rest += _turned(change, self._axes.T)
        settled = _SETTLED_COARSE if self._coarse else _SETTLED
        return equations, normal, precision, stiffness, float(np.percentile(length[::2, ::2], settled))


def node_grid(rows: int, columns: int) -> tuple[int, int]:
    """Rows and columns of nodes of an image: even numbers, the last ones past its rim."""
    return 2 * -(-rows // (2 * SPACING)), 2 * -(-columns // (2 * SPACING))


def _of_pixels(affine: Float32) -> Float32:
    """An affine map of nodes, numbered, as one of pixels."""
    turn = affine[:, :2] / SPACING
    return np.column_stack([turn, affine[:, 2] - (SPACING - 1) / 2 * turn.sum(axis=1)]).astype(np.float32)


def _whole_blocks(image: Image, mask: Mask) -> tuple[Image, Mask]:
    """Continued over all blocks of nodes: by the values of the rim, which do not count."""
    cv2 = opencv()
    rows, columns = (SPACING * size for size in node_grid(*image.shape))
    below, right = rows - image.shape[0], columns - image.shape[1]
    if not (below or right):
        return image, mask
    return (
        np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)),
        np.pad(mask, ((0, below), (0, right))),
    )


def _turned(nodes: Nodes, axes: Float32) -> Nodes:
    return np.asarray(np.einsum("ij,jrc->irc", axes, nodes), np.float32)


def _principal_axes(rest: Nodes, weight: Image) -> Float32:
    """Axes (k, k), one a row, of what is left of the places without their slow part: relief comes last.

    ``weight`` of the nodes: a few places far off would turn the axes, and relief along none of them is held stiff.
    """
    cv2 = opencv()
    side = (_SLOW // SPACING) | 1

    def smooth(values: Image) -> Image:
        return np.asarray(cv2.blur(cv2.blur(values, (side, side)), (side, side)))

    if np.count_nonzero(weight > 0.5) < _ENOUGH:
        weight = np.ones_like(weight)
    mass = np.maximum(smooth(weight), np.float32(1e-3))
    some = []
    for values in rest:
        off = weight * (values - smooth(weight * values) / mass)
        some.append(off[::2, ::2].astype(np.float64).ravel())
    moments = np.array([[np.einsum("n,n->", p, q) for q in some] for p in some])
    return np.ascontiguousarray(np.linalg.eigh(moments)[1].T, np.float32)


def _along(equations: Equations, axes: Float32) -> tuple[Nodes, Nodes, Nodes]:
    """Normal matrix, right side and noise turned to ``axes``."""
    half = np.stack([_turned(row, axes) for row in equations.normal])  # second index turned
    normal = np.stack([_turned(half[:, k], axes) for k in range(len(axes))], axis=1)
    return normal, _turned(equations.right, axes), _turned(equations.noise, axes**2)


def _learned(normal: Nodes, noise: Nodes, bent: Nodes, stiffness: Nodes | None) -> tuple[Nodes, Nodes]:
    """Precision of the images and stiffness of the field, (k, nodes) each, by one step of evidence maximisation.

    A stiffness S holds g / S = <bent^2> with g = sqrt(w / S) / 8 the share of a degree of freedom that a node has.
    """
    size, nodes = len(normal), normal.shape[2:]
    mean = np.array([[_neighbourhood(normal[i, j]) for j in range(size)] for i in range(size)])
    least = np.array([1e-4 * float(mean[i, i].mean()) + 1e-12 for i in range(size)], np.float32)
    if stiffness is None:
        raw = np.maximum(np.stack([mean[i, i] for i in range(size)]), least[:, None, None])
        lengths = np.array([_START_OTHERS] * (size - 1) + [_START], np.float32)
        start = _middle(raw) * (lengths / SPACING) ** 4
        return _everywhere(raw, nodes), np.broadcast_to(start[:, None, None], (size, *nodes)).copy()
    before = stiffness[:, ::_PATCH, ::_PATCH]
    precision = np.empty_like(before)
    for i in range(size):
        # The other components are held by their own stiffness at the length over which this one is smoothed.
        length = np.sqrt(before[i] / np.maximum(mean[i, i], least[i]))
        held = mean.copy()
        for j in range(size):
            held[j, j] += 1e-6 * least[i] if j == i else before[j] / np.maximum(length, 1e-6) + least[j]
        precision[i] = np.maximum(_without_others(held, i), least[i])
        # Of a gradient's square a part is noise: it adds to the pull's variance, not to what is known.
        true = np.maximum(1 - _neighbourhood(noise[i]) / np.maximum(mean[i, i], least[i]), 0.1)
        precision[i] *= true**2
    over = [_LEARNED_OVER_OTHERS] * (size - 1) + [_LEARNED_OVER]
    roughness = np.stack([_roughness(b, sigma / SPACING) for b, sigma in zip(bent, over)])
    freedom = np.minimum(np.sqrt(precision / before) / 8, 0.9)
    typical = _middle(precision)[:, None, None]
    bounds = [typical * np.float32((length / SPACING) ** 4) for length in (_ROUGHEST, _SMOOTHEST)]
    learned = np.clip(freedom / np.maximum(roughness, 1e-20), *bounds).astype(np.float32)
    return _everywhere(precision, nodes), _everywhere(learned, nodes)


def _middle(values: Nodes) -> Float32:
    """Median (k,) of positive values (k, nodes), those aside where nothing is seen."""
    return np.array([np.median(v[v > np.float32(0.01) * v.mean()]) for v in values[:, ::3, ::3]], np.float32)


def _neighbourhood(values: Nodes) -> Nodes:
    """Means about every `_PATCH`-th node."""
    cv2 = opencv()
    return np.asarray(cv2.blur(values, (_NEAR // SPACING,) * 2)[::_PATCH, ::_PATCH])


def _roughness(bent: Nodes, sigma: float) -> Nodes:
    """Mean square of what bends within ``sigma`` nodes, about every `_PATCH`-th node, from a mean that few large values
    do not rule (of roots: 0.822 for unit normal values).
    """
    cv2 = opencv()
    some = cv2.blur(np.sqrt(np.abs(bent)), (_PATCH, _PATCH))[::_PATCH, ::_PATCH]
    mean = cv2.GaussianBlur(some, (0, 0), sigma / _PATCH, borderType=cv2.BORDER_REFLECT)
    return np.asarray((mean / np.float32(0.822)) ** 4)


def _everywhere(patches: Nodes, nodes: tuple[int, ...]) -> Nodes:
    """Values (k, patches) at all nodes."""
    cv2 = opencv()
    return np.stack([cv2.resize(v, nodes[::-1], interpolation=cv2.INTER_LINEAR) for v in patches])


def _without_others(matrix: Nodes, own: int) -> Nodes:
    """What is left of the diagonal element ``own`` of matrices (k, k, ...) when the other unknowns are eliminated."""
    left = matrix.copy()
    others = [i for i in range(len(matrix)) if i != own]
    while others:
        pivot = others.pop()
        share = left[own, pivot] / left[pivot, pivot]
        left[own, own] -= share * left[pivot, own]
        for i in others:
            left[own, i] -= share * left[pivot, i]
            share_i = left[i, pivot] / left[pivot, pivot]
            for j in (*others, own):
                left[i, j] -= share_i * left[pivot, j]
    return np.asarray(left[own, own])
