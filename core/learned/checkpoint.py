"""Checkpoints of a training: whole or absent, read without running code, refused when another plan's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..outputs import replacing
from .plan import Plan, completed
from .trainers import Trainer


def save(path: Path, plan: Plan, step: int, trainer: Trainer, means: dict[str, float], fingerprint: str) -> None:
    """Write everything training depends on after `step` steps; means: the running losses; fingerprint: of the pairs.

    Raises InputError when the disk is full; the file that was there stays.
    """
    import torch

    state = {"plan": json.dumps(asdict(plan)), "step": step, "means": means, "pairs": fingerprint, **trainer.state()}
    with replacing(path) as temporary:
        try:
            with _without_sums():
                torch.save(state, temporary)
        except RuntimeError as error:  # how torch reports that a write failed
            raise OSError(str(error).split("\n", 1)[0][:120] or "the disk may be full") from error


@contextmanager
def _without_sums() -> Iterator[None]:
    """Without torch's checksums, which it never reads: they take five times as long as the writing itself."""
    from torch import serialization

    if not hasattr(serialization, "set_crc32_options"):  # before torch 2.6
        yield
        return
    used = serialization.get_crc32_options()
    serialization.set_crc32_options(False)
    try:
        yield
    finally:
        serialization.set_crc32_options(used)


def restore(path: str | Path, plan: Plan, trainer: Trainer, fingerprint: str) -> tuple[int, dict[str, float]]:
    """Put a checkpoint's state into a trainer -> the step to go on with, and the running losses.

    Raises InputError for a file that is no checkpoint, and for one of another architecture, plan or pairs (those of
    the first checkpoints are not known).
    """
    state = _read(Path(path))
    theirs = state["plan"]
    if theirs.get("architecture") != plan.architecture:
        raise InputError(
            f"Checkpoint {str(path)!r} is of architecture {theirs.get('architecture')!r}, {plan.architecture!r} is to "
            "be trained; choose that architecture or another checkpoint."
        )
    try:
        changed = plan.differences(theirs)
    except TypeError as error:
        raise InputError(f"Checkpoint {str(path)!r} holds no plan of a training; it may be damaged.") from error
    if changed:
        raise InputError(f"Checkpoint {str(path)!r} was made with another {', '.join(changed)}; use another folder.")
    if state.get("pairs", fingerprint) != fingerprint:
        raise InputError(f"Checkpoint {str(path)!r} was trained on other pairs; give those, or use another folder.")
    try:
        trainer.restore(state)
    except Exception as error:  # what torch and the networks make of foreign numbers
        if isinstance(error, MemoryError):
            raise
        raise InputError(f"Checkpoint {str(path)!r} does not fit the network it names; it may be damaged.") from error
    return state["step"], state["means"]


def plan_of(path: str | Path) -> dict[str, Any]:
    """The plan a checkpoint was made with, completed by what plans had not yet when it was written."""
    return dict(_read(Path(path))["plan"])


def _read(path: Path) -> dict[str, Any]:
    import torch

    if not path.is_file():
        raise InputError(f"Checkpoint {str(path)!r} does not exist; give the checkpoint.pt of an earlier training.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        plan, means = json.loads(state["plan"]), state["means"]
        whole = {
            **state,
            "plan": completed(plan),
            "step": int(state["step"]),
            "means": {str(name): float(value) for name, value in means.items()},
        }
    except Exception as error:  # a damaged file fails inside zip, pickle or torch in as many ways
        raise InputError(f"Checkpoint {str(path)!r} cannot be read; it is damaged or no checkpoint of ours.") from error
    return whole
