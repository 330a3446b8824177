"""A line of text at a time: what a person can do with the lab while it is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from cpmgw.lab.laboratory import Laboratory
from cpmgw.lab.scenario import ALICE, BOB

HELP: Final = f"""\
  cpm TEXT            Alice ({ALICE[4:]}) writes to Bob ({BOB})
  cpm NUMBER TEXT     Alice writes to that number
  sms TEXT            Bob writes to Alice
  sms NUMBER TEXT     the handset of that number writes to Alice
  off NUMBER          switch a handset off; messages to it wait
  on NUMBER           switch it on again
  help, quit"""


class Prompt(LineOnlyReceiver):
    """Reads commands from the terminal; `done` fires when its user has enough."""

    delimiter = b"\n"

    def __init__(
        self,
        lab: Laboratory,
        begin: Callable[[str], object],
        say: Callable[[str], object],
    ) -> None:
        self.done: Deferred[None] = Deferred()
        self._lab = lab
        self._begin = begin
        self._say = say
        self._commands: dict[str, Callable[[str], None]] = {
            "cpm": self._cpm,
            "sms": self._sms,
            "on": self._on,
            "off": self._off,
        }

    def lineReceived(self, line: bytes) -> None:
        """Obey a line."""
        text = line.decode("utf-8", "replace").strip()
        command, _, rest = text.partition(" ")
        if command in {"quit", "exit"}:
            self._finish()
        elif command in self._commands and rest.strip():
            self._commands[command](rest.strip())
        elif text:
            self._say(HELP)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """The terminal is gone, or Ctrl-D was pressed."""
        self._finish()

    def _finish(self) -> None:
        if not self.done.called:
            self.done.callback(None)

    def _cpm(self, rest: str) -> None:
        number, text = _addressed(rest)
        self._begin(f"CPM to {number}")
        sent = self._lab.cpm.send_text(ALICE, f"tel:{number}", text)
        sent.answered.addErrback(self._failed)

    def _sms(self, rest: str) -> None:
        number, text = _addressed(rest)
        self._begin(f"SMS from {number}")
        self._lab.centre.send_sms(number, ALICE.partition(":")[2], text)

    def _on(self, number: str) -> None:
        self._begin(f"{number} is switched on")
        self._lab.centre.switch_on(number)

    def _off(self, number: str) -> None:
        self._lab.centre.handset(number).on = False
        self._say(f"{number} is switched off")

    def _failed(self, failure: Failure) -> None:
        self._say(f"no answer: {failure.getErrorMessage()}")


def _addressed(rest: str) -> tuple[str, str]:
    """A number and a text; Bob's number, where the first word is none."""
    first, _, text = rest.partition(" ")
    if text.strip() and first.lstrip("+").isdigit():
        return first, text.strip()
    return BOB, rest
