"""The report page: everything escaped, self-contained, whole or absent."""

import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.report import Report, figure, key_values, new_figure, note, table, text

HOSTILE = '<script>alert("x")</script>'


def hostile_report() -> Report:
    report = Report(HOSTILE, HOSTILE)
    blocks = (HOSTILE, text(HOSTILE), note(HOSTILE, "bad"), table([[HOSTILE]], [HOSTILE], HOSTILE))
    return report.section(HOSTILE, *blocks, key_values({HOSTILE: HOSTILE}), figure(b"\x89PNG", HOSTILE))


def test_everything_given_is_escaped():
    page = hostile_report().html()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 15


def test_page_is_self_contained():
    fig, axes = new_figure()
    axes.plot([0, 1])
    page = Report("Title").section("Figure", figure(fig, "A line")).html()
    assert "http://" not in page and "https://" not in page
    assert page.count('src="data:image/png;base64,') == 1


def test_svg_bytes_are_recognised():
    assert "data:image/svg+xml" in figure(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


def test_numbers_are_aligned_and_rounded():
    cells = table([["name", 1, 0.123456789, True]])
    assert '<td class="number">1</td><td class="number">0.1235</td><td>True</td>' in cells


def test_write_is_whole_or_absent(tmp_path):
    path = Report("Title").section("One", "text").write(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    with pytest.raises(InputError, match="does not exist"):
        Report("Title").write(tmp_path / "absent" / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
