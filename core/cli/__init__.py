"""The steps as commands: ``planetary-dtm COMMAND``; exit status 0 done, 1 failed, 2 wrong usage, 130 cancelled."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any

from ..errors import CancelledError, InputError, PlanetaryDtmError
from ..memory import limited_to
from ..outputs import remove_scratch
from ..steps import STEP_IDS, Kind, OutputKind, Parameter, Step, step
from ..version import VERSION
from .interrupts import Interrupts
from .terminal import TerminalProgress

BENCHMARKS = (
    "view",
    "hadley",
    "paper",
    "trajectory",
    "hard_case",
    "certainty",
    "matching",
    "stereo",
    "bundle",
    "hard_ties",
    "nominal",
    "learned",
    "extents",
    "mosaic",
    "cancel",
)
CANCELLED = 130
TRACEBACK = "PLANETARY_DTM_TRACEBACK"  # environment variable: set, it shows where the program itself failed
_GDAL_CACHE_MB = "64"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given else ""
    with Interrupts() as interrupts:
        try:
            options = vars(_parser(given).parse_args(given))
            command = options.pop("command")
            if command == "bench":
                return _bench(options, interrupts)
            allowed = options.pop("allowed_mb", None)
            with limited_to(allowed):
                return _run(step(command), {k.upper(): v for k, v in options.items()}, interrupts)
        except CancelledError as error:
            print(error, file=sys.stderr)
            return CANCELLED
        except KeyboardInterrupt:
            print(CancelledError(), file=sys.stderr)
            return CANCELLED
        except PlanetaryDtmError as error:
            print(f"planetary-dtm {command}: {error}", file=sys.stderr)
            return 1
        except MemoryError:
            print(
                f"planetary-dtm {command}: not enough memory; choose a larger pixel size or a smaller extent.",
                file=sys.stderr,
            )
            return 1
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "osgeo":
                return _fault(command, error)
            print(
                f"planetary-dtm {command}: GDAL's Python bindings are missing; install those of the system "
                "(python3-gdal) and use a Python that sees them.",
                file=sys.stderr,
            )
            return 1
        except Exception as error:
            return _fault(command, error)


def _fault(command: str, error: Exception) -> int:
    """Tell a failure of the program's own in one line."""
    if os.environ.get(TRACEBACK):
        traceback.print_exc()
    told = " ".join(f"{type(error).__name__}: {error}".split())
    print(
        f"planetary-dtm {command}: a fault of the program itself ({told}); set {TRACEBACK}=1 to see where, and report "
        "it.",
        file=sys.stderr,
    )
    return 1


def program() -> int:
    """The console script: `main`, and once it has ended an interrupt no longer changes the exit status.

    GDAL would keep blocks of rasters in a twentieth of the machine's memory, whatever the work needs. A cancelled
    process leaves without taking its libraries down, which takes torch a second or two.
    """
    os.environ.setdefault("GDAL_CACHEMAX", _GDAL_CACHE_MB)
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if status == CANCELLED:
        remove_scratch()
        if "multiprocessing.util" in sys.modules:  # workers that were about to come up, and their semaphores
            for child in sys.modules["multiprocessing.process"].active_children():
                child.kill()
            sys.modules["multiprocessing.util"]._run_finalizers(0)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody reads it any more
                stream.flush()
        os._exit(status)
    return status


def _run(chosen: Step, values: dict[str, Any], interrupts: Interrupts) -> int:
    with TerminalProgress(chosen.title, interrupts.heard) as progress:
        result = chosen.run(**chosen.checked(values), progress=progress)
    for sentence in result.warnings:
        print(f"Warning: {sentence}", file=sys.stderr)
    for sentence in result.notes:
        print(sentence)
    for name, value in result.outputs.items():
        print(f"{name}: {value:.6g}" if isinstance(value, float) else f"{name}: {value}")
    return 0


