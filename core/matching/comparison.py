"""Grey differences between an image and the others, and what they say about the places: normal equations at nodes.

All images of one ground share its texture, each with noise of its own. The differences to A are therefore weighed by
the inverse of their local covariance, which counts A's noise once (two views against A are not two pairs) and takes
the differences between the others, at twice the base, for what they are worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .nodes import SPACING, Nodes, at_pixels, gathered, inverted
from .warp import Field, Image, Mask, opencv, window_mean

Float32 = npt.NDArray[np.float32]

_OUTLIER = 3.0  # sigmas at which a grey difference has half its weight
_DERIVATIVE = np.array([[1, -8, 0, 8, -1]], np.float32) / 12
_DERIVATIVE_NOISE = float((_DERIVATIVE**2).sum())
_SOME = 5  # one line in so many tells the correlation of grey differences
_ELSEWHERE = (20, 23)  # a move that brings gradients where they know nothing of the grey differences
_QUIETEST = 0.1  # least local variance of differences, in units of the typical one
_FEW = 20  # nodes whose median says nothing
_MOST_SHARED = 0.6  # correlation of differences to A: 0.5 where all images have equal noise
_CORRELATED_OVER = 2.5  # sigma in pixels of the window that the correlation of grey differences is seen in


@dataclass(frozen=True)
class Shown:
    """Another image: grey (h, w), filled where invalid; as bytes, the pixels that count: valid, and so far from the
    image's rim that samples do not reach over it, nor windows far.
    """

    grey: Image
    inner: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, image: Image, valid: Mask, kernel: int) -> Shown:
        inner, rim = valid.astype(np.uint8), max(kernel // 8, 1)
        inner[:rim] = inner[-rim:] = inner[:, :rim] = inner[:, -rim:] = 0
        return cls(image, inner)

    def at(self, field: Field) -> tuple[Image, npt.NDArray[np.uint8]]:
        """Grey at the places of ``field``, continued past the rim, and which of them count."""
        cv2 = opencv()
        grey = cv2.remap(self.grey, field, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return grey, cv2.remap(self.inner, field, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)


@dataclass(frozen=True)
class Equations:
    """Normal matrix (k, k, nodes), right side (k, nodes) of k components, two for each view, and what the noise of
    derivatives adds to the normal matrix's diagonal (k, nodes). Where asked for: what the right side would be if the
    grey differences had nothing to say, and NCC and used pixels (h, w) of each view.
    """

    normal: Nodes
    right: Nodes
    noise: Nodes
    foreign: Nodes | None = None
    score: Sequence[Image] = ()
    used: Sequence[Mask] = ()


@dataclass(frozen=True)
class Reference:
    """Image A (h, w), whole blocks of nodes: grey less its mean in windows of ``kernel`` x ``kernel`` valid pixels, its
    variance there, pixels that count (1 or 0), and their share of the window.
    """

    grey: Image
    variance: Image
    weight: Image
    share: Image
    kernel: int

    @classmethod
    def of(cls, image: Image, valid: Mask, kernel: int) -> Reference:
        weight = valid.astype(np.float32)
        share = np.maximum(window_mean(weight, kernel), np.float32(1e-3))
        grey, variance = _centred(image, weight, share, kernel)
        grey *= weight  # gradients beside what does not count see no edge
        return cls(grey, variance, weight, share, kernel)

    def like(self, image: Image) -> Image:
        """Another image of the same pixels less its mean, with the same contrast as this one everywhere."""
        grey, variance = _centred(image, self.weight, self.share, self.kernel)
        np.divide(self.variance, variance, out=variance)
        grey *= np.sqrt(variance, out=variance)
        return grey

    def score(self, difference: Image) -> Image:
        """NCC in the window, from grey differences to an image made like this one."""
        missed = window_mean(difference * difference, self.kernel)
        missed /= self.share * self.variance
        missed *= np.float32(0.5)
        return np.subtract(1, missed, out=missed)


def _centred(image: Image, weight: Image, share: Image, kernel: int) -> tuple[Image, Image]:
    """Grey less its mean in the window, and its variance there."""
    weighted = image * weight
    mean = window_mean(weighted, kernel)
    mean /= share
    weighted *= image
    variance = window_mean(weighted, kernel)
    variance /= share
    square = np.multiply(mean, mean, out=weighted)
    variance -= square
    square += 1
    square *= np.float32(1e-12)
    return np.subtract(image, mean, out=mean), np.maximum(variance, square, out=variance)


def compare(
    reference: Reference, others: Sequence[Shown], fields: Iterable[Field], last: bool, coarse: bool
) -> Equations:
    """Equations of all views at the ``fields`` (h, w, 2); ``last``: the scores and used pixels are wanted.

    ``coarse``: large grey differences tell of places that are off, not of noise, and keep their weight.
    """
    views, inner, turns = _shown(reference, others, fields)
    differences = [reference.grey - view for view in views]
    total: list[Nodes] = []
    for members, mask in _groups(inner):
        images = [(views[i], differences[i]) for i in members]
        weight = mask * reference.weight
        found = _gathered_equations(reference, weight, images, [turns[i] for i in members], last, coarse)
        if not total:  # the first group has all views
            total = found
            continue
        at = [2 * i + c for i in members for c in (0, 1)]
        total[0][np.ix_(at, at)] += found[0]
        for whole, gained in zip(total[1:], found[1:]):
            whole[at] += gained
    if not last:
        return Equations(total[0], total[1], total[2])
    used = [reference.weight * mask for mask in inner]
    score = [reference.score(difference * mask) for difference, mask in zip(differences, used)]
    return Equations(total[0], total[1], total[2], total[3], score, [mask > 0 for mask in used])


def _shown(
    reference: Reference, others: Sequence[Shown], fields: Iterable[Field]
) -> tuple[list[Image], list[npt.NDArray[np.uint8]], list[Float32]]:
    """Grey of the others at the ``fields``, made like A's, the pixels that count, and the inverse mean Jacobians."""
    views, inner, turns = [], [], []
    for other, field in zip(others, fields):
        grey, counts = other.at(field)
        views.append(reference.like(grey))
        inner.append(counts)
        turns.append(inverted(_mean_jacobian(field)))  # LAPACK would wake its threads for each
    return views, inner, turns


