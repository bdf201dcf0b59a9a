"""Left-right check: matched from B's side, does a match come back to where it started?"""

from __future__ import annotations

import numpy as np

from .nodes import SPACING
from .warp import Field, Mask, affine_field, affine_of, identity, opencv

_STEPS = 4  # of fixed-point inversion: relief moves places by much less than it is wide


def returns(there: Field, back: Field, within: float) -> Mask:
    """Which pixels of A, sent to B by ``there`` (h, w, 2), come back to ``within`` pixels by ``back``, B's field."""
    cv2 = opencv()
    here = cv2.remap(back, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(1e9, 1e9))
    here -= identity(*there.shape[:2])
    return np.asarray((np.abs(here[..., 0]) <= within) & (np.abs(here[..., 1]) <= within))


def inverse(places: Field, rows: int, columns: int) -> Field:
    """Places in A of B's nodes (rows, columns, 2), from those in B of A's: by fixed-point steps from the nearest affine
    map; beyond A its rim is continued.
    """
    cv2 = opencv()
    middle = np.float32((SPACING - 1) / 2)
    affine = affine_of(places)
    rest = places - affine_field(affine, *places.shape[:2])
    turn = np.linalg.inv(affine[:, :2].astype(np.float64))  # from pixels of B to nodes of A, numbered
    home = np.column_stack([SPACING * turn, turn @ (middle - affine[:, 2])]).astype(np.float32)
    base = affine_field(home, rows, columns)
    back = base
    (a, b), (c, d) = turn.astype(np.float32)
    for _ in range(_STEPS):
        off = cv2.remap(rest, back, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        back = base - np.stack([a * off[..., 0] + b * off[..., 1], c * off[..., 0] + d * off[..., 1]], axis=-1)
    return np.asarray(SPACING * back + middle)
