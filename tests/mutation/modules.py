"""The modules whose tests are tested, by area, and the tests that are theirs."""

from __future__ import annotations

_TWO_PHASE = ("resection/test_two_phase.py", "resection/test_collinearity.py")
_TRAJECTORY = ("resection/test_trajectory.py", "resection/test_recover.py")
_TIES = ("resection/test_ties.py",)
_REFINE = ("resection/test_refine.py",)
_CERTAINTY = (
    "altimetry/test_sigma.py",
    "altimetry/test_withholding.py",
    "altimetry/test_correlation.py",
    "altimetry/test_certainty.py",
    "altimetry/test_error_features.py",
)
_KRIGING = ("altimetry/test_kriging.py", *_CERTAINTY)

# All of core/resection but the two modules that draw reports.
_RESECTION: dict[str, tuple[str, ...]] = {
    "altitude_errors": ("resection/test_altitude_errors.py", "resection/test_error_correlation.py"),
    "altitudes": ("resection/test_altitudes.py",),
    "attitude": _TWO_PHASE,
    "banded": ("resection/test_banded.py",),
    "batched": _TWO_PHASE,
    "bundle": ("resection/test_bundle.py", *_TIES),
    "collinearity": ("resection/test_collinearity.py", "resection/test_position.py"),
    "control": ("resection/test_position.py", *_TWO_PHASE, "camera/test_control.py"),
    "control_rows": ("resection/test_control_rows.py", *_REFINE),
    "coplanarity": _TWO_PHASE,
    "coupling": _TIES,
    "dense_system": _REFINE,
    "error_correlation": ("resection/test_error_correlation.py",),
    "five_point": _TWO_PHASE,
    "gross": ("resection/test_gross.py",),
    "ground_rows": ("resection/test_ground_rows.py",),
    "joint": ("resection/test_joint.py",),
    "lateral_bias": ("resection/test_ground_rows.py", "resection/test_trajectory_system.py", *_TRAJECTORY),
    "model": ("resection/test_model.py",),
    "neighbours": ("resection/test_neighbours.py", *_TWO_PHASE),
    "nominal_path": _REFINE,
    "outcome": ("resection/test_outcome.py", *_TWO_PHASE, *_TRAJECTORY),
    "path": ("resection/test_path.py",),
    "plausibility": ("resection/test_tables.py",),
    "position": ("resection/test_position.py", *_TWO_PHASE),
    "propagation": _TWO_PHASE,
    "recover": ("resection/test_recover.py",),
    "refine": ("resection/test_refine_parts.py", *_REFINE),
    "splines": ("resection/test_splines.py",),
    "surface_search": ("resection/test_surface_search.py", *_REFINE),
    "surface_shots": ("resection/test_surface_shots.py", *_TIES),
    "tables": ("resection/test_tables.py",),
    "ties": _TIES,
    "trajectory": ("resection/test_trajectory_start.py", *_TRAJECTORY),
    "trajectory_noise": ("resection/test_trajectory_noise.py", *_TRAJECTORY, "resection/test_error_correlation.py"),
    "trajectory_system": ("resection/test_trajectory_system.py", *_TRAJECTORY, "resection/test_error_correlation.py"),
    "two_phase": _TWO_PHASE,
}

# By area: the module's file, and its tests (in tests/core).
AREAS: dict[str, dict[str, tuple[str, ...]]] = {
    "resection": {f"core/resection/{name}.py": tests for name, tests in _RESECTION.items()},
    "certainty": {
        "core/altimetry/certainty.py": _CERTAINTY,
        "core/altimetry/sigma.py": _CERTAINTY,
        "core/altimetry/error_features.py": _CERTAINTY,
        "core/altimetry/withholding.py": _CERTAINTY,
        "core/altimetry/correlation.py": _CERTAINTY,
        "core/altimetry/kriging.py": _KRIGING,
    },
    "adapter": {
        "core/learned/adapter.py": ("learned/test_adapter.py",),
        "core/learned/greyscale.py": ("learned/test_greyscale.py", "learned/test_prediction.py"),
    },
}
