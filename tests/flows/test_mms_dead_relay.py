"""A relay that does not answer: what waits has a limit, in count, octets and time."""

from __future__ import annotations

from cpmgw.lab.behaviour import MmsBehaviour
from cpmgw.lab.conversation import SentMessage
from tests.flows.house import ALICE, BOB
from tests.flows.large import TEXT
from tests.flows.mms import MmsHouse, MmsLargeOutbound


class Dead(MmsHouse):
    """A relay that takes mails and says nothing to them."""

    mmsc = """
    connections = 2
    queue = 3
    queue_time = 4.0
    data_timeout = 10.0
    backoff_maximum = 1.0
    """

    def setUp(self) -> None:
        super().setUp()
        self.behave(silent=True)

    def many(self, number: int) -> list[SentMessage]:
        """So many messages at once."""
        sent = [self.cpm.send_text(ALICE, BOB, f"n {n}") for n in range(number)]
        self.settle()
        return sent

    def statuses(self, sent: list[SentMessage]) -> list[int]:
        """How they were answered, in order."""
        return sorted([each.status for each in sent])

    def test_queue(self) -> None:
        """Two are at the relay, and three wait; those beyond are 503 at once.

        Until the first is connected its mails wait as well.
        """
        sent = self.many(9)
        waiting = self.statuses(sent).count(0)
        self.assertIn(waiting, (3, 4, 5))
        self.assertEqual(self.statuses(sent)[waiting:], [503] * (9 - waiting))
        refused = next(each for each in sent if each.status)
        assert refused.response is not None
        self.assertEqual(refused.response.headers.get("Retry-After"), "5")
        self.rest(60)
        self.assertEqual(self.statuses(sent), [408] * 2 + [503] * 7)

    def test_recovers(self) -> None:
        """When it is well again, and what nobody awaits is given up, all goes."""
        self.many(9)
        for _ in range(4):
            self.rest(30)
        self.behave()
        sent = self.many(4)
        self.rest(5)
        self.assertEqual(self.statuses(sent), [202] * 4)

    def test_inbound_beside_it(self) -> None:
        """What comes from the relay comes all the same."""
        self.many(9)
        self.write_mms("Hi", acknowledge=False)
        self.assertEqual(self.alice.texts, ["Hi"])
        self.rest(60)

    def test_memory(self) -> None:
        """However long it lasts, no more waits than that."""
        most = 0
        for _ in range(30):
            self.many(9)
            held = self.gateway.mail.spool
            most = max(most, len(held))
            self.network.advance(2)
            self.settle()
        self.assertLessEqual(most, 5)
        for _ in range(4):
            self.rest(30)


class Octets(Dead):
    policy = "mms.max_size = 10000"
    mmsc = """
    connections = 1
    queue = 1000
    queue_octets = 20000
    queue_time = 4.0
    data_timeout = 10.0
    """

    def test_queue(self) -> None:
        """Octets that wait are counted too: 503 for what is beyond them."""
        text = "x" * 8_000
        sent = [self.cpm.send_text(ALICE, BOB, text) for _ in range(5)]
        self.settle()
        waiting = [each.status for each in sent].count(0)
        self.assertIn(waiting, (2, 3))
        self.assertEqual(self.statuses(sent), [0] * waiting + [503] * (5 - waiting))
        self.rest(60)
        self.assertEqual(self.statuses(sent)[:1], [408])

    def test_recovers(self) -> None:
        """When it is well again, and what nobody awaits is given up, all goes."""
        self.test_queue()
        self.rest(60)
        self.behave()
        self.assertEqual(self.send(text="Hello").status, 202)

    def test_memory(self) -> None:
        """Nothing is left of it."""
        self.test_queue()
        self.rest(60)
        self.assertEqual(len(self.gateway.mail.spool), 0)


class NoResponses(MmsHouse):
    """A relay that takes mails, and never says what became of them."""

    def test_waiting(self) -> None:
        """Each waits no longer than `response_timeout`, and nothing is left."""
        self.behave(status=None)
        sent = [self.cpm.send_text(ALICE, BOB, f"n {n}") for n in range(50)]
        self.settle()
        self.assertEqual({each.status for each in sent}, {0})
        self.rest(25)
        self.assertEqual({each.status for each in sent}, {408})


class Wall(MmsHouse):
    """A relay behind a wall: nothing comes back, not even a refusal."""

    def test_wall(self) -> None:
        """503 within the time that may be waited."""
        self.network.partition("127.0.0.1", 2526)
        sent = self.send(text="Hello")
        self.rest(30)
        self.assertEqual(sent.status, 503)
        self.network.heal("127.0.0.1", 2526)
        self.rest(120)
        self.assertEqual(self.send(text="Hello").status, 202)


class LargeOnes(MmsLargeOutbound):
    """Large messages to a relay that does not answer."""

    def test_files(self) -> None:
        """Each is answered in its time, and its files are gone."""
        self.relay.behave(MmsBehaviour(silent=True))
        talks = [self.established() for _ in range(3)]
        sent = [t.say(TEXT * 60, message_id=f"m-{n}") for n, t in enumerate(talks)]
        self.settle()
        for each in sent:
            self.assertNoResult(each)
        self.rest(90)
        self.assertEqual([self.successResultOf(each) for each in sent], [408] * 3)
        for talk in talks:
            talk.bye()