def _bench(options: dict[str, Any], interrupts: Interrupts) -> int:
    if find_spec("...benchmarks", __package__) is None:
        raise InputError("Benchmarks are not in the plugin's zip; run them from the sources of the plugin.")
    module = import_module(f"...benchmarks.{options['name']}", __package__)
    own = {} if options["seeds"] is None else {"seeds": options["seeds"]}
    if own and "seeds" not in signature(module.run).parameters:
        raise InputError(f"Benchmark {options['name']!r} has no number of SEEDS to choose: leave --seeds out.")
    with TerminalProgress(f"bench {options['name']}", interrupts.heard) as progress:
        table = module.run(data=options["data"], folder=options["folder"], progress=progress, **own)
    print(table.text())
    if options["json"]:
        table.save(options["json"])
    return 0


class _Parser(argparse.ArgumentParser):
    """Takes -1e5 for a number: before 3.14 Python takes it for an option."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._negative_number_matcher = re.compile(r"^-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="planetary-dtm", description="Terrain models of planets and moons from one image or push-broom stereo."
    )
    parser.add_argument("--version", action="version", version=f"planetary-dtm {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the chosen command's module is imported, unless the list of all is asked for.
    wanted = given[0] if given and given[0] in (*STEP_IDS, "bench", "--version") else None
    for step_id in STEP_IDS:
        if wanted in (None, step_id):
            _add_step(commands, step(step_id))
    if wanted in (None, "bench"):
        bench = commands.add_parser("bench", help="Run a benchmark and print its table.")
        bench.add_argument("name", choices=BENCHMARKS)
        bench.add_argument("--json", metavar="FILE", help="Write the numbers to FILE too.")
        bench.add_argument(
            "--data", metavar="FOLDER", help="Real data (default: PLANETARY_DTM_DATA or ../shared/data)."
        )
        bench.add_argument("--seeds", type=int, metavar="N", help="Simulated scenes of each kind, where it takes them.")
        bench.add_argument(
            "--folder", metavar="FOLDER", help="Where figures are written (default: a temporary folder)."
        )
    return parser


def _add_step(commands: Any, described: Step) -> None:
    command = commands.add_parser(described.id, help=described.title + ".", description=described.help)
    for parameter in described.parameters:
        _add_parameter(command, parameter)
    for output in described.outputs:
        if output.kind is not OutputKind.NUMBER:
            flag = _flag(output.name)
            command.add_argument(
                flag, dest=output.name.lower(), required=not output.optional, metavar="PATH", help=output.help
            )
    if not any(parameter.name == "MEMORY" for parameter in described.parameters):
        told = "Memory that the command may take [MB] (default: what the machine has); more is refused at once."
        command.add_argument("--memory", dest="allowed_mb", type=float, metavar="X", help=told)


def _flag(name: str) -> str:
    return "--" + name.lower().replace("_", "-")


def _add_parameter(command: argparse.ArgumentParser, parameter: Parameter) -> None:
    dest, unit = parameter.name.lower(), f" [{parameter.unit}]" if parameter.unit else ""
    shown = "" if parameter.default in (None, "") else f" (default: {parameter.default})"
    options: dict[str, Any] = {"dest": dest, "help": (parameter.help + unit + shown).replace("%", "%%")}
    kind = parameter.kind
    if kind is Kind.FLAG:
        command.add_argument(_flag(parameter.name), action=argparse.BooleanOptionalAction, default=None, **options)
        return
    options["required"] = not parameter.optional and parameter.default is None
    if kind is Kind.EXTENT:
        command.add_argument(
            _flag(parameter.name), nargs=4, type=float, metavar=("XMIN", "YMIN", "XMAX", "YMAX"), **options
        )
    elif kind in (Kind.RASTERS, Kind.TABLES, Kind.FILES):
        command.add_argument(_flag(parameter.name), nargs="+", metavar="PATH", **options)
    elif kind is Kind.CHOICE:
        command.add_argument(_flag(parameter.name), choices=parameter.choices, **options)
    else:
        types = {Kind.NUMBER: float, Kind.INTEGER: int}
        metavar = {Kind.NUMBER: "X", Kind.INTEGER: "N", Kind.FIELD: "COLUMN", Kind.TEXT: "TEXT", Kind.CRS: "CRS"}
        command.add_argument(
            _flag(parameter.name), type=types.get(kind, str), metavar=metavar.get(kind, "PATH"), **options
        )
