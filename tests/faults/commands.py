"""The long commands on small inputs: their words and their outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .inputs import VIEWS


@dataclass(frozen=True)
class Command:
    """``words(inputs, folder)``: the command line. ``made``: names of its outputs in the folder. ``units``: of work,
    each kept when it is done, and the last, which ends it: a kill costs one at most. ``again``: what it then goes on
    from, by which word."""

    words: Callable[[Path, Path], list[str]]
    made: tuple[str, ...]
    units: int = 1
    again: tuple[str, str] | None = None
    needs: str = ""  # a package


def _(*words: str) -> Callable[[Path, Path], list[str]]:
    """Words with I/ for the folder of inputs and O/ for that of outputs."""

    def filled(inputs: Path, folder: Path) -> list[str]:
        places = {"I/": f"{inputs}/", "O/": f"{folder}/"}
        return [places[word[:2]] + word[2:] if word[:2] in places else word for word in words]

    return filled


_CAMERAS = ("--sensor", "I/sensor.json", "--eops", "I/eops.csv")
_IMAGES = tuple(f"I/{view}.tif" for view in VIEWS)
_LEARNED = ("--engine", "numpy", "--sun-azimuth", "285")
_STEREO = ("stereodtm", "--images", *_IMAGES, *_CAMERAS, "--no-level")

COMMANDS: dict[str, Command] = {
    "simulateview": Command(_("simulateview", "--size", "400", "--output-folder", "O/made"), ("made",)),
    "dtmfromextent": Command(
        _(
            "dtmfromextent",
            "--input",
            "I/image.tif",
            "--altimetry",
            "I/view_shots.csv",
            *_LEARNED,
            "--output",
            "O/d.tif",
        ),
        ("d.tif",),
    ),
    "leveldtm": Command(
        _("leveldtm", "--input", "I/relative.tif", "--altimetry", "I/view_shots.csv", "--output", "O/l.tif"), ("l.tif",)
    ),
    "mosaic": Command(
        _("mosaic", "--input", "I/mosaic.tif", "--block", "512", "--workers", "1", *_LEARNED, "--output", "O/m.tif"),
        ("m.tif",),
        units=3,
    ),
    "hillshade": Command(_("hillshade", "--input", "I/dtm.tif", "--output", "O/h.tif"), ("h.tif",)),
    "comparedtm": Command(
        _(
            *("comparedtm", "--input", "I/dtm.tif", "--reference", "I/truth_dtm.tif"),
            *("--output", "O/c.tif", "--output-report", "O/c.html"),
        ),
        ("c.tif", "c.html"),
    ),
    "filteraltimetry": Command(
        _(
            *("filteraltimetry", "--input", "I/shots.csv", "--body", "Moon"),
            *("--output", "O/f.csv", "--output-outliers", "O/o.csv"),
        ),
        ("f.csv", "o.csv"),
    ),
    "certaintymap": Command(
        _("certaintymap", "--input", "I/shots.csv", "--body", "Moon", "--pixel-size", "3000", "--output", "O/t.tif"),
        ("t.tif",),
    ),
    "simulatescene": Command(
        _("simulatescene", "--terrain", "paper", "--lines", "1200", "--no-images", "--output-folder", "O/made"),
        ("made",),
    ),
    "recovereop": Command(
        _(
            *("recovereop", "--gcps", "I/gcps.csv", "--sensor", "I/sensor.json", "--altimetry", "I/shots.csv"),
            *("--output", "O/e.csv", "--output-csm-folder", "O/csm", "--output-report", "O/e.html"),
        ),
        ("e.csv", "e.covariance.npz", "csm", "e.html"),
    ),
    "densematch": Command(
        _(
            *("densematch", "--image-a", "I/nadir.tif", "--image-b", "I/forward.tif", "--image-c", "I/backward.tif"),
            *("--output", "O/m.tif", "--output-c", "O/mc.tif"),
        ),
        ("m.tif", "mc.tif"),
        needs="cv2",
    ),
    "intersect": Command(_("intersect", "--matches", "I/matches.tif", *_CAMERAS, "--output", "O/p.las"), ("p.las",)),
    "pointstodtm": Command(
        _("pointstodtm", "--input", "I/points.las", "--output", "O/g.tif"),
        ("g.tif",),
    ),
    "orthoimage": Command(
        _("orthoimage", "--image", "I/nadir.tif", *_CAMERAS, "--output", "O/i.tif"),
        ("i.tif",),
    ),
    "stereodtm": Command(
        _(*_STEREO, "--output", "O/s.tif", "--output-points", "O/s.las", "--output-report", "O/s.html"),
        ("s.tif", "s.las", "s.html"),
        needs="cv2",
    ),
    "orbit": Command(
        _(
            *("orbit", "--scenes-folder", "I/orbits", "--pixel-size", "240", "--workers", "1"),
            *("--output", "O/o.tif", "--output-report", "O/o.html"),
        ),
        ("o.tif", "o.html"),
        units=3,
        needs="cv2",
    ),
    "refinecameras": Command(
        _(
            *("refinecameras", "--cameras", "I/left.json", "I/right.json", "--ties", "I/ties.csv"),
            *("--altimetry", "I/narrow_shots.csv", "--output-folder", "O/refined", "--output-report", "O/r.html"),
        ),
        ("refined", "r.html"),
    ),
    "trainingpairs": Command(
        _(
            "trainingpairs",
            "--dem",
            "I/dem.tif",
            "--count",
            "12",
            "--tile",
            "64",
            "--split",
            "0.4",
            "--output-folder",
            "O/pairs",
        ),
        ("pairs",),
    ),
    "trainmodel": Command(
        _(
            *("trainmodel", "--pairs", "I/pairs", "--epochs", "8", "--batch", "2", "--precision", "float32"),
            *("--checkpoint-every", "12", "--output", "O/w.safetensors"),  # units of seconds, as users have them
        ),
        ("w.safetensors", "w.training"),
        units=4,
        again=("w.training/checkpoint.pt", "--resume"),
        needs="torch",
    ),
    "evaluatemodel": Command(
        _("evaluatemodel", "--pairs", "I/pairs", "--count", "2", "--engine", "numpy", "--output-report", "O/v.html"),
        ("v.html",),
    ),
}

LIGHT = ("simulateview", "comparedtm", "filteraltimetry", "intersect", "pointstodtm", "trainingpairs")
