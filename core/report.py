"""One self-contained, printable HTML report: sections and blocks are data, pictures travel inside the file.

    report = Report("Orientation", "Scene A")
    report.section("Result", "Plain text.", table([[1, 2.5]], header=["line", "px"]), figure(fig, "Residuals"))
    report.write("report.html")

A block is either plain text (escaped, one paragraph) or `Html` made by one of the functions here, which escape all
they are given; nothing read from a file can reach the page as markup. The page loads nothing and runs no script.
"""

from __future__ import annotations

import base64
import io
import numbers
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

from .errors import MissingPackageError
from .imports import import_beside
from .outputs import replacing
from .progress import breathe


class Html(str):
    """Markup that is already safe: made here and nowhere else."""

    __slots__ = ()


def text(*paragraphs: object) -> Html:
    """Paragraphs of plain text."""
    return Html("".join(f"<p>{escape(str(paragraph))}</p>" for paragraph in paragraphs))


def note(message: object, level: str = "info") -> Html:
    """A sentence that must not be overlooked; ``level`` is ``good``, ``info``, ``warning`` or ``bad``."""
    return Html(f'<p class="note {escape(level)}">{escape(str(message))}</p>')


def table(rows: Iterable[Sequence[object]], header: Sequence[object] = (), caption: str = "") -> Html:
    """A table; numbers are aligned right and floats shown to four significant digits."""
    head = f"<thead><tr>{''.join(f'<th>{escape(str(name))}</th>' for name in header)}</tr></thead>" if header else ""
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return Html(f'<div class="scroll"><table>{title}{head}<tbody>{body}</tbody></table></div>')


def key_values(pairs: Mapping[str, object]) -> Html:
    """Names and values side by side: parameters, inputs, times."""
    lines = ((escape(str(key)), escape(shown(value))) for key, value in pairs.items())
    rows = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in lines)
    return Html(f'<table class="pairs">{rows}</table>')


def figure(picture: Any, caption: str = "", dpi: int = 144) -> Html:
    """A picture inside the page: a matplotlib figure, or the bytes of a PNG or an SVG file."""
    data = picture if isinstance(picture, bytes) else png(picture, dpi)
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/svg+xml"
    source = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    legend = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return Html(f'<figure><img src="{source}" alt="{escape(caption)}">{legend}</figure>')


class Report:
    """Title, sections and a footer that says what made them; `write` gives one HTML file."""

    def __init__(self, title: str, subtitle: str = "", refresh_s: int | None = None) -> None:
        """refresh_s: seconds after which a browser loads the page anew, of work that goes on."""
        self.title = title
        self.subtitle = subtitle
        self.refresh_s = refresh_s
        self._sections: list[tuple[str, tuple[str, ...]]] = []

    def section(self, heading: str, *blocks: str) -> Report:
        """Add a section; plain strings become escaped paragraphs. Returns the report, so calls chain."""
        self._sections.append((heading, blocks))
        return self

    def html(self) -> str:
        """The whole page."""
        title, subtitle = escape(self.title), escape(self.subtitle)
        contents = "".join(
            f'<li><a href="#s{i}">{escape(heading)}</a></li>' for i, (heading, _) in enumerate(self._sections, 1)
        )
        body = "".join(
            f'<section id="s{i}"><h2>{escape(heading)}</h2>{"".join(_markup(block) for block in blocks)}</section>'
            for i, (heading, blocks) in enumerate(self._sections, 1)
        )
        anew = f'<meta http-equiv="refresh" content="{self.refresh_s}">' if self.refresh_s else ""
        made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        parts = {"title": title, "subtitle": subtitle, "contents": contents, "body": body, "made": made}
        return _PAGE.format(style=_STYLE, anew=anew, **parts)

    def write(self, path: str | Path) -> Path:
        """Write the page to ``path``, whole or not at all; returns the path."""
        with replacing(path, (".html", ".htm")) as temporary:
            temporary.write_text(self.html(), encoding="utf-8")
        return Path(path)


