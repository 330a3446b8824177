"""The mail of a gateway: when it goes and comes, and by which configuration."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import ServerFactory
from zope.interface.verify import verifyObject

from cpmgw.admin.health import hindrances, state_of
from cpmgw.bodies.errors import NoRoom
from cpmgw.gateway import Gateway
from cpmgw.interfaces import IHouse
from cpmgw.smtp.errors import NotSent, SmtpError
from cpmgw.smtp.interfaces import IMailRelay
from tests.flows.mailing import MAIL, SECOND, MailHouse, Postbox


class Crossing(MailHouse):
    def test_interfaces(self) -> None:
        """The house gives what it promises."""
        verifyObject(IHouse, self.gateway)
        for relay in self.gateway.relays:
            verifyObject(IMailRelay, relay)

    def test_to_a_relay(self) -> None:
        """A mail that a service composes reaches the relay."""
        sent = self.start().send()
        self.network.wait_until(lambda: sent.called)
        self.assertEqual(self.successResultOf(sent).reply.code, 250)
        self.assertEqual(self.relay.mails, [("system@ims.test", MAIL)])
        self.assertEqual(self.gateway.mail.stored, 0)

    def test_from_a_relay(self) -> None:
        """A mail that a relay sends reaches the service."""
        self.start()
        sent = self.from_relay()
        self.network.wait_until(lambda: sent.called)
        self.assertEqual(self.successResultOf(sent).reply.text, "taken")
        self.assertEqual(self.service.box.mails, [("system@mms.test", MAIL)])
        self.assertEqual(self.gateway.mail.stored, 0)

    def test_ready(self) -> None:
        """It is ready with a port open and a relay that is not known to be away."""
        self.start()
        self.assertEqual(list(hindrances(state_of(self.gateway))), [])
        self.assertEqual(
            [each.name for each in state_of(self.gateway).relays], ["home"]
        )


class Away(MailHouse):
    """The only relay is not there."""

    def start_relay(self, number: int) -> Postbox:
        """None."""
        return Postbox()

    def test_not_ready(self) -> None:
        """It is not once the only relay does not take mail."""
        failed = self.start().send()
        self.network.advance(40.0)
        self.network.wait_until(lambda: failed.called)
        self.failureResultOf(failed, SmtpError)
        self.assertEqual(
            list(hindrances(state_of(self.gateway))), ["no MMS relay takes mail: home"]
        )


class Room(MailHouse):
    mm4 = """
