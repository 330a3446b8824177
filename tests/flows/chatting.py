"""A gateway with chats between the lab's peers; each test ends with nothing left."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.message import Response
from tests.flows.house import ALICE, BOB
from tests.flows.large import Large
from tests.flows.messages import Talk

POOL = """
[[number_pool]]
name = "sessions"
numbers = ["+15145559000-+15145559009"]
"""
NUMBER = "+15145559000"


class Chatting(Large):
    """Alice has a CPM client and Bob a handset.

    `more` may hold a pool of numbers (POOL). What is hung up is gone `grace` seconds
    later.
    """

    grace = 1.0

    def setUp(self) -> None:
        super().setUp()
        # The first of the cleanups to run: the gateway is still there.
        self.addCleanup(self._end)

    def _end(self) -> None:
        """Hang up what stands; then nothing may be left."""
        for talk in self.side.talks:
            self.hang_up(talk)
        super().tearDown()

    def tearDown(self) -> None:
        """It has been looked at what is left."""

    def hang_up(self, talk: Talk) -> None:
        """End a call, if it stands."""
        answer = talk.answer
        if answer is not None and answer.status == 200 and not talk.byes:
            self.side.endpoint.request(talk.request("BYE")).addErrback(lambda _: None)
            self.settle()
        talk.session.close()
        self.network.advance(self.grace)
        self.settle()

    def established(self, **details: Any) -> Talk:
        """A session of Alice and Bob that is connected."""
        talk = self.side.call(**details)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 200)
        talk.establish()
        self.assertTrue(talk.is_connected)
        return talk

    def say(self, talk: Talk, text: str, **details: Any) -> int:
        """Alice writes; the MSRP status once all rests."""
        sent = talk.say(text, **details)
        self.settle()
        status: int = self.successResultOf(sent)
        return status

    def write(self, text: str, target: str = ALICE[4:], source: str = BOB[4:]) -> int:
        """Bob writes; the command_status of the last segment."""
        statuses = self.writing(text, target, source)
        self.settle()
        found: list[int] = self.successResultOf(statuses)
        return found[-1]

    def writing(
        self, text: str, target: str = ALICE[4:], source: str = BOB[4:]
    ) -> Deferred[list[int]]:
        """Bob writes; fires with the command_status of each segment."""
        return self.centre.send_sms(source, target, text)

    def final(self, pending: Deferred[Response]) -> int:
        """The status of a final response that is there."""
        self.settle()
        response: Response = self.successResultOf(pending)
        return response.status
