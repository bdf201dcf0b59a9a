"""Shows a report as a browser does, on a screen that has none: /usr/bin/python3 viewer.py REPORT"""

from __future__ import annotations

import sys
from pathlib import Path

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtWebKitWidgets import QWebView
from qgis.PyQt.QtWidgets import QApplication


def main() -> int:
    """Open a window with the page until it is closed."""
    application = QApplication(sys.argv)
    view = QWebView()
    asked = QUrl(sys.argv[1])
    view.load(asked if asked.scheme() else QUrl.fromLocalFile(str(Path(sys.argv[1]).absolute())))
    view.titleChanged.connect(view.setWindowTitle)
    view.setGeometry(180, 40, 1100, 880)
    view.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