storage = 5_000_000
max_size = 4_300_000
in_memory = 65_536
[policy.mms]
max_size = 2_000
"""

    def test_bounded(self) -> None:
        """There is so much room for mail and no more."""
        whole = self.gateway.compose(5_000_000)
        whole.close()
        self.assertRaises(NoRoom, self.gateway.compose, 5_000_001)
        body = self.gateway.compose()
        body.write(0, bytes(1_000_000))
        self.assertRaises(NoRoom, self.gateway.compose, 4_000_001)
        self.assertEqual(self.gateway.mail.stored, 1_000_000)
        body.close()
        self.gateway.compose(5_000_000).close()

    def test_files(self) -> None:
        """What is large is in a file of [mm4] spool, which is gone after the stop."""
        self.start()
        body = self.gateway.compose()
        body.write(0, bytes(100_000))
        body.finish()
        assert body.path is not None
        self.assertTrue(body.path.is_relative_to(Path(self.spool)))
        self.stop(self.gateway)
        self.assertFalse(body.path.exists())
        self.assertEqual(list(Path(self.spool).glob("bodies-*")), [])

    def test_left_by_another_process(self) -> None:
        """What a process that is no more has left is removed; what is kept stays."""
        left = Path(self.spool) / "bodies-0123"
        kept = Path(self.spool) / "kept" / "x"
        left.mkdir(parents=True)
        kept.mkdir(parents=True)
        self.start()
        self.assertFalse(left.exists())
        self.assertTrue(kept.exists())


class Starting(MailHouse):
    def test_port_opens_last(self) -> None:
        """Mail is let in once all services have started: they acknowledge it."""
        self.service.ready = Deferred()
        self.gateway.startService()
        self.addCleanup(self.stop, self.gateway)
        self.network.wait_until(lambda: not self.gateway.store_waiting)
        early = self.from_relay(timeout=1.0)
        self.network.advance(2.0)
        self.network.wait_until(lambda: early.called)
        self.failureResultOf(early, NotSent)
        state = state_of(self.gateway)
        self.assertIn("mail is not listened for", hindrances(state))
        self.service.ready.callback(None)
        self.network.wait_until(lambda: self.gateway.mail.addresses)
        self.assertEqual(self.told, ["service started"])
        self.assertEqual(self.gateway.mail.addresses, [("TCP", "127.0.0.1", 2525)])

    def test_port_that_is_used(self) -> None:
        """A port that cannot be had ends the process."""
        port = self.network.listenTCP(2525, ServerFactory(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.gateway.startService()
        self.addCleanup(self.stop, self.gateway)
        self.network.wait_until(lambda: self.network.stopped)
        self.assertEqual(len(self.flushLoggedErrors(CannotListenError)), 1)


class Stopping(MailHouse):
    def test_in_hand(self) -> None:
        """A mail in hand is answered, after the services stopped; none is let in."""
        self.start()
        turn: Deferred[None] = Deferred()
        self.service.box.turn = turn
        sent = self.from_relay()
        self.network.wait_until(lambda: "mail comes" in self.told)
        stopped: Deferred[None] = self.gateway.stopService()
        self.network.settle()
        self.assertEqual(self.gateway.mail.addresses, [])
        late = self.from_relay(timeout=1.0)
        self.network.advance(1.5)
        self.failureResultOf(late, NotSent)
        before = ["service started", "mail comes", "service stopped"]
        self.assertEqual(self.told, before)
        turn.callback(None)
        self.network.wait_until(lambda: stopped.called)
        self.assertEqual(self.told[3:], ["mail taken"])
        self.assertEqual(self.successResultOf(sent).reply.code, 250)

    def test_relays_stop_after_services(self) -> None:
        """What a service sends at its end still goes out."""
        self.start()
        last: list[Deferred[object]] = []

        async def stop() -> None:
            last.append(self.service.send())  # type: ignore[arg-type]
            await last[0]

        self.service.stop = stop  # type: ignore[method-assign]
        self.stop(self.gateway)
        self.assertEqual(len(self.relay.mails), 1)

    def test_leaves_nothing(self) -> None:
        """No port, connection, timer or thread is left."""
        service = self.start()
        sent = service.send()
        self.network.wait_until(lambda: sent.called)
        done = self.gateway.workshop.do(int, "7")
        self.network.wait_until(lambda: done.called)
        self.stop(self.gateway)
        self.network.settle()
        self.assertEqual([str(each) for each in self.network.calls], [])
        self.assertEqual(list(self.network._ports), [])

    def test_again(self) -> None:
        """A gateway that was stopped takes mail again once it is started."""
        self.start()
        self.stop(self.gateway)
        self.start()
        sent = self.from_relay()
        self.network.wait_until(lambda: sent.called)
        self.successResultOf(sent)


class Reloading(MailHouse):
    def test_added(self) -> None:
        """One more relay is there, and has its mail."""
        second = self.start_relay(2527)
        service = self.start()
        self.more = SECOND
        self.assertEqual(self.reload().changed, ("mmsc[second]",))
        sent = service.send("second")
        self.network.wait_until(lambda: sent.called)
        self.assertEqual((len(second.mails), len(self.relay.mails)), (1, 0))
        self.assertEqual(
            [each.name for each in self.gateway.relays], ["home", "second"]
        )

    def test_removed(self) -> None:
        """One that is gone sends what it has, and is let go of then."""
        second = self.start_relay(2527)
        turn: Deferred[None] = Deferred()
        second.turn = turn
        service = self.start()
        self.more = SECOND
        self.reload()
        sent = service.send("second")
        self.network.settle()
        self.more = ""
        self.assertEqual(self.reload().changed, ("mmsc[second]",))
        self.assertEqual([each.name for each in self.gateway.relays], ["home"])
        self.network.advance(5.0)
        self.assertNoResult(sent)
        turn.callback(None)
        self.network.advance(5.0)
        self.network.wait_until(lambda: sent.called)
        self.assertEqual(self.successResultOf(sent).reply.code, 250)
        self.network.wait_until(lambda: not len(self.gateway._leaving))

    def test_peers(self) -> None:
        """Another network may send from then on, and the old one no more."""
        self.start()
        self.mmsc = 'peers = ["192.0.2.0/24"]'
        self.assertEqual(self.reload().changed, ("mmsc[home].peers",))
        sent = self.from_relay(timeout=1.0)
        self.network.advance(2.0)
        self.network.wait_until(lambda: sent.called)
        self.failureResultOf(sent, SmtpError)
        self.mmsc = ""
        self.reload()
        sent = self.from_relay()
        self.network.wait_until(lambda: sent.called)
        self.successResultOf(sent)

    def test_peers_of_one_that_is_gone(self) -> None:
        """A relay that is gone may still send: its reports are of days before."""
        self.mmsc = 'peers = ["192.0.2.0/24"]'
        self.more = SECOND
        self.gateway = Gateway(self.network, self.config(), factories=(self.factory,))
        self.start()
        self.more = ""
        self.assertEqual(self.reload().changed, ("mmsc[second]",))
        sent = self.from_relay()
        self.network.wait_until(lambda: sent.called)
        self.successResultOf(sent)

    def test_work(self) -> None:
        """More pieces of work may wait."""
        self.start()
        self.more = "[adaptation]\nthreads = 3\nqueue = 7\n"
        self.assertEqual(
            set(self.reload().changed), {"adaptation.threads", "adaptation.queue"}
        )

    def test_fails(self) -> None:
        """A reload that fails leaves no link behind."""
        service = self.start()
        service.fails = True
        self.more = SECOND
        reloading = Deferred.fromCoroutine(self.gateway.reload(self.config()))
        self.failureResultOf(reloading, ValueError)
        self.assertEqual([each.name for each in self.gateway.relays], ["home"])
        self.assertEqual(len(self.gateway.config.mmsc), 1)

    def test_without_a_change(self) -> None:
        """What a relay is reached by waits for a restart."""
        self.start()
        self.mmsc = "connections = 7"
        found = self.reload()
        self.assertEqual(found.needs_restart, ("mmsc[home].connections",))
        self.assertEqual(self.gateway.config.mmsc[0].connections, 4)
