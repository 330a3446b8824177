"""SIPp as the CPM network: it sends pager mode messages, and takes what comes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.live.case import PEERS, LiveTestCase, Need, command, free_port, until
from tests.live.process import Process

NEEDS: Final[Sequence[Need]] = (command("sipp", "sip-tester"),)
TRANSPORTS: Final = {"udp": "u1", "tcp": "t1"}
TEXT: Final = ("Content-Type: text/plain; charset=utf-8",)
_TRACED: Final = re.compile(
    r"^-{40,} [^\n]*\n(?:UDP|TCP) message (sent|received)[^\n]*\n\n", re.MULTILINE
)


class Pager(msgspec.Struct, frozen=True):
    """A pager mode message that SIPp is to send."""

    sender: str
    recipient: str
    message_id: str
    text: str


class Sipp:
    """A running SIPp; `received` and `sent` are the SIP messages it has traced."""

    def __init__(self, process: Process, port: int, trace: Path) -> None:
        self.process = process
        self.port = port
        self._trace = trace

    @property
    def received(self) -> list[str]:
        """The SIP messages that came, in order."""
        return self._traced("received")

    @property
    def sent(self) -> list[str]:
        """The SIP messages that it sent, in order."""
        return self._traced("sent")

    async def taken(self, wanted: str, seconds: float = 20.0) -> str:
        """The first message that came and contains something; waits for it."""
        found: list[str] = []

        def there() -> bool:
            found.extend(each for each in self.received if wanted in each)
            return bool(found)

        await until(there, seconds, f"{self.process.name}: {wanted!r}")
        return found[0]

    async def finished(self, seconds: float = 30.0) -> None:
        """Wait for its end; every call must have gone as the scenario says."""
        status = await self.process.end(seconds)
        if status:
            raise AssertionError(f"SIPp failed ({status}): {self.process.tail}")

    def _traced(self, direction: str) -> list[str]:
        if not self._trace.exists():
            return []
        text = self._trace.read_bytes().decode("utf-8", "replace").replace("\r", "")
        parts = _TRACED.split(text)[1:]
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return [message.strip() for way, message in pairs if way == direction]


def send_messages(
    case: LiveTestCase,
    messages: Sequence[Pager],
    *,
    to_port: int,
    transport: str = "udp",
    status: int = 202,
    rate: int = 50,
    content: Sequence[str] = TEXT,
) -> Sipp:
    """Send each message once; `status` is the answer that all must get.

    `content` are the header lines of its content.
    """
    name = f"send-{transport}-{free_port()}"
    values = {"STATUS": str(status), "TYPE": "\n      ".join(content)}
    scenario = filled_in(case, name, "send_pager.xml", values)
    return start_sender(case, name, transport, scenario, messages, to_port, rate)


def take_messages(
    case: LiveTestCase,
    count: int | None = None,
    *,
    transport: str = "udp",
    scenario: str = "take_message.xml",
) -> Sipp:
    """Take MESSAGE requests; ends after `count` of them, if that is given."""
    options: list[str | Path] = [] if count is None else ["-m", str(count)]
    name = f"take-{transport}-{free_port()}"
    return start_sipp(case, name, transport, PEERS / scenario, options)


def filled_in(
    case: LiveTestCase, name: str, scenario: str, values: Mapping[str, str]
) -> Path:
    """A scenario with each @NAME@ in it replaced, as a file of the test's folder."""
    text = (PEERS / scenario).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    path = case.folder / f"{name}.xml"
    path.write_text(text, "utf-8")
    return path


def start_sender(
    case: LiveTestCase,
    name: str,
    transport: str,
    scenario: Path,
    calls: Sequence[msgspec.Struct],
    to_port: int,
    rate: int,
) -> Sipp:
    """Start a SIPp that makes one call for each value, whose fields it inserts."""
    fields = case.folder / f"{name}.csv"
    rows = [";".join(msgspec.structs.astuple(each)) for each in calls]
    fields.write_text("\n".join(["SEQUENTIAL", *rows]) + "\n", "utf-8")
    options = ("-inf", fields, "-m", str(len(calls)), "-r", str(rate))
    return start_sipp(case, name, transport, scenario, options, to_port)


def start_sipp(
    case: LiveTestCase,
    name: str,
    transport: str,
    scenario: Path,
    options: Sequence[str | Path],
    to_port: int | None = None,
) -> Sipp:
    """Start a SIPp, as a client if it is told where to send."""
    port = free_port()
    trace = case.folder / f"{name}-messages.log"
    target = [] if to_port is None else [f"127.0.0.1:{to_port}"]
    process = case.process(
        name,
        [
            "/usr/bin/env",
            "sipp",
            *target,
            *("-sf", scenario, "-i", "127.0.0.1", "-p", str(port)),
            *("-t", TRANSPORTS[transport], "-nostdin", "-timeout", "35"),
            *("-trace_msg", "-message_file", trace),
            *("-trace_err", "-error_file", case.folder / f"{name}-errors.log"),
            *options,
        ],
    )
    return Sipp(process, port, trace)
