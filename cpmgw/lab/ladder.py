"""A sequence diagram on the terminal: one arrow for each step of a conversation."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

import msgspec

from cpmgw.lab.arrow import Arrow, Kind, Lifeline

TIME_WIDTH: Final = 9
MIN_GAP: Final = 14
MAX_GAP: Final = 24
MARGIN: Final = 5
MIN_DETAIL: Final = 34
DEFAULT_WIDTH: Final = 100

_COLOURS: Final[Mapping[Kind, str]] = {
    Kind.SIP: "36",
    Kind.MSRP: "34",
    Kind.IMDN: "32",
    Kind.SMPP: "33",
    Kind.MM4: "94",
    Kind.AIR: "35",
}
_FAILED: Final = "31"
_DIM: Final = "2"
_BOLD: Final = "1"

_ASCII: Final = str.maketrans(
    {
        "│": "|",
        "─": "-",
        "▶": ">",
        "◀": "<",
        "…": "..",
        "→": "->",
        "✓": "ok",
        "✗": "NO",
        "▣": "#",
    }
)


class Style(msgspec.Struct, frozen=True):
    """What the terminal can show: columns, UTF-8, colour."""

    width: int = DEFAULT_WIDTH
    utf8: bool = True
    colour: bool = False

    @property
    def gap(self) -> int:
        """Columns from one lifeline to the next."""
        room = (self.width - TIME_WIDTH - MARGIN) // (len(Lifeline) - 1)
        if self.width - TIME_WIDTH - 3 * (MIN_GAP + 7) - MARGIN >= MIN_DETAIL:
            room = min(room, MIN_GAP + 7)
        return max(MIN_GAP, min(MAX_GAP, room))

    @property
    def detail_column(self) -> int | None:
        """Where the fields stand beside the diagram; None puts them under the arrow."""
        column = TIME_WIDTH + 3 * self.gap + MARGIN
        return column if self.width - column >= MIN_DETAIL else None


def style_for(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Find out what a stream can show (NO_COLOR and COLUMNS are obeyed)."""
    encoding = (getattr(stream, "encoding", None) or "").replace("-", "").lower()
    tty = stream.isatty()
    columns = environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        width = int(columns)
    else:
        width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns if tty else 120
    plain = environ.get("TERM", "") == "dumb" or "NO_COLOR" in environ
    return Style(width, encoding == "utf8", tty and not plain)


def heading(style: Style) -> list[str]:
    """The names over the lifelines."""
    line = [" "] * (TIME_WIDTH + 3 * style.gap + MARGIN)
    for index, lifeline in enumerate(Lifeline):
        start = TIME_WIDTH + index * style.gap - len(lifeline.value) // 2
        line[start : start + len(lifeline.value)] = lifeline.value
    return [_finish(_paint("".join(line).rstrip(), _BOLD, style), style)]


def title(text: str, style: Style) -> list[str]:
    """A line that names the part of the conversation that follows."""
    return ["", _finish(_paint(f"== {text} ==", _BOLD, style), style)]


def draw(arrow: Arrow, start: float, style: Style) -> list[str]:
    """The lines of one arrow; `start` is the time of the first one."""
    arrow = _shown(arrow, style)
    seconds = f"{arrow.at - start:7.3f} "
    body = _shaft(arrow, style.gap)
    colour = _FAILED if arrow.failed else _COLOURS[arrow.kind]
    column = style.detail_column
    if column is None:
        left = min(_index(arrow.source), _index(arrow.target))
        indent = TIME_WIDTH + left * style.gap + 2
        below = _fold(arrow.details, max(20, style.width - indent - 1))
        lines = [_paint(seconds, _DIM, style) + " " + _tint(body, colour, style)]
        lines += [_under(style, indent, text) for text in below]
        return [_finish(line.rstrip(), style) for line in lines]
    beside = _fold(arrow.details, style.width - column) or [""]
    pad = " " * (column - TIME_WIDTH - _columns(body))
    lines = [
        _paint(seconds, _DIM, style)
        + " "
        + _tint(body, colour, style)
        + pad
        + beside[0]
    ]
    rails = _rails(style.gap)
    pad = " " * (column - TIME_WIDTH - len(rails))
    lines += [" " * TIME_WIDTH + rails + pad + text for text in beside[1:]]
    return [_finish(line.rstrip(), style) for line in lines]


class Ladder:
    """Prints arrows as they come: the tap of a demo."""

    def __init__(self, stream: TextIO, style: Style, start: float) -> None:
        self._stream = stream
        self._style = style
        self._start = start

    def __call__(self, arrow: Arrow) -> None:
        """Draw one arrow."""
        self._print(draw(arrow, self._start, self._style))

    def part(self, text: str, now: float) -> None:
        """Begin a new part of the conversation; its time starts at nought."""
        self._start = now
        self._print(title(text, self._style) + heading(self._style))

    def say(self, text: str, *, good: bool = True) -> None:
        """Write a line of prose."""
        self._print(
            [_finish(text if good else _paint(text, _FAILED, self._style), self._style)]
        )

    def _print(self, lines: Sequence[str]) -> None:
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()


def _shown(arrow: Arrow, style: Style) -> Arrow:
    """The arrow with its texts in the characters that the terminal has."""
    if style.utf8:
        return arrow
    details = tuple(_finish(detail, style) for detail in arrow.details)
    return msgspec.structs.replace(
        arrow, name=_finish(arrow.name, style), details=details
    )


def _index(lifeline: Lifeline) -> int:
    return list(Lifeline).index(lifeline)


def _rails(gap: int) -> str:
    return ("│" + " " * (gap - 1)) * (len(Lifeline) - 1) + "│"


def _shaft(arrow: Arrow, gap: int) -> str:
    """The lifelines with the arrow, and its name in the middle of it."""
    source, target = _index(arrow.source), _index(arrow.target)
    left, right = min(source, target) * gap, max(source, target) * gap
    room = right - left - 1
    name = arrow.name
    if _columns(name) > room - 4:
        name = name[: room - 5] + "…"
    filled = f" {name} ".center(room - 1, "─") if room > 0 else ""
    head = filled + "▶" if source < target else "◀" + filled
    rails = _rails(gap)
    return rails[: left + 1] + head + rails[right:]


def _under(style: Style, indent: int, text: str) -> str:
    """A line of fields that is laid over the lifelines."""
    base = " " * TIME_WIDTH + _rails(style.gap)
    return base[:indent] + text + " " + base[indent + _columns(text) + 1 :]


def _fold(details: Sequence[str], width: int) -> list[str]:
    """Fill lines with the fields, two blanks between them; a field is not split."""
    lines: list[str] = []
    for each in details:
        detail = _clip(each, width)
        if lines and _columns(lines[-1]) + 2 + _columns(detail) <= width:
            lines[-1] += "  " + detail
        else:
            lines.append(detail)
    return lines


def _clip(text: str, width: int) -> str:
    while _columns(text) > width:
        text = text[:-2] + "…"
    return text


def _columns(text: str) -> int:
    """How many columns of the terminal a text takes."""
    return sum(
        0
        if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn"}
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def _tint(body: str, colour: str, style: Style) -> str:
    """Colour the arrow, and leave the lifelines outside it alone."""
    if not style.colour:
        return body
    marks = [i for i, char in enumerate(body) if char in "─▶◀"]
    first, last = marks[0], marks[-1] + 1
    return body[:first] + _paint(body[first:last], colour, style) + body[last:]


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.colour else text


def _finish(line: str, style: Style) -> str:
    """Write the line in the characters that the terminal has."""
    if style.utf8:
        return line
    return line.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
