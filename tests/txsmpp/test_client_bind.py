"""How an ESME binds, and binds again (SMPP 3.4 2.2, 4.1)."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import ITCPTransport
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent

from tests.txsmpp.peers import HOST, PORT, NetworkCase
from txsmpp.client import Bind
from txsmpp.errors import ConnectionLost, NotBound


def errors(logged: Sequence[LogEvent]) -> list[str]:
    """What an operator is told in them."""
    return [formatEvent(each) for each in logged if each["log_level"] is LogLevel.error]


class BindTests(NetworkCase):
    def test_each_mode(self) -> None:
        """A client binds in the mode it was told, and says what it was told (4.1)."""
        for mode in ("transceiver", "transmitter", "receiver"):
            centre = self.centre()
            bind = Bind(
                system_id="cpmgw",
                password="secret",
                mode=mode,
                system_type="VMA",
                addr_ton=1,
                addr_npi=1,
                address_range="^1514",
            )
            client = self.client(bind)
            self.assertTrue(client.bound)
            (session,) = centre.sessions
            self.assertEqual((session.bind_mode, session.system_id), (mode, "cpmgw"))
            assert session.bind_request is not None
            self.assertEqual(session.bind_request.address_range, "^1514")
            self.stop(client)
            self.assertFalse(client.bound)
            self.port.stopListening()

    def test_no_nagle(self) -> None:
        """Both ends switch TCP_NODELAY on."""
        centre = self.centre()
        self.client()
        for session in (*self.esme.sessions, *centre.sessions):
            assert ITCPTransport.providedBy(session.transport)
            self.assertTrue(session.transport.getTcpNoDelay())

    def test_when_bound(self) -> None:
        """when_bound fires with the first bind, or at once."""
        client = self.client()
        waiting = client.when_bound()
        self.assertNoResult(waiting)
        self.centre()
        self.network.advance(5.0)
        self.successResultOf(waiting)
        self.successResultOf(client.when_bound())

    def test_when_bound_of_a_client_that_stops(self) -> None:
        """when_bound fails if the client is stopped before."""
        client = self.client()
        waiting = client.when_bound()
        self.stop(client)
        self.failureResultOf(waiting, NotBound)

    def test_reconnects(self) -> None:
        """After a loss the client binds again, and says so."""
        centre = self.centre()
        client = self.client()
        self.assertEqual(self.network.cut(HOST, PORT), 1)
        self.network.settle()
        self.assertFalse(client.bound)
        self.assertIsInstance(self.esme.losses[0], ConnectionLost)
        self.network.advance(1.0)
        self.assertTrue(client.bound)
        self.assertEqual(len(centre.sessions), 1)
        one, two = self.esme.sessions
        self.assertNotEqual(one.id, two.id)

    def test_back_off(self) -> None:
        """Each failure makes the next wait longer, up to a limit."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: peer.transport.loseConnection()  # type: ignore
        self.client(backoff_initial=1.0, backoff_maximum=4.0)
        counts = []
        for _ in range(8):
            counts.append(len(factory.peers))
            self.network.advance(2.0)
        # Waits of 1, 1.5, 2.25, 3.375, 4, 4, ... seconds.
        self.assertEqual(counts, [1, 2, 3, 4, 4, 5, 5, 6])

    def test_wrong_password(self) -> None:
        """A refusal that will last is logged once, and tried again much later."""
        centre = self.centre()
        centre.passwords["cpmgw"] = "changed"
        with capturedLogs() as logged:
            client = self.client(refused_delay=60.0)
            self.network.advance(130.0)
        self.assertEqual(len(errors(logged)), 1)
        self.assertNotIn("secret", str(logged))
        self.assertFalse(client.bound)
        self.assertEqual(centre.sessions, [])
        centre.passwords["cpmgw"] = "secret"
        self.network.advance(49.0)
        self.assertFalse(client.bound)
        self.network.advance(2.0)
        self.assertTrue(client.bound)

    def test_bind_is_not_answered(self) -> None:
        """A peer that never answers the bind is left, and tried again."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: None  # type: ignore[method-assign]
        self.client(response_timeout=5.0)
        self.network.advance(6.0)
        self.assertTrue(factory.peers[0].closed)
        self.network.advance(1.0)
        self.assertEqual(len(factory.peers), 2)

    def test_the_operator_is_told_why(self) -> None:
        """A connection that is lost before it is bound says what was wrong."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: peer.transport.abortConnection()  # type: ignore
        with capturedLogs() as logged:
            self.client()
        (told,) = errors(logged)
        self.assertIn("non-clean fashion", told)

    def test_no_connection(self) -> None:
        """Why there is no connection is told once, and again once it was there."""
        why = "Connection was refused by other side."
        refused = f"SMPP bind to home as cpmgw failed: {why}"
        with capturedLogs() as logged:
            self.client(backoff_maximum=1.0)
            self.network.advance(5.0)
            self.assertEqual(errors(logged), [refused])
            self.centre()
            self.network.advance(1.0)
            self.assertIn("SMPP bind to home as cpmgw is up", map(formatEvent, logged))
            self.port.stopListening()
            self.network.cut(HOST, PORT)
            self.network.advance(5.0)
        self.assertEqual(errors(logged), [refused] * 2)
        told = [formatEvent(each) for each in logged]
        self.assertIn("SMPP bind to home as cpmgw is up", told)
        lost = "Connection to the other side was lost in a non-clean fashion."
        self.assertIn(f"SMPP bind to home as cpmgw ended: {lost}", told)

    def test_stop_while_connecting(self) -> None:
        """A connection that is given up by us is nothing to be told."""
        self.network.partition(HOST, PORT)
        with capturedLogs() as logged:
            self.stop(self.client())
        self.assertEqual(errors(logged), [])

    def test_bind_that_cannot_be_sent(self) -> None:
        """One that SMPP cannot carry is told, and tried again as one refused."""
        factory = self.raw_centre()
        for system_id, why in (("€", "not ISO 8859-1"), ("a\0b", "a NUL inside")):
            bind = Bind(system_id=system_id, password="secret")
            before = len(factory.peers)
            with capturedLogs() as logged:
                client = self.client(bind, refused_delay=60.0)
                self.network.advance(59.0)
            (told,) = errors(logged)
            self.assertIn(f"failed: system_id: {why}", told)
            self.assertEqual(len(factory.peers), before + 1)
            self.assertTrue(factory.peers[-1].closed)
            self.network.advance(2.0)
            self.assertEqual(len(factory.peers), before + 2)
            self.stop(client)
