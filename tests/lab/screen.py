"""What ./demo prints: plain lines, and on a terminal one more that is always up to date."""

import os
import shutil
import sys
import textwrap
import time

COLOURS = {"good": "32", "bad": "31;1", "wait": "33", "head": "1", "dim": "2"}


class Screen:
    """80 columns; colours on a terminal only, and not if NO_COLOR says so."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.live = out.isatty() and os.environ.get("TERM") not in (None, "dumb")
        self.colours = self.live and not os.environ.get("NO_COLOR")
        self.width = min(80, shutil.get_terminal_size((80, 24)).columns)
        self.start = time.monotonic()
        self.shown = ""

    @property
    def elapsed(self):
        """Seconds since the start."""
        return time.monotonic() - self.start

    def tint(self, text, colour):
        """Text in a colour, if there are colours."""
        if not self.colours or not colour:
            return text
        return f"\033[{COLOURS[colour]}m{text}\033[0m"

    def put(self, text, colour=None):
        """One line above the live one."""
        if self.shown:
            self.out.write("\r\033[K")
        self.out.write(self.tint(text, colour) + "\n")
        self.redraw()

    def redraw(self):
        """The live line again."""
        if self.shown:
            self.out.write(self.tint(self.shown, "dim"))
        self.out.flush()

    def head(self, text):
        """A heading."""
        self.put("")
        self.put(text, "head")

    def event(self, text, colour=None, elapsed=None):
        """A line with the time since the start; long ones are wrapped."""
        lines = textwrap.wrap(text, self.width - 10, subsequent_indent=" " * 7,
                              drop_whitespace=True) or [""]
        self.put(f"{self.elapsed if elapsed is None else elapsed:6.1f} s {lines[0]}", colour)
        for line in lines[1:]:
            self.put(" " * 9 + line, colour)

    def text(self, text):
        """A paragraph."""
        for line in textwrap.wrap(text, self.width - 2):
            self.put("  " + line)

    def status(self, text):
        """Replaces the live line."""
        if self.live:
            self.shown = text[:self.width - 1]
            self.out.write("\r\033[K")
            self.redraw()

    def clear(self):
        """No live line any more."""
        if self.shown:
            self.out.write("\r\033[K")
            self.shown = ""
            self.out.flush()


def table(rows, indent="  "):
    """Lines with aligned columns."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    return [(indent + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths))).rstrip()
            for row in rows]