def _groups(
    inner: Sequence[npt.NDArray[np.uint8]],
) -> Iterator[tuple[list[int], npt.NDArray[np.uint8]]]:
    """Views that show the same pixels, with these pixels: first what all of them show, then what each shows besides."""
    joint = inner[0] if len(inner) == 1 else np.minimum.reduce(inner)
    yield list(range(len(inner))), joint
    if len(inner) > 1:
        for i, mask in enumerate(inner):
            rest = mask - joint
            if rest.any():
                yield [i], rest


def _gathered_equations(
    reference: Reference,
    weight: Image,
    images: Sequence[tuple[Image, Image]],
    turns: Sequence[Float32],
    foreign: bool,
    coarse: bool,
) -> list[Nodes]:
    """Normal matrix, right side and derivative noise of views (grey, difference) that all show the pixels of
    ``weight``; with ``foreign`` the right side from gradients from elsewhere too. ``coarse``: see `compare`.
    """
    views, differences = ([pair[k] for pair in images] for k in (0, 1))
    least = 1e-6 * float(reference.variance[::8, ::8].mean()) + 1e-20
    covariance = _covariance(weight, differences, 2 * reference.kernel + 1, least)
    if coarse:
        _limit_to_typical(covariance)
    inverse = inverted(covariance)
    gradients = _gradients([reference.grey, *views])
    if not coarse:
        weight = _without_outliers(weight, differences, covariance)
    inverse /= _correlation(gradients, differences, weight, inverse)
    square, pull = [], []
    weighted, product = np.empty_like(weight), np.empty_like(weight)
    for k, gradient in enumerate(gradients):
        np.multiply(gradient, weight, out=weighted)
        square += [gathered(np.multiply(weighted, other, out=product)) for other in gradients[k:]]
        pull.append([gathered(np.multiply(weighted, d, out=product)) for d in differences])
    normal, noise = _left_side(square, gathered(weight), covariance, inverse, turns)
    result = [normal, _right_side(pull, inverse, turns), noise]
    if foreign:
        pull = []
        for gradient in gradients:
            np.multiply(np.roll(gradient, _ELSEWHERE, (0, 1)), weight, out=weighted)
            pull.append([gathered(np.multiply(weighted, d, out=product)) for d in differences])
        result.append(_right_side(pull, inverse, turns))
    return result


def _left_side(
    square: Sequence[Nodes], filled: Nodes, covariance: Nodes, inverse: Nodes, turns: Sequence[Float32]
) -> tuple[Nodes, Nodes]:
    """Normal matrix and derivative noise, from squares of gradients (along², along down, down²) and weights."""
    count = len(turns)
    size = 2 * count
    normal, noise = np.empty((size, size, *filled.shape), np.float32), np.empty((size, *filled.shape), np.float32)
    for i, left in enumerate(turns):
        for j, other in enumerate(turns):
            for r in (0, 1):
                for s in (0, 1):
                    # A derivative along B's axes: through those along A's.
                    mixed = left[0, r] * other[1, s] + left[1, r] * other[0, s]
                    block = left[0, r] * other[0, s] * square[0] + mixed * square[1]
                    normal[2 * i + r, 2 * j + s] = inverse[i, j] * (block + left[1, r] * other[1, s] * square[2])
        level = inverse[i, i] * covariance[i, i] * filled * np.float32(_DERIVATIVE_NOISE / (2 * (count + 1)))
        for r in (0, 1):
            noise[2 * i + r] = level * np.float32((left[:, r] ** 2).sum())
    return normal, noise


def _gradients(images: Sequence[Image]) -> list[Image]:
    """Of the mean of all images, along A's columns and rows: less noise, and no bias towards any."""
    cv2 = opencv()
    fused = images[0] + images[1]
    for image in images[2:]:
        fused += image
    fused *= np.float32(1 / len(images))
    return [cv2.filter2D(fused, -1, d, borderType=cv2.BORDER_REFLECT_101) for d in (_DERIVATIVE, _DERIVATIVE.T)]


