"""The parts of the demo in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime

from cpmgw.lab.behaviour import MmsBehaviour, SmsBehaviour
from cpmgw.lab.laboratory import Laboratory
from cpmgw.lab.scenario import chats, groups, large, messages, mms
from cpmgw.lab.scenario.stage import TRAVEL, Check, Stage

Part = Callable[[Stage], Awaitable[None]]

PARTS: Final[tuple[tuple[str, Part], ...]] = (
    (
        "CPM to SMS, with delivery report and interworking notice",
        messages.to_sms,
    ),
    ("SMS to CPM", messages.to_cpm),
    ("A long message with emoji: several segments, one report", messages.long),
    (
        "A refusal: neither the SM-SC nor the MMS relay knows the number",
        messages.refused,
    ),
    ("A failure: the message is accepted, but never delivered", messages.failed),
    ("A large message: a session of its own, with its receipt", large.to_sms),
    ("A large message from a handset", large.to_cpm),
    ("A chat between Alice and Bob's handset", chats.chat),
    ("A group of three with Bob", groups.group),
    ("A photograph to an MMS handset, with delivery report and read reply", mms.to_mms),
    ("A photograph from an MMS handset", mms.to_cpm),
    ("A text by MMS, as its address says", mms.text),
    ("A file to an MMS handset", mms.file),
    ("A chat with an MMS user, with a picture", mms.chat),
    ("A text that the MMS relay refuses goes by SMS", mms.elsewhere),
    ("A refusal: the MMS relay does not take the picture", mms.refused),
)


class Scenario:
    """Plays the parts of the demo through a gateway that is up, and checks each.

    `begin` is called with the title of each part, `checked` with each check as it is
    made; `checks` keeps all of them. `patience` is how many seconds a step may take.
    """

    def __init__(
        self,
        lab: Laboratory,
        clock: IReactorTime,
        begin: Callable[[str], object],
        checked: Callable[[Check], object],
        patience: float = 10.0,
    ) -> None:
        self._begin = begin
        self._stage = Stage(lab, clock, checked, patience)

    @property
    def checks(self) -> list[Check]:
        """What was expected so far, and what was found."""
        return self._stage.checks

    @property
    def passed(self) -> bool:
        """Whether there were checks, and all went as they must."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    async def run(self) -> bool:
        """Play all parts; tells whether all went as it must."""
        stage = self._stage
        stage.lab.centre.behave(SmsBehaviour(receipt_delay=TRAVEL))
        stage.lab.relay.behave(MmsBehaviour(report_delay=TRAVEL, looks_after=TRAVEL))
        for title, part in PARTS:
            self._begin(title)
            await part(stage)
            await stage.rest()
        return self.passed