def new_figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (8.0, 4.5), **options: Any) -> Any:
    """A quiet matplotlib figure with its axes, ``(figure, axes)`` as ``subplots`` gives them; ``size`` in inches.

    Made without pyplot: no global state and no window, so it is safe in a background thread of QGIS.
    """
    breathe()
    try:
        artist, figure = import_beside("matplotlib.artist"), import_beside("matplotlib.figure")
    except ImportError as error:
        raise MissingPackageError("matplotlib", "Drawing figures") from error
    fig = figure.Figure(figsize=size, layout="constrained")
    axes = fig.subplots(rows, columns, **options)
    for axis in fig.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(True, alpha=0.25, linewidth=0.6)
        axis.tick_params(labelsize=8)
        breath = artist.Artist()  # draws nothing; a cancel is heard when its turn comes
        breath.draw = lambda renderer: breathe()
        axis.add_artist(breath)
    return fig, axes


def png(fig: Any, dpi: int = 144) -> bytes:
    """The bytes of a matplotlib figure as PNG."""
    breathe()
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def shown(value: object) -> str:
    """A value as text: floats to four significant digits, NaN as a dash, the rest as ``str`` has it."""
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return f"{float(value):.4g}" if value == value else "–"
    return str(value)


def _cell(value: object) -> str:
    kind = ' class="number"' if isinstance(value, numbers.Real) and not isinstance(value, bool) else ""
    return f"<td{kind}>{escape(shown(value))}</td>"


def _markup(block: str) -> str:
    return block if isinstance(block, Html) else text(block)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">{anew}
<title>{title}</title><style>{style}</style></head>
<body><header><h1>{title}</h1><p>{subtitle}</p></header><nav><ol>{contents}</ol></nav>
<main>{body}</main><footer>Planetary DTM, {made}</footer></body></html>
"""

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2127;--soft:#5b6672;--line:#d9dee4;--paper:#fff;--tint:#f5f7f9;--accent:#1f5f8b;
--good:#2e7d4f;--warning:#b07408;--bad:#b3372c}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#9aa5b1;--line:#39424c;--paper:#15191e;--tint:#1d232a;
--accent:#7cb8e0;--good:#6cc08d;--warning:#e0ad4f;--bad:#ea8279}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2.5rem 1.5rem;max-width:60rem;color:var(--ink);background:var(--paper);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1,h2{line-height:1.2;font-weight:600;letter-spacing:-.01em}h1{font-size:1.9rem;margin:0}
h2{font-size:1.25rem;margin:2.4rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--line);break-after:avoid}
header p{margin:.3rem 0 0;color:var(--soft)}p{max-width:46rem}
nav ol{margin:1.4rem 0 0;padding:0;list-style:none;font-size:.9rem}nav li{display:inline-block;margin-right:1.4rem}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:.4rem}
th,td{padding:.35rem .8rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);white-space:nowrap}tr{break-inside:avoid}.number{text-align:right}
.pairs th,.pairs td{padding:.2rem 1.4rem .2rem 0;border:0;font-weight:400}.pairs td{overflow-wrap:anywhere}
figure{margin:1.2rem 0;break-inside:avoid}
img{display:block;max-width:100%;height:auto;padding:.6rem;background:#fff;border:1px solid var(--line);
border-radius:6px}
figcaption{margin-top:.5rem;font-size:.88rem;color:var(--soft)}
.note{padding:.6rem .9rem;border-left:4px solid var(--accent);border-radius:4px;background:var(--tint);
break-inside:avoid}
.note.good{border-color:var(--good)}.note.warning{border-color:var(--warning)}.note.bad{border-color:var(--bad)}
footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);font-size:.85rem;color:var(--soft)}
@media print{@page{margin:18mm}:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--tint:#f4f4f4;
--accent:#1f5f8b}body{padding:0;max-width:none;font-size:10.5pt}nav{display:none}
.scroll{overflow:visible;break-inside:avoid}
img{max-height:112mm;width:auto}table{font-size:8.5pt}th{white-space:normal}th,td{padding:.25rem .5rem}}
"""