def _right_side(pull: Sequence[Sequence[Nodes]], inverse: Nodes, turns: Sequence[Float32]) -> Nodes:
    """Right side, from what each view's difference pulls at along A's columns, and down its rows."""
    out = np.zeros((2 * len(turns), *inverse.shape[2:]), np.float32)
    for i, turn in enumerate(turns):
        for j, (along, down) in enumerate(zip(*pull)):
            for r in (0, 1):
                out[2 * i + r] += inverse[i, j] * (turn[0, r] * along + turn[1, r] * down)
    return out


def _without_outliers(weight: Image, differences: Sequence[Image], covariance: Nodes) -> Image:
    """Less weight the farther the differences stand off, as of a Cauchy distribution."""
    excess: Any = np.float32(1)
    for i, difference in enumerate(differences):
        relative = at_pixels(1 / (len(differences) * _OUTLIER**2 * covariance[i, i]))
        relative *= difference * difference
        excess = np.add(relative, excess, out=relative)
    return np.divide(weight, excess)


def _limit_to_typical(covariance: Nodes) -> None:
    """Where differences vary more than they typically do, as if they did not: their correlation stays."""
    for i in range(len(covariance)):
        typical = np.median(covariance[i, i])
        less = np.sqrt(np.minimum(typical / covariance[i, i], 1))
        covariance[i] *= less
        covariance[:, i] *= less


def _covariance(weight: Image, differences: Sequence[Image], near: int, least: float) -> Nodes:
    """Local covariance (v, v, nodes) of the differences in windows of ``near`` pixels, never singular; ``least``:
    variance of images that do not differ.
    """
    cv2 = opencv()
    side = max(near // SPACING, 3)

    def mean(values: Image) -> Nodes:
        return np.asarray(cv2.blur(gathered(values), (side, side), borderType=cv2.BORDER_REFLECT_101))

    mass = np.maximum(mean(weight), np.float32(1e-3))
    count = len(differences)
    out = np.empty((count, count, *mass.shape), np.float32)
    for i in range(count):
        own = differences[i] * weight
        for j in range(i, count):
            out[i, j] = out[j, i] = mean(own * differences[j]) / mass
    known = mass > 0.25 * SPACING**2
    some = known[::4, ::4]
    for i in range(count):
        if np.count_nonzero(some) > _FEW:
            typical = float(np.median(out[i, i, ::4, ::4][some]))
        else:
            typical = float((out[i, i] * mass).sum() / mass.sum())
        out[i, i] *= np.float32(1.001)
        np.maximum(out[i, i], np.float32(max(_QUIETEST * typical, least)), out=out[i, i])
        if not known.all():  # where nothing is seen, as elsewhere
            out[i, i][~known] = max(typical, least)
            out[i, :i][:, ~known] = out[:i, i][:, ~known] = 0
    for i in range(count):
        for j in range(i):  # what fields that are still off have in common is no noise of A
            most = np.float32(_MOST_SHARED) * np.sqrt(out[i, i] * out[j, j])
            out[i, j] = out[j, i] = np.clip(out[i, j], 0, most)
    return out


def _correlation(gradients: Sequence[Image], differences: Sequence[Image], weight: Image, inverse: Nodes) -> np.float32:
    """How many times more the grey differences pull at the field than if they were white, at least 1.

    Measured with gradients from elsewhere in the image, which have the same texture but nothing to say about them.
    """
    cv2 = opencv()
    some = slice(None, None, _SOME)
    ratios = []
    for row in np.median(inverse[..., ::3, ::3], axis=(-2, -1)):
        residual = np.float32(row[0]) * differences[0][some]
        for share, difference in zip(row[1:], differences[1:]):
            residual += np.float32(share) * difference[some]
        residual *= weight[some]
        for gradient in gradients:
            pull: Image = np.roll(gradient[some], (_ELSEWHERE[0] // _SOME, _ELSEWHERE[1]), (0, 1)) * residual
            wide = cv2.GaussianBlur(pull, (0, 0), _CORRELATED_OVER, sigmaY=0.01)
            expected = _dot(pull, pull) / (2 * np.sqrt(np.pi) * _CORRELATED_OVER)
            ratios.append(_dot(wide, wide) / max(expected, 1e-30))
    return np.float32(max(1.0, float(np.mean(ratios))))


def _mean_jacobian(field: Field) -> Float32:
    """Mean derivative (2, 2) of the places (row) by A's columns and rows (column): turn and scale of B against A."""
    rows, columns = field.shape[:2]
    by_column = (field[:, -1] - field[:, 0]).mean(axis=0) / (columns - 1)
    by_row = (field[-1] - field[0]).mean(axis=0) / (rows - 1)
    return np.stack([by_column, by_row], axis=-1)


def _dot(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Scalar product, without the threads of BLAS."""
    return float(np.einsum("ij,ij->i", a, b).sum(dtype=np.float64))
