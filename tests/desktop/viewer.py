"""Shows a report as a browser does, on a screen that has none: /usr/bin/python3 viewer.py REPORT MARK [dark]

With ``dark`` it looks as in a browser that prefers dark pages, which WebKit of Qt 5 cannot be told to do.
"""

from __future__ import annotations

import sys
from pathlib import Path

from qgis.PyQt.QtCore import QTimer, QUrl
from qgis.PyQt.QtWebKitWidgets import QWebView
from qgis.PyQt.QtWidgets import QApplication


def main() -> int:
    """Open a window with the page until it is closed."""
    application = QApplication(sys.argv)
    view = QWebView()
    view.titleChanged.connect(view.setWindowTitle)
    asked = QUrl(sys.argv[1])
    asked = asked if asked.scheme() else QUrl.fromLocalFile(str(Path(sys.argv[1]).absolute()))
    if sys.argv[3:] == ["dark"]:
        page = Path(asked.toLocalFile()).read_text(encoding="utf-8")
        view.setHtml(page.replace("(prefers-color-scheme:dark)", " all"), asked)
    else:
        view.load(asked)
    view.setGeometry(180, 40, 1100, 880)
    view.loadFinished.connect(lambda: QTimer.singleShot(1500, lambda: Path(sys.argv[2]).touch()))  # it is drawn
    view.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
