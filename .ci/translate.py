"""Bring the translations up to date: all texts into .ts files (pylupdate5), and these into .qm (lrelease).

These are the texts of the desktop, and of the steps, of their progress and of the shipped models, which are data: they
are written out as Python for pylupdate5. Translate in Qt Linguist, or in the .ts files by hand; `make translations`
does the rest.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from pathlib import Path

from planetary_dtm.core.steps import STEP_IDS, step
from planetary_dtm.tests.progress_texts import progress_texts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "translations"


def main() -> int:
    missing = [tool for tool in ("pylupdate5", "lrelease") if shutil.which(tool) is None]
    if missing:
        print(f"{' and '.join(missing)} missing: apt install pyqt5-dev-tools qttools5-dev-tools", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as work:
        folders = ("ui", "plugin", "processing_provider")
        sources = [_readable(path, Path(work)) for folder in folders for path in (ROOT / folder).glob("*.py")]
        steps = (text for step_id in STEP_IDS for text in step(step_id).texts())
        of_data = {"Steps": steps, "Chains": chain_texts(), "Progress": progress_texts()}
        sources += [_written_out(context, texts, Path(work)) for context, texts in of_data.items()]
        for catalogue in sorted(FOLDER.glob("*.ts")):
            subprocess.run(["pylupdate5", "-noobsolete", *sorted(sources), "-ts", catalogue], check=True)
            text = catalogue.read_text(encoding="utf-8")
            catalogue.write_text(
                re.sub(r"\s*<location [^>]*/>", "", text), encoding="utf-8"
            )  # they change all the time
            subprocess.run(["lrelease", "-silent", catalogue], check=True)
    return 0


def chain_texts() -> Iterator[str]:
    """What the shipped models say: name, group, help, and the labels of their inputs and outputs."""
    for path in sorted((ROOT / "resources" / "models").glob("*.model3")):
        options = {option.get("name"): option for option in ElementTree.parse(path).getroot()}
        yield from (options[name].get("value", "") for name in ("model_name", "model_group"))
        yield from (text.get("value", "") for text in options["help"] if text.get("name") != "ALG_CREATOR")
        yield from (o.get("value", "") for d in options["parameterDefinitions"] for o in _named(d, "description"))
        outputs = (o for child in options["children"] for o in _named(child, "outputs"))
        yield from (made.get("name", "") for output in outputs for made in output)


def _named(parent: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [option for option in parent if option.get("name") == name]


def _written_out(context: str, texts: Iterable[str], folder: Path) -> str:
    """Texts as calls of translate() in a Python file, in the order in which they come first."""
    said = (json.dumps(text, ensure_ascii=False) for text in dict.fromkeys(texts) if text)
    lines = [f"translate({json.dumps(context)}, {text})" for text in said]
    written = folder / f"texts_of_{context.lower()}.py"
    written.write_text("\n".join(lines), encoding="utf-8")
    return str(written)


def _readable(path: Path, folder: Path) -> str:
    """A copy without commas after last arguments, which pylupdate5 does not understand."""
    copy = folder / f"{path.parent.name}_{path.name}"
    copy.write_text(re.sub(r"""(["']),(\s*\))""", r"\1\2", path.read_text(encoding="utf-8")), encoding="utf-8")
    return str(copy)


if __name__ == "__main__":
    sys.exit(main())
