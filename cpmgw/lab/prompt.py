"""A line of text at a time: what a person can do with the lab while it is up."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from cpmgw.lab.behaviour import MmsBehaviour
from cpmgw.lab.laboratory import Laboratory
from cpmgw.lab.mms.sending import MmsOptions
from cpmgw.lab.pager import PagerMessage, carrying
from cpmgw.lab.scenario import ALICE, BOB, CAROL
from cpmgw.lab.scenario.mms import letter
from cpmgw.lab.sessions.chat import Chat
from cpmgw.lab.sessions.group import Group, Member
from cpmgw.mm4.pdu import RequestStatus

STATUSES: Final = {each.value.removeprefix("Error-"): each for each in RequestStatus}
WORDS: Final = textwrap.fill(
    ", ".join(STATUSES),
    width=80,
    initial_indent=" " * 22,
    subsequent_indent=" " * 22,
    break_on_hyphens=False,
)
HELP: Final = f"""\
  cpm TEXT            Alice ({ALICE[4:]}) writes to Bob ({BOB})
  cpm NUMBER TEXT     Alice writes to that number
  large TEXT          Alice writes to Bob by a session of its own, as long texts go
  sms TEXT            Bob writes to Alice
  sms NUMBER TEXT     the handset of that number writes to Alice
  answer TEXT         Bob answers the newest message on his handset
  mms TEXT            Alice sends a photograph and a text to Bob, by MMS
  mms NUMBER TEXT     Alice sends them to that number
  mms from TEXT       Bob's handset sends them to Alice, and asks for reports
  mms look [NUMBER]   Bob looks at what has come by MMS, or that number's owner does
  mms refuse WORD     the MMS relay answers so from now on (Ok ends that):
{WORDS}
  chat [NUMBER]       Alice begins a chat with Bob, or with that number
  group [SUBJECT]     Alice and Carol begin a group with Bob
  say TEXT            Alice says something in the chat or group that was begun last
  close               Alice closes it
  off NUMBER          switch a handset off; messages to it wait
  on NUMBER           switch it on again
  help, quit"""

PHOTOGRAPH: Final = (1600, 1200)
NAMES: Final = (Member(ALICE, "Alice"), Member(CAROL, "Carol"))


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
        self._talk: Chat | Group | None = None
        self._with_text: dict[str, Callable[[str], None]] = {
            "cpm": self._cpm,
            "large": self._large,
            "sms": self._sms,
            "mms": self._mms,
            "answer": self._answer,
            "say": self._speak,
            "on": self._on,
            "off": self._off,
        }
        self._others: dict[str, Callable[[str], None]] = {
            "chat": self._chat,
            "group": self._group,
            "close": self._close,
        }

    def lineReceived(self, line: bytes) -> None:
        """Obey a line."""
        text = line.decode("utf-8", "replace").strip()
        command, _, rest = text.partition(" ")
        rest = rest.strip()
        if command in {"quit", "exit"}:
            self._finish()
        elif command in self._with_text and rest:
            self._with_text[command](rest)
        elif command in self._others:
            self._others[command](rest)
        elif text:
            self._say(HELP)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """The terminal is gone, or Ctrl-D was pressed."""
        self._finish()

    def _finish(self) -> None:
        if not self.done.called:
            self.done.callback(None)

    # -- messages that stand alone -----------------------------------------------------

    def _cpm(self, rest: str) -> None:
        number, text = _addressed(rest)
        self._begin(f"CPM to {number}")
        sent = self._lab.cpm.send_text(ALICE, f"tel:{number}", text)
        sent.answered.addErrback(self._failed)

    def _large(self, text: str) -> None:
        self._begin(f"A large message to {BOB}")
        message = PagerMessage(sender=ALICE, recipient=f"tel:{BOB}", text=text)
        self._lab.cpm.send_large(message)

    def _sms(self, rest: str) -> None:
        number, text = _addressed(rest)
        self._begin(f"SMS from {number}")
        self._lab.centre.send_sms(number, ALICE.partition(":")[2], text)

    def _answer(self, text: str) -> None:
        inbox = self._lab.centre.handset(BOB).inbox
        if not inbox:
            self._say("Bob has no message to answer")
            return
        self._begin(f"SMS from {BOB}")
        self._lab.centre.send_sms(BOB, inbox[-1].dialled, text)

    # -- MMS ---------------------------------------------------------------------------

    def _mms(self, rest: str) -> None:
        word, _, more = rest.partition(" ")
        if word == "from" and more.strip():
            self._from_mms(more.strip())
        elif word == "look":
            self._look(more.strip() or BOB)
        elif word == "refuse" and more.strip() in STATUSES:
            behaviour = MmsBehaviour(status=STATUSES[more.strip()])
            self._lab.relay.behave(behaviour)
            self._say(f"the MMS relay answers {more.strip()}")
        elif word in {"from", "refuse"}:
            self._say(HELP)
        else:
            self._to_mms(rest)

    def _to_mms(self, rest: str) -> None:
        number, text = _addressed(rest)
        self._begin(f"MMS to {number}")
        message = PagerMessage(sender=ALICE, recipient=f"tel:{number};nccsid=MMS")
        self._lab.cpm.send_large(carrying(message, letter(text, PHOTOGRAPH)))

    def _from_mms(self, text: str) -> None:
        self._begin(f"MMS from {BOB}")
        asked = MmsOptions(delivery_report=True, read_reply=True)
        target = ALICE.partition(":")[2]
        self._lab.relay.send(BOB, target, letter(text, PHOTOGRAPH), asked)

    def _look(self, number: str) -> None:
        self._begin(f"{number} looks at the handset")
        if not self._lab.relay.look(number):
            self._say("there is nothing new")

    # -- sessions ----------------------------------------------------------------------

    def _chat(self, rest: str) -> None:
        number = rest or BOB
        self._begin(f"A chat with {number}")
        chat = self._lab.cpm.chat(ALICE, f"tel:{number}")
        chat.established.addErrback(self._failed)
        self._talk = chat

    def _group(self, subject: str) -> None:
        self._begin(f"A group with {BOB}")
        group = self._lab.cpm.group(NAMES, f"tel:{BOB}", subject=subject)
        group.established.addErrback(self._failed)
        self._talk = group

    def _speak(self, text: str) -> None:
        talk = self._talk
        if isinstance(talk, Group):
            self._begin("Alice to the group")
            talk.say(ALICE, text)
        elif talk is not None:
            self._begin("Alice in the chat")
            talk.send(text)
        else:
            self._say("there is no chat and no group")

    def _close(self, rest: str) -> None:
        talk, self._talk = self._talk, None
        if talk is None:
            self._say("there is no chat and no group")
            return
        self._begin("Alice closes it")
        talk.close()

    # -- handsets ----------------------------------------------------------------------

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
