"""The report as one HTML file that asks for nothing from anywhere.

It is a list that can be read as it is; `page.js` adds filters, a search and buttons. The HTML, the
styles and the script stand in files beside this one.
"""

from conformance_tests.judging.page.drawing import page

__all__ = ["page"]
