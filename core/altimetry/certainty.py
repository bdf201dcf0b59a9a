"""How far an interpolated altitude can be trusted: the certainty mu of Xu et al. 2016, and a sigma in metres.

mu = alpha mu_dist + (1 - alpha) mu_cross (their eq. 16): mu_dist tells how near the shots are (eq. 14), mu_cross how
well the shots around predict each other (eq. 15). mu ranks; weights and error bars use sigma (`sigma.fit_sigma`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import Array
from ..progress import Progress, part, silent, tell
from .interpolation import Interpolated, Interpolator
from .readers import Shots
from .search import in_blocks
from .sigma import SigmaModel, fit_sigma

DMAX_RADIANS = (
    7.0 / 1700.0
)  # as an angle from the body's centre: the widest gap between the tracks of a lunar altimeter
EMAX_M = 2000.0
ALPHA = 0.5


@dataclass(frozen=True)
class Certainty:
    """At n queries: altitude and its 1-sigma (m; NaN where unknown), mu and its two parts (0..1). All (n,)."""

    altitude: Array
    mu: Array
    mu_dist: Array
    mu_cross: Array
    sigma: Array


class CertaintyModel:
    """Shots prepared once to be asked anywhere for altitude, certainty and sigma.

    ``dmax`` (m; default `DMAX_RADIANS` times the radius): distance at which a shot no longer counts for mu_dist.
    ``emax`` (m): error of a shot predicted by its neighbours at which its mu_cross is 0. ``alpha``: share of mu_dist.
    """

    def __init__(
        self,
        surface: Interpolator,
        dmax: float | None = None,
        emax: float = EMAX_M,
        alpha: float = ALPHA,
        progress: Progress = silent,
    ) -> None:
        self.dmax = DMAX_RADIANS * surface.index.radius if dmax is None else float(dmax)
        if not (self.dmax > 0 and emax > 0 and 0 <= alpha <= 1):
            raise InputError(
                f"Certainty needs DMAX and EMAX above 0 m and ALPHA in 0..1, not {self.dmax:g}, {emax:g} and {alpha:g}."
            )
        self.surface, self.emax, self.alpha = surface, float(emax), float(alpha)
        tell(progress, 0.0, "Cross-checking shots")
        error, _ = surface.left_out
        # eq. 15; a shot alone in the world cannot be cross-checked
        self.mu_cross = np.nan_to_num(np.maximum(self.emax - np.abs(error), 0.0) / self.emax)
        tell(progress, 0.5, "Calibrating sigma on withheld shots")
        self.sigma: SigmaModel | None = fit_sigma(surface)
        tell(progress, 1.0)

    def at(self, lon: npt.ArrayLike, lat: npt.ArrayLike, progress: Progress = silent) -> Certainty:
        """Altitude, certainty and sigma at lon, lat (rad, any shape, raveled)."""
        x, y = (np.ravel(a) for a in np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float)))
        parts = in_blocks(lambda block: self._block(x[block], y[block]), x.size, progress)
        return Certainty(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Certainty)))

    def _block(self, lon: Array, lat: Array) -> Certainty:
        found = self.surface.at(lon, lat)
        mu_dist = np.maximum(self.dmax - found.sectors.nearest, 0.0).mean(axis=1) / self.dmax  # eq. 14
        mu_cross = np.einsum("nk,nk->n", found.weights, self.mu_cross[found.sectors.index])
        mu = self.alpha * mu_dist + (1 - self.alpha) * mu_cross
        return Certainty(found.altitude, mu, mu_dist, mu_cross, self._sigma(found))

    def _sigma(self, found: Interpolated) -> Array:
        return np.full(len(found.altitude), np.nan) if self.sigma is None else self.sigma.at(found)


def certainty_at(
    shots: Shots,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    *,
    bins: int = 8,
    power: float = 2.0,
    dmax: float | None = None,
    emax: float = EMAX_M,
    alpha: float = ALPHA,
    progress: Progress = silent,
) -> Certainty:
    """Certainty at lon, lat (rad) from shots not yet prepared; see `Interpolator` and `CertaintyModel`."""
    model = CertaintyModel(Interpolator(shots, bins, power), dmax, emax, alpha, part(progress, 0.0, 0.4))
    return model.at(lon, lat, part(progress, 0.4, 1.0))
