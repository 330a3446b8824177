"""Other SM-SCs while messages are at those that there are."""

from __future__ import annotations

from twisted.internet.interfaces import IListeningPort

from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.sms_centre import SmsCentre
from tests.flows.house import ALICE, BOB
from tests.flows.reloading import SECOND, Reloading
from txsmpp.options import ServerOptions
from txsmpp.server import SmscFactory


class Centres(Reloading):
    """SM-SCs, and what they are told."""

    def setUp(self) -> None:
        super().setUp()
        self.other = SmsCentre(self.network)
        factory = SmscFactory(self.network, ServerOptions(), self.other)
        port: IListeningPort = self.network.listenTCP(
            2776, factory, interface="127.0.0.1"
        )
        self.addCleanup(port.stopListening)

    def counts(self) -> tuple[int, int]:
        """How many messages each has."""
        return len(self.centre.submitted), len(self.other.submitted)

    def test_keys(self) -> None:
        """How an SM-SC takes text changes without its bind."""
        self.assertEqual(self.send(text="x" * 700).status, 202)
        found = self.reload(smsc="text = {max_segments = 2}")
        self.assertEqual(found.changed, ("smsc[home].text.max_segments",))
        self.assertEqual(self.send(text="x" * 700).status, 413)
        self.reload(smsc='prefixes = ["+44"]')
        self.assertEqual(self.send(text="Hello").status, 404)
        self.assert_not_touched()

    def test_added(self) -> None:
        """One more is bound, and has its numbers."""
        found = self.reload(more=SECOND + 'prefixes = ["+44"]')
        self.assertEqual(found.changed, ("smsc[second]",))
        self.settle()
        self.assertEqual(len(self.other.binds), 1)
        self.assertEqual(self.send(recipient="tel:+447700900001").status, 202)
        self.assertEqual(self.counts(), (0, 1))
        self.assertEqual(
            [str(c.name) for c in self.gateway.centres], ["home", "second"]
        )
        done: list[list[int]] = []
        self.other.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(done.append)
        self.settle()
        self.assertEqual(done, [[0]])

    def test_removed(self) -> None:
        """One that is gone answers what it has, is unbound, and gets nothing new."""
        self.reload(more=SECOND + 'prefixes = ["+44"]')
        self.settle()
        self.other.behave(SmsBehaviour(delay=3.0))
        sent = self.send(recipient="tel:+447700900001")
        self.reload(more="")
        (session,) = self.other.sessions
        self.assertEqual(self.send(recipient="tel:+447700900001").status, 202)
        self.assertEqual(self.counts()[0], 1)
        self.assertIsNone(sent.response)
        self.network.advance(2.0)
        self.settle()
        self.assertEqual(self.other.sessions, [session])
        self.network.advance(1.1)
        self.settle()
        self.assertEqual(sent.status, 202)
        self.network.advance(2.0)
        self.settle()
        self.assertEqual(self.other.sessions, [])
        self.assertEqual(len(self.gateway._leaving), 0)
        self.assert_not_touched()

    def test_removed_and_owed_an_answer(self) -> None:
        """What it has sent us is answered before it is unbound, in answer_timeout."""
        short = "queue_time = 1\nthrottle_limit = 1\nresponse_timeout = 1"
        self.reload(more=f"{SECOND}{short}\nanswer_timeout = 20")
        self.settle()
        self.cpm.behave(CpmBehaviour(delay=8.0))
        done: list[list[int]] = []
        self.other.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(done.append)
        self.settle()
        self.reload(more="")
        self.pass_time(10)
        self.assertEqual(done, [[0]])
        self.pass_time(1)
        self.assertEqual(self.other.sessions, [])

    def test_removed_with_a_queue(self) -> None:
        """What waits for its turn still gets it."""
        self.reload(more=SECOND + 'prefixes = ["+44"]\nwindow = 1')
        self.settle()
        self.other.behave(SmsBehaviour(delay=1.5))
        sent = [self.send(recipient=f"tel:+44770090000{n}") for n in range(3)]
        self.reload(more="")
        for _ in range(10):
            self.network.advance(0.7)
            self.settle()
        self.assertEqual([each.status for each in sent], [202] * 3)
        self.assertEqual(self.other.sessions, [])

    def test_removed_and_silent(self) -> None:
        """One that never answers is waited for no longer than for any answer."""
        self.reload(more=SECOND + 'prefixes = ["+44"]')
        self.settle()
        self.other.behave(SmsBehaviour(silent=True))
        sent = self.send(recipient="tel:+447700900001")
        self.reload(more="")
        self.pass_time(40)
        self.assertEqual(sent.status, 408)
        self.assertEqual(self.other.sessions, [])

    def test_what_a_removed_one_brings(self) -> None:
        """What comes of it before it is unbound is still read as its own."""
        self.reload(more=SECOND + 'prefixes = ["+44"]\nunknown_ton = "international"')
        self.settle()
        self.other.behave(SmsBehaviour(delay=3.0, receipt_first=True))
        sent = self.send(
            recipient="tel:+447700900001", imdn=("positive-delivery",), text="Hello"
        )
        self.reload(more="")
        self.pass_time(10)
        self.assertEqual(sent.status, 202)
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_removed_and_back(self) -> None:
        """One that comes back has a bind of its own at once."""
        self.reload(more=SECOND)
        self.settle()
        self.reload(more="")
        self.reload(more=SECOND)
        self.settle()
        self.assertEqual(len(self.other.binds), 2)
        self.pass_time(10)
        self.assertEqual(len(self.other.sessions), 1)
        self.assertTrue(all(each.bound for each in self.gateway.centres))

    def test_binds(self) -> None:
        """More binds are made, fewer are kept; those that stay are not touched."""
        (session,) = self.centre.sessions
        self.assertEqual(self.reload(smsc="binds = 3").changed, ("smsc[home].binds",))
        self.settle()
        self.assertEqual(len(self.centre.sessions), 3)
        self.reload(smsc="binds = 1")
        self.pass_time(10)
        self.assertEqual(self.centre.sessions, [session])
        self.assertEqual(len(self.centre.binds), 3)

    def test_fewer_binds(self) -> None:
        """Messages on those that go are answered first, however long that takes."""
        self.reload(smsc="binds = 3")
        self.settle()
        self.centre.behave(SmsBehaviour(delay=8.0))
        sent = [self.send(recipient=f"tel:+1514555010{n}") for n in range(9)]
        self.reload(smsc="binds = 1")
        self.pass_time(10)
        self.assertEqual([each.status for each in sent], [202] * 9)
        self.assertEqual(len(self.centre.submitted), 9)
        self.assertEqual(len(self.centre.sessions), 1)

    def test_stop_while_one_works(self) -> None:
        """What is queued for one that is leaving still gets its turn in a stop."""
        self.reload(more=SECOND + 'prefixes = ["+44"]\nwindow = 1')
        self.settle()
        self.other.behave(SmsBehaviour(delay=1.0))
        sent = [self.send(recipient=f"tel:+44770090000{n}") for n in range(3)]
        self.reload(more="")
        self._stop(self.gateway)
        self.assertEqual([each.status for each in sent], [202] * 3)

    def test_stop_while_one_leaves(self) -> None:
        """A gateway that stops unbinds what is leaving as well."""
        self.reload(more=SECOND)
        self.settle()
        self.other.behave(SmsBehaviour(silent=True))
        self.reload(more="")
        self._stop(self.gateway)
        self.network.advance(1)
        self.assertEqual(self.other.sessions, [])
