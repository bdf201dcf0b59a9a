"""Step: the stereo chain over many orbits, or long ones, in several processes; where they overlap they are merged."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..cluster.cost import total
from ..cluster.files import absolute, files_of
from ..cluster.lock import sole_worker
from ..cluster.manifest import Done, Manifest, fingerprint
from ..cluster.pool import CLUSTER_HELP, cores, do_units
from ..errors import InputError
from ..memory import require_memory
from ..outputs import discard, require_writable
from ..progress import Progress, part, silent, tell
from ..rasters import Raster
from ..terrain.target_grid import whole_turn
from ..version import VERSION
from . import mosaic, stereodtm
from .orbit_merge import Merged, laid_out, one_datum, write_merged
from .orbit_report import orbit_report
from .orbit_scenes import OrbitScene, Segment, places_of, read_scenes, segments_of
from .orbit_units import FAILED, Making, Orienting, make, orient
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult
from .stereo_chain import chain_mb

_BYTES_PER_LINE = 15_000  # of an orbit whose trajectory is recovered
_LEAST = 600  # lines of a segment's own ground, under which the views' shift costs more than itself


def run(*, progress: Progress = silent, **given: Any) -> StepResult:
    """Orient the orbits, make the missing segments, merge them; see `STEP` for the parameters."""
    started, output = time.monotonic(), given["output"]
    require_writable(output, (".tif", ".tiff"))
    if given["output_report"]:
        require_writable(given["output_report"], (".html", ".htm"))
    scenes = read_scenes(given["scenes"], given["scenes_folder"], given["altimetry"])
    crs, pixel_size = given["crs"], given["pixel_size"]
    if not (crs and pixel_size):
        usual = places_of(scenes[0])
        crs, pixel_size = crs or usual[0], pixel_size or usual[1]
    pixel_size = whole_turn(crs, pixel_size)
    values = {name.upper(): given[name] for name in _PASSED} | {"CRS": crs, "PIXEL_SIZE": pixel_size}
    dem = values["REFERENCE_DEM"] = absolute(given["reference_dem"])
    if dem:
        Raster(dem, "REFERENCE_DEM")  # opens, before long work starts
    common = fingerprint({**values, "VERSION": VERSION}, files_of(dem))
    plan = _plan(scenes, given["segment"], given["overlap"], common, given["memory"])
    if not given["scheduler"]:
        busy = min(given["workers"] or cores(), len(plan.segments))
        most = busy * max(_needed_mb([segment]) for segment in plan.segments)
        fix = "choose fewer WORKERS or a smaller SEGMENT"
        require_memory(most, f"Work on {busy} segments at a time", fix, progress)
    folder = Path(str(Path(output).resolve().with_suffix("")) + ".parts")
    with sole_worker(folder, output):
        work = _Work(plan, folder, values, Manifest(folder, fingerprint({"VERSION": VERSION}, [])))
        already = len(work.segments) - len(work.missing)
        keys = [segment.key for segment in work.segments]
        with work.manifest.kept(keys, "segments"):
            work.do(given["workers"] or cores(), given["memory"], given["scheduler"] or "", part(progress, 0.0, 0.9))
        made = work.made()
        names = [scene.name for scene in scenes]
        grid, sheets = laid_out([(str(folder / d.file), names.index(s.scene.name), _called(s)) for s, d in made])
        about = {
            **made_by(STEP, {**given, "crs": crs, "pixel_size": pixel_size}),
            "MERGING": "segments of one orbit averaged, orbits by inverse variance",
            "ORBITS": json.dumps(list(dict.fromkeys(s.scene.name for s, _ in made)), ensure_ascii=False),
            "SEGMENTS": str(len(made)),
            "PIXEL_SIZE_M": f"{pixel_size:g}",
            "DATUM": one_datum(sheets),
            "LEVELLED": "YES",
        }
        threads = given["workers"] or cores()
        with work.manifest.kept(keys, "segments"):
            merged = write_merged(output, grid, sheets, names, about, threads, part(progress, 0.9, 0.98))
        tell(progress, 0.98, "Drawing the report")
        warnings = work.warnings()
        if given["reference_dem"] and not given["level"]:
            warnings += ("REFERENCE_DEM is not used while LEVEL is off.",)
        if given["output_report"]:
            lines = {s.key: _called(s) for s in work.segments} | {
                o.key: f"{o.scene.name}, orientation" for o in plan.long
            }
            title = f"{len(names)} orbits, {len(made)} segments"
            units = list(work.manifest.done.values())
            parameters = {name: value for name, value in values.items() if value not in (None, "", [])}
            report = orbit_report(title, output, merged, units, lines, {**parameters, "VERSION": VERSION}, warnings)
            report.write(given["output_report"])
        work.manifest.publish(output)
        if not work.failed:
            discard(folder)
    outputs = {name: given[name.lower()] for name in ("OUTPUT", "OUTPUT_REPORT") if given[name.lower()]}
    numbers = {"COVERED": merged.covered, "CROSSOVER_NMAD": _overall(merged)}
    cost = total(done.cost for done in work.manifest.done.values())
    note = (
        f"{len(made)} segments of {len(names)} orbits ({already} were done before): {cost.cpu_s:.0f} CPU seconds and "
        f"at most {cost.peak_mb:.0f} MB a worker; {time.monotonic() - started:.0f} s in all."
    )
    return StepResult({**outputs, **numbers}, warnings, (note, *_told(merged)))


@dataclass(frozen=True)
class _Plan:
    """Segments of all orbits, and the orbits that are oriented before they are cut."""

    segments: list[Segment]
    long: list[Orienting]


def _plan(scenes: Sequence[OrbitScene], length: int, overlap: int, common: str, memory_mb: float) -> _Plan:
    """Cut the orbits, shorter than asked for where the memory of a worker demands it."""
    segments: list[Segment] = []
    long: list[Orienting] = []
    for scene in scenes:
        wanted, own = length, segments_of(scene, length, overlap, common)
        while _needed_mb(own) > memory_mb and wanted > _LEAST:
            wanted = max(_LEAST, int(0.8 * wanted))
            own = segments_of(scene, wanted, overlap, common)
        needed = _needed_mb(own)
        if len(own) > 1 and scene.gcps:
            needed = max(needed, chain_mb(0, 0) + _BYTES_PER_LINE * scene.lines / 1e6)
        if needed > memory_mb:
            least = np.ceil(needed)
            raise InputError(
                f"MEMORY {memory_mb:g} MB is too little for orbit {scene.name!r}; give at least {least:.0f} MB."
            )
        segments += own
        if len(own) > 1 and scene.gcps:
            key = own[0].key.replace(".0000.", ".orientation.")
            long.append(Orienting(scene, key, "", {}))
    return _Plan(segments, long)


def _needed_mb(segments: Sequence[Segment]) -> float:
    lines = max(segment.last - segment.first for segment in segments)
    return chain_mb(lines, segments[0].scene.samples)


class _Work:
    """What is to do and what is done; units that fail are told, and tried again by the next start."""

    def __init__(self, plan: _Plan, folder: Path, values: dict[str, Any], manifest: Manifest) -> None:
        self.segments, self.manifest, self.failed = plan.segments, manifest, dict[str, str]()
        self._folder, self._values = folder, values
        self._long = [replace(unit, folder=str(folder), values=values) for unit in plan.long]
        self.missing = manifest.missing(segment.key for segment in plan.segments)

    def do(self, workers: int, memory_mb: float, scheduler: str, progress: Progress) -> None:
        """Orient what must be, then make every missing segment."""
        missing = set(self.missing)
        cut = {s.scene.name for s in self.segments if s.key in missing and not s.whole}
        done = self.manifest.done
        first = [u for u in self._long if u.scene.name in cut and (u.key not in done or not self._whole(u.key))]
        stages = part(progress, 0.0, 0.1), part(progress, 0.1 if first else 0.0, 1.0)
        do_units(orient, first, self._finished, workers, memory_mb, scheduler, stages[0])
        eops = {u.scene.name: str(self._folder / done[u.key].file) for u in self._long if u.key in done}
        ready = [
            Making(s, str(self._folder), eops.get(s.scene.name, s.scene.eops), self._values)
            for s in self.segments
            if s.key in missing and (s.whole or s.scene.eops or s.scene.name in eops)
        ]
        do_units(make, ready, self._finished, workers, memory_mb, scheduler, stages[1])

    def made(self) -> list[tuple[Segment, Done]]:
        """Segments with a DTM; raises the first `InputError` where there is none."""
        done = self.manifest.done
        made = [(segment, done[segment.key]) for segment in self.segments if segment.key in done]
        if not made:
            raise InputError(f"No orbit gave terrain; the first: {next(iter(self.failed.values()))}")
        return made

    def warnings(self) -> tuple[str, ...]:
        """Of the segments, and what failed."""
        told = {s.key: _called(s) for s in self.segments} | {u.key: u.scene.name for u in self._long}
        own = [f"{told[u]}: {text}" for u in told if u in self.manifest.done for text in self.manifest.done[u].warnings]
        return (*own, *(f"{told[unit]}: {FAILED}{text}" for unit, text in self.failed.items()))

    def _whole(self, key: str) -> bool:
        """Whether the covariances that belong to an orientation are still there, if there were any."""
        return f"{key}.covariance" in self.manifest.done or not (self._folder / f"{key}.covariance.npz").exists()

    def _finished(self, found: list[Done]) -> None:
        for done in reversed(found):  # the covariances before the table that needs them
            if done.file:
                self.manifest.add(done)
            else:
                self.failed[done.unit] = done.warnings[0].removeprefix(FAILED)


def _called(segment: Segment) -> str:
    if segment.whole:
        return segment.scene.name
    return f"{segment.scene.name}, lines {segment.first} to {segment.last - 1}"


def _overall(merged: Merged) -> float:
    """Robust spread of all crossover differences (m), NaN without any."""
    if not merged.orbits:
        return float("nan")
    cells = np.array([found.cells for found in merged.orbits], float)
    return float(np.average([found.spread for found in merged.orbits], weights=cells))


def _told(merged: Merged) -> tuple[str, ...]:
    return tuple(
        f"{c.first} - {c.second}: median {c.bias:.1f} m, NMAD {c.spread:.1f} m, {c.rms_sigmas:.2f} sigmas (RMS), "
        f"{c.cells} cells."
        for c in sorted(merged.orbits, key=lambda found: -found.cells)[:10]
    )


_STEREO = {parameter.name: parameter for parameter in stereodtm.STEP.parameters}
_CLUSTER = tuple(p for p in mosaic.STEP.parameters if p.name in ("WORKERS", "MEMORY", "SCHEDULER"))
_PASSED = (
    *("altitude_field", "reference_dem", "reference_datum", "level", "fill", "kernel", "threshold", "method"),
    *("use_certainty", "sigma_lateral", "use_ties", "min_altitude", "max_altitude"),
)

STEP = Step(
    id="orbit",
    title="DTM from orbits",
    group="Stereo",
    help=(
        "Runs the stereo chain (see DTM from stereo images) over many orbits or long ones, in several processes, here "
        "or on a Dask cluster, in bounded memory, and merges the DTMs of all orbits to one.\n\n"
        "Long orbits are oriented as a whole and cut into segments that overlap. Where several orbits saw the same "
        "ground their heights are averaged by inverse variance, and the report tells how far they stand apart "
        "(crossover residuals), in metres and in the sigmas they claim.\n\n"
        "Finished segments are kept beside the output (OUTPUT.parts) until all are done: a run that was stopped, "
        "killed or cancelled goes on with what is missing when it is started again; orbits may be added. An orbit that "
        "gives no terrain is told and does not stop the others.\n\n" + CLUSTER_HELP
    ),
    parameters=(
        Parameter(
            "SCENES",
            Kind.FILE,
            "Orbits (table)",
            "Table with one row an orbit: name, images (with ; between), sensor, gcps or eops, and where known views "
            "and altimetry; paths from the table's folder.",
            optional=True,
        ),
        Parameter(
            "SCENES_FOLDER",
            Kind.FOLDER,
            "Orbits (folder)",
            "Instead of a table: a folder with one folder an orbit, each with sensor.json, gcps.csv or eops.csv, one "
            "image a view (VIEW.tif) and perhaps altimetry.csv, as Simulate push-broom scene writes them.",
            optional=True,
        ),
        replace(_STEREO["ALTIMETRY"], help="Laser shots for the orbits that name none of their own."),
        *(_STEREO[name] for name in ("ALTITUDE_FIELD", "REFERENCE_DEM", "REFERENCE_DATUM")),
        replace(
            _STEREO["LEVEL"],
            help="Move the DTM of every segment onto ALTIMETRY or REFERENCE_DEM, never scaling it.",
            default=False,
        ),
        replace(_STEREO["PIXEL_SIZE"], help="Ground size of a pixel. Left empty: 1.5 image pixels of the first orbit."),
        replace(
            _STEREO["CRS"],
            help="CRS of the DTM. Left empty: longitude and latitude, or polar stereographic where the first orbit "
            "goes beyond 75° of latitude.",
        ),
        _STEREO["FILL"],
        Parameter(
            "SEGMENT",
            Kind.INTEGER,
            "Lines of a segment",
            "Longer orbits are cut into segments of about so many lines, shorter where MEMORY does not hold them.",
            default=5000,
            minimum=_LEAST,
            maximum=200_000,
            advanced=True,
        ),
        Parameter(
            "OVERLAP",
            Kind.INTEGER,
            "Overlap of segments",
            "Lines that a segment reaches into the next; what the views need to see the same ground comes on top.",
            default=100,
            minimum=0,
            maximum=10_000,
            advanced=True,
        ),
        *(_STEREO[name] for name in ("KERNEL", "THRESHOLD", "METHOD", "USE_CERTAINTY", "SIGMA_LATERAL")),
        replace(_STEREO["USE_TIES"], help=_STEREO["USE_TIES"].help + " Orbits that are cut are oriented without."),
        *(_STEREO[name] for name in ("MIN_ALTITUDE", "MAX_ALTITUDE")),
        *_CLUSTER,
    ),
    outputs=(
        stereodtm.STEP.outputs[0],
        Output(
            "OUTPUT_REPORT",
            OutputKind.REPORT,
            "Report",
            "HTML with the crossover residuals of all pairs of orbits, and what every segment cost.",
            optional=True,
            extension="html",
        ),
        Output("COVERED", OutputKind.NUMBER, "Covered", "Share of the DTM's cells that have a height, 0 to 1."),
        Output(
            "CROSSOVER_NMAD",
            OutputKind.NUMBER,
            "Crossover NMAD",
            "Robust spread of the height differences where orbits overlap, m.",
        ),
    ),
    run=run,
    icon="dtm_from_view",
    tags=("stereo", "DTM", "orbits", "large", "cluster", "Dask", "parallel", "crossover", "push-broom"),
)
