"""Outcomes that could not be told (docs/decisions/0005)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.retries import FIRST_RETRY, LAST_RETRY, TOGETHER
from cpmgw.iwf.sms.owed import Owed
from cpmgw.records import Reported, SegmentReport
from tests.store.values import sent_message
from txsmpp.constants import MessageState


def reported(
    key: str, state: int = MessageState.DELIVERED, expires: float = 1e9
) -> Reported:
    """A message with one report."""
    message = sent_message(key, expires=expires)
    return Reported(message, (SegmentReport(state),), False)


class Waiting(SynchronousTestCase):
    def setUp(self) -> None:
        self.time = 0.0
        self.told: list[str] = []
        self.reached = True
        self.stored: list[Reported] = []
        self.telling = self.tell
        self.owed = self.owing()

    def owing(self, **limit: int) -> Owed:
        """What owes as many as the limit says."""

        async def tell(owing: Reported) -> bool:
            return await self.telling(owing)

        return Owed(self, lambda: self.time, tell, **limit)  # type: ignore[arg-type]

    async def tell(self, owing: Reported) -> bool:
        """Tell of it as the service does."""
        self.told.append(owing.message.key)
        if self.reached:
            self.stored = [each for each in self.stored if each != owing]
            self.owed.remove(owing.message.key)
        else:
            self.owed.add(owing)
        return self.reached

    def unsettled(self, after: str = "") -> Deferred[list[Reported]]:
        """Stored messages, two at a time."""
        keys = sorted(self.stored, key=lambda each: each.message.key)
        return succeed([each for each in keys if each.message.key > after][:2])

    def do(self, work: Any) -> None:
        """Have something done at once."""
        self.successResultOf(Deferred.fromCoroutine(work))

    def look(self) -> list[str]:
        """Look once; who was told."""
        self.told.clear()
        self.do(self.owed.look(self.time))
        return sorted(self.told)


class Retries(Waiting):
    def test_pauses(self) -> None:
        """It is tried again after 5 s, and then ever more seldom."""
        self.reached = False
        self.owed.add(reported("a"))
        moments = []
        for second in range(3_000):
            self.time = float(second)
            if self.look():
                moments.append(self.time)
        first = [FIRST_RETRY * (2**n - 1) for n in range(1, 8)]
        self.assertEqual(moments[:7], first)
        self.assertLessEqual(moments[-1] - moments[-2], LAST_RETRY)

    def test_told(self) -> None:
        """Once told it is told no more."""
        self.owed.add(reported("a"))
        self.time = 10.0
        self.assertEqual(self.look(), ["a"])
        self.time = 1_000.0
        self.assertEqual((self.look(), len(self.owed)), ([], 0))

    def test_expired(self) -> None:
        """When the message has expired it is given up."""
        self.reached = False
        self.owed.add(reported("a", expires=7.0))
        self.time = 8.0
        self.assertEqual(self.look(), ["a"])
        self.assertEqual(len(self.owed), 0)

    def test_as_many_as_can_be_told(self) -> None:
        """As long as the CPM side takes them all go in one look."""
        for number in range(TOGETHER + 1):
            self.owed.add(reported(str(number)))
        self.time = 10.0
        self.assertEqual(len(self.look()), TOGETHER + 1)

    def test_no_more_while_nobody_is_there(self) -> None:
        """While it does not, so many at once are enough; the others come next."""
        self.reached = False
        for number in range(TOGETHER + 1):
            self.owed.add(reported(str(number)))
        self.time = 10.0
        self.assertEqual(len(self.look()), TOGETHER)
        self.assertEqual(self.look(), [str(TOGETHER)])

    def test_told_in_the_meantime(self) -> None:
        """One whose receipt came again while others were tried is not told twice."""
        for number in range(TOGETHER + 1):
            self.owed.add(reported(str(number)))
        self.time = 10.0
        waiting: Deferred[bool] = Deferred()
        self.telling = lambda _: waiting  # type: ignore[assignment, return-value]
        looking = Deferred.fromCoroutine(self.owed.look(self.time))
        self.owed.remove(str(TOGETHER))
        self.telling = self.tell
        waiting.callback(True)
        self.successResultOf(looking)
        self.assertEqual(self.told, [])

    def test_one_that_cannot_be_told(self) -> None:
        """An error of one is logged; the others are told, and it comes later."""

        async def tell(owing: Reported) -> bool:
            if owing.message.key == "a":
                raise ValueError("no")
            return await self.tell(owing)

        self.telling = tell
        for key in "ab":
            self.owed.add(reported(key))
        self.time = 10.0
        self.assertEqual(self.look(), ["b"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(self.owed), 1)


class TakingUp(Waiting):
    def test_all_pages(self) -> None:
        """What is in the store is taken up, however many there are."""
        self.stored = [reported(key) for key in "abcde"]
        self.do(self.owed.take_up())
        self.time = 10.0
        self.assertEqual(self.look(), list("abcde"))

    def test_undecided(self) -> None:
        """A message that waits for further reports is not owed."""
        self.stored = [reported("a", MessageState.ENROUTE), reported("b")]
        self.do(self.owed.take_up())
        self.assertEqual(len(self.owed), 1)

    def test_limit(self) -> None:
        """What is beyond the limit stays in the store until there is room."""
        self.owed = self.owing(most=4)
        self.stored = [reported(key) for key in "abcdef"]
        for each in self.stored:
            self.owed.add(each)
        self.assertEqual(len(self.owed), 4)
        self.time = 10.0
        self.assertEqual(self.look(), list("abcd"))
        self.assertEqual(len(self.owed), 2)
        self.time = 20.0
        self.assertEqual(self.look(), list("ef"))

    def test_limit_at_the_start(self) -> None:
        """So does what an earlier process has left."""
        self.owed = self.owing(most=4)
        self.stored = [reported(key) for key in "abcdefg"]
        self.do(self.owed.take_up())
        self.assertEqual(len(self.owed), 4)
