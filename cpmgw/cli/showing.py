"""An explanation as text: colours on a terminal, plain lines of ASCII elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cpmgw.cli.explaining import Asking, Explanation, Outlook
from cpmgw.isf.explanation import (
    ExplainedStep,
    Progress,
    plain,
    refusal_lines,
    request_lines,
    steps_of,
)
from cpmgw.isf.findings import Verdict

# Where nothing breaks lines: what is piped is as long as it is.
ENDLESS: Final = 100_000

STYLES: Final = {
    Verdict.EXCLUDED: "red",
    Verdict.PREFERRED: "cyan",
    Verdict.LAST_RESORT: "yellow",
    Verdict.CHOSEN: "bold green",
    Verdict.NOTED: "yellow",
}
GOOD: Final = "bold green"
BAD: Final = "bold red"
FAINT: Final = "dim"

PREFERENCES: Final = {
    Asking.ASKED: "The XDMS would be asked first, and its answer may change the choice",
    Asking.SUPPOSED: "The XDMS would be asked first, and its answer is the one given",
    Asking.NO_XDMS: "The XDMS is not asked: [xdms] has no root",
    Asking.NO_DIFFERENCE: "The XDMS is not asked: it could change nothing",
}


def show(
    explanation: Explanation, domain: str, file: IO[str], terminal: bool | None = None
) -> None:
    """Write an explanation; `domain` names the gateway in Warnings.

    `terminal` says whether the file is one, None that rich is to find out.
    """
    console = Console(file=file, force_terminal=terminal, highlight=False)
    if console.is_terminal:
        console.print(*_parts(explanation, domain), sep="\n")
        return
    console.width = ENDLESS
    with console.capture() as captured:
        console.print(*_parts(explanation, domain), sep="\n")
    for line in captured.get().splitlines():
        file.write(f"{line.rstrip()}\n")  # without what fills the cells of a table


def _parts(explanation: Explanation, domain: str) -> Iterator[Text | Table]:
    asked, selection = explanation.asked, explanation.selection
    if asked is not None:
        lines = request_lines(asked.request, asked.originator_uri, asked.target_uri)
        yield from map(Text, lines)
        yield Text()
    yield _iwfs(explanation)
    yield Text()
    if selection is not None:
        yield _steps(steps_of(selection))
        yield Text()
    if explanation.outlook is not None:
        yield Text(f"{explanation.outlook.iwf.name} takes it.", GOOD)
        yield from map(Text, _next_lines(explanation.outlook))
    if explanation.refusal is not None:
        first, *rest = refusal_lines(explanation.refusal, domain)
        yield Text(f"It is refused: {first}", BAD)
        yield from map(Text, rest)
    if explanation.unreached:
        yield Text(
            "It would not come to that: by policy an error is the answer (step 11a).",
            STYLES[Verdict.NOTED],
        )


def _iwfs(explanation: Explanation) -> Table:
    table = _table("IWF", "service", "where")
    for each in explanation.iwfs:
        table.add_row(each.name, each.capabilities.service, plain(each.place))
    return table


def _steps(steps: tuple[ExplainedStep, ...]) -> Table:
    table = _table("step", "question", "what it found")
    for each in steps:
        table.add_row(each.step, each.question, _found(each))
    return table


def _table(*columns: str) -> Table:
    """A table without lines, as plain text can have it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for each in columns:
        table.add_column(each)
    return table


def _found(step: ExplainedStep) -> Text:
    if step.progress is not Progress.TAKEN:
        return Text("\n".join(step.lines), FAINT)
    styles = [STYLES[each.verdict] for each in step.findings]
    lines = zip(step.lines, styles, strict=True)
    return Text("\n").join([Text(line, style) for line, style in lines])


def _next_lines(outlook: Outlook) -> Iterator[str]:
    yield plain(f"It is handed over {_where(outlook)} (step 10).")
    if outlook.pools:
        pools = " or ".join(outlook.pools)
        yield f"The group has an interworking number, or gets one of {pools} (7a, 8)."
    yield f"{PREFERENCES[outlook.preferences]} (step 7)."
    yield f"{_after_an_error(outlook)} (step 11)."


def _where(outlook: Outlook) -> str:
    uri = outlook.iwf.uri
    return f"to {uri}" if uri else "in this process"


def _after_an_error(outlook: Outlook) -> str:
    if not outlook.reselects:
        return "An error of it is the answer: no other IWF is tried"
    final = ", ".join(map(str, outlook.final_errors))
    unless = f" other than {final}," if final else ""
    if not outlook.others:
        return f"After an error{unless} none is left, and the answer is 488"
    return f"After an error{unless} {' and then '.join(outlook.others)} would be tried"
