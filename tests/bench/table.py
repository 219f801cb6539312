"""Rows of the target table: samples of one run, their spread, and whether the targets are reached."""

import statistics

REACHED = "reached"
MUST_ONLY = "must"
MISSED = "MISSED"


class Row:
    """One figure. `must` and `aim` are None where the row is there to be read, not judged."""

    def __init__(self, name, unit, must=None, aim=None, higher_is_better=True, note=""):
        self.name = name
        self.unit = unit
        self.must = must
        self.aim = aim
        self.higher_is_better = higher_is_better
        self.note = note
        self.samples = []
        self.summary = None  # (minimum, median, maximum), where another program kept the samples

    def add(self, value):
        self.samples.append(value)

    @property
    def spread(self):
        """(minimum, median, maximum), or three times None."""
        if self.summary:
            return self.summary
        if not self.samples:
            return (None, None, None)
        return (min(self.samples), statistics.median(self.samples), max(self.samples))

    @property
    def median(self):
        return self.spread[1]

    def reaches(self, target):
        if target is None or self.median is None:
            return None
        return self.median >= target if self.higher_is_better else self.median <= target

    @property
    def verdict(self):
        if self.median is None:
            return "not measured"
        if self.must is None:
            return ""
        if not self.reaches(self.must):
            return MISSED
        return REACHED if self.reaches(self.aim) else MUST_ONLY

    def as_json(self):
        return {
            "name": self.name,
            "unit": self.unit,
            "min": self.spread[0],
            "median": self.median,
            "max": self.spread[2],
            "must": self.must,
            "aim": self.aim,
            "higher_is_better": self.higher_is_better,
            "verdict": self.verdict,
            "note": self.note,
            "samples": self.samples,
        }


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def markdown(rows):
    """The table as Markdown, which also reads well in a terminal."""
    heads = ["what", "unit", "min", "median", "max", "must", "aim", ""]
    lines = []
    for row in rows:
        sign = "≥ " if row.higher_is_better else "≤ "
        lines.append(
            [
                row.name,
                row.unit,
                *(number(value) for value in row.spread),
                "" if row.must is None else sign + number(row.must),
                "" if row.aim is None else sign + number(row.aim),
                row.verdict,
            ]
        )
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    rule = ["-" * width for width in widths]
    return "\n".join("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths)) + " |" for line in [heads, rule, *lines])
