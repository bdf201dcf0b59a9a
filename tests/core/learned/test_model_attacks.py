"""Hostile model files, each in a process of its own: refused in one sentence, under 1 s of CPU time and 100 MB."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planetary_dtm.core.learned.architectures import architecture
from planetary_dtm.core.learned.model_file import FILE_CAP, HEADER_CAP, save_model

MOST_SECONDS, MOST_BYTES = 1.0, 100_000_000
OPTIONS = {"widths": [4, 6], "bottom_blocks": 1}
CARD: dict[str, Any] = {
    "architecture": "unet", "options": OPTIONS, "input_bands": ["grey"], "input_size": 64, "grey": {"kind": "robust"},
    "height_unit": "ground_pixel", "height_scale": 1.0, "height_offset": 0.0, "sun_azimuth": 270.0,
}  # fmt: skip
# Started once for all attacks; forks for each, and tells what the attempt took beyond what was there before it.
JUDGE = """
import json, os, resource, sys
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.learned.model_file import load_model
def status(name):
    return int(next(l for l in open("/proc/self/status") if l.startswith(name)).split()[1]) << 10
for line in sys.stdin:
    path, read, write = json.loads(line), *os.pipe()
    child = os.fork()
    if child == 0:
        base = status("VmSize")
        resource.setrlimit(resource.RLIMIT_AS, (base + MOST_BYTES, base + MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        open("/proc/self/clear_refs", "w").write("5")
        before, used = status("VmRSS"), resource.getrusage(resource.RUSAGE_SELF)
        try:
            load_model(path)
            said = "ACCEPTED"
        except InputError as error:
            said = "refused: " + str(error)
        except BaseException as error:
            said = repr(error)
        now = resource.getrusage(resource.RUSAGE_SELF)
        seconds = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        os.write(write, json.dumps([said, seconds, status("VmHWM") - before]).encode())
        os._exit(0)
    os.close(write)
    _, how = os.waitpid(child, 0)
    told = os.read(read, 1 << 16).decode()
    os.close(read)
    print(told or json.dumps([f"died of signal {how & 127}", 9.9, 0]), flush=True)
""".replace("MOST_BYTES", str(MOST_BYTES))


class Bomb:
    """What a pickle in disguise would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch bomb-went-off",)


def container(header: Any, data: bytes = b"", text: bytes | None = None) -> bytes:
    body = json.dumps(header).encode() if text is None else text
    return len(body).to_bytes(8, "little") + body + data


def parts(good: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(good[:8], "little")
    return json.loads(good[8 : 8 + length]), good[8 + length :]


def with_card(good: bytes, **changes: Any) -> bytes:
    header, data = parts(good)
    header["__metadata__"]["card"] = json.dumps({**json.loads(header["__metadata__"]["card"]), **changes})
    return container(header, data)


def with_entry(good: bytes, name: str, **changes: Any) -> bytes:
    header, data = parts(good)
    header[name] = {**header[name], **changes}
    return container(header, data)


def at_start(name: str, entry: Any) -> Any:
    """The entry of a tensor, laid over the first bytes."""
    if name == "__metadata__":
        return entry
    begin, end = entry["data_offsets"]
    return {**entry, "data_offsets": [0, end - begin]}


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("model.safetensors")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def nan(good: bytes, value: float) -> bytes:
    return good[:-4] + np.float32(value).tobytes()


def attacks(good: bytes) -> dict[str, bytes]:
    """Contents of hostile files by what they try."""
    header, data = parts(good)
    first = next(name for name in header if name != "__metadata__")
    span = header[first]["data_offsets"]
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    many = {"__metadata__": header["__metadata__"], **{f"t{i}": entry for i in range(14_000)}}
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    wide = {"architecture": "unet", "options": {"widths": [1024] * 7, "bottom_blocks": 32}}
    return {
        **{f"pickle {protocol}": pickle.dumps(Bomb(), protocol) + bytes(99) for protocol in range(6)},
        "pickle behind a header": container(header, pickle.dumps(Bomb()) + data),
        "pickle in the card": with_card(good, name=pickle.dumps(Bomb(), 0).decode("latin-1"), data_sha256="0"),
        "torch zip": zipped("archive/data.pkl", pickle.dumps(Bomb())),
        "zip bomb": zipped("a", bytes(50_000_000)),
        "tar with a link": tarred(),
        **{f"header of {n} bytes": n.to_bytes(8, "little") + good[8:] for n in (0, HEADER_CAP + 1, 2**63, 2**64 - 1)},
        "open brackets": container(0, text=b"[" * (HEADER_CAP - 8)),
        "open objects": container(0, text=b'{"a":' * (HEADER_CAP // 6)),
        "long number": container(0, text=b'{"a":' + b"9" * (HEADER_CAP - 100) + b"}"),
        "long exponent": container(0, text=b'{"a":1e' + b"9" * (HEADER_CAP - 100) + b"}"),
        "escapes": container(0, text=b'{"a":"' + rb"\u0041" * (HEADER_CAP // 6 - 10) + b'"}'),
        "keys": container(0, text=b"{" + b",".join(b'"%d":0' % i for i in range(90_000)) + b"}"),
        "same keys": container(0, text=b"{" + b",".join([b'"a":0'] * 100_000) + b"}"),
        "empty lists": container(0, text=b"[" + b"[]," * (HEADER_CAP // 3 - 10) + b"[]]"),
        "nested card": container({**header, "__metadata__": {"card": "[" * (HEADER_CAP - 60_000)}}, data),
        "deep option": with_card(good, options={"widths": deep}),
        "many tensors": container(many, data),
        "overlap": with_entry(good, first, data_offsets=[span[0] + 4, span[1] + 4]),
        "all tensors alike": container({k: at_start(k, v) for k, v in header.items()}, data),
        "backward offsets": with_entry(good, first, data_offsets=span[::-1]),
        "negative offset": with_entry(good, first, data_offsets=[-span[1], 0]),
        "far offset": with_entry(good, first, data_offsets=[10**18 - 1 - span[1], 10**18 - 1]),
        "shape bomb": with_entry(good, first, shape=[2**31, 2**31], data_offsets=[0, 2**64]),
        "shape of zeros": with_entry(good, first, shape=[0, 2**62]),
        "shape of many sides": with_entry(good, first, shape=[1] * 100_000),
        "shape of text": with_entry(good, first, shape="4444"),
        "foreign type": with_entry(good, first, dtype="F64"),
        "object type": with_entry(good, first, dtype="O"),
        "wide network": with_card(good, **wide),
        "endless network": with_card(good, options={"widths": [10**9], "bottom_blocks": 10**9}),
        "path as tensor": container({("../../etc/passwd" if k == first else k): v for k, v in header.items()}, data),
        "code as architecture": with_card(good, architecture="__import__('os').system"),
        "path as architecture": with_card(good, architecture="../../../tmp/evil"),
        "NaN": nan(good, np.nan),
        "infinity": nan(good, -np.inf),
        "NaN in the card": with_card(good, height_scale=float("nan")),
        "huge in the card": with_card(good, height_scale=10**17),
        "zero scale": with_card(good, height_scale=0),
        "altered weight": nan(good, 1.25),
        "tail": good + b"tail",
        "cut": good[:-1],
        "empty": b"",
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every attack as a file, and what is no plain file."""
    made = tmp_path_factory.mktemp("attacks")
    rng = np.random.default_rng(1)
    shapes = architecture("unet", OPTIONS).tensor_shapes()
    good = made / "good.safetensors"
    save_model(good, {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}, CARD)
    for name, content in attacks(good.read_bytes()).items():
        (made / f"{name}.safetensors").write_bytes(content)
    (made / "link.safetensors").symlink_to(good)
    (made / "loop.safetensors").symlink_to(made / "loop.safetensors")
    os.mkfifo(made / "pipe.safetensors")
    (made / "folder.safetensors").mkdir()
    with (made / "sparse.safetensors").open("wb") as file:
        file.write(good.read_bytes()[:500])
        file.truncate(FILE_CAP + 1)
    with (made / "sparse below the cap.safetensors").open("wb") as file:
        file.write(good.read_bytes())
        file.truncate(FILE_CAP - 1)
    return made


def judged(paths: list[str], cwd: Path) -> list[tuple[str, float, int]]:
    lines = "".join(json.dumps(path) + "\n" for path in paths)
    command = [sys.executable, "-c", JUDGE]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120, cwd=cwd, check=True)
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_every_attack_is_refused_soon_and_cheaply(folder: Path) -> None:
    paths = sorted(str(path) for path in folder.iterdir() if path.name != "good.safetensors")
    paths += ["/dev/zero", "/proc/self/mem", str(folder / "missing"), "a\0b", "x" * 5000, str(folder / ".." / "..")]
    told = dict(zip(paths, judged(paths, folder)))
    assert len(told) == len(paths) > 60
    wrong = {
        Path(path).name[:60]: found
        for path, found in told.items()
        if not found[0].startswith("refused: ") or found[1] > MOST_SECONDS or found[2] > MOST_BYTES
    }
    assert wrong == {}
    assert not (folder / "bomb-went-off").exists()
    worst = max(found[1] for found in told.values()), max(found[2] for found in told.values())
    print(f"{len(paths)} attacks: at most {worst[0]:.2f} s and {worst[1] / 1e6:.0f} MB")


def test_the_judge_takes_a_sound_model(folder: Path) -> None:
    ((said, seconds, _),) = judged([str(folder / "good.safetensors")], folder)
    assert said == "ACCEPTED" and seconds < MOST_SECONDS
