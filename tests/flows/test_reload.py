"""Another configuration while the gateway runs: nothing under way is dropped."""

from __future__ import annotations

from pathlib import Path

from twisted.python.failure import Failure

from cpmgw.config import Config
from cpmgw.errors import NotRunning, StoreError
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.sip.endpoint import Endpoint, EndpointSettings
from cpmgw.sip.message import Response
from cpmgw.sip.settings import Login
from tests.flows.house import ALICE, BOB
from tests.flows.outsider import Outsider
from tests.flows.reloading import POOL, SECOND, TRUSTED, Reloading
from tests.live.certificates import write_certificate


class PolicyChanges(Reloading):
    def test_next_message(self) -> None:
        """The next message is held to the new policy; the bind stays."""
        self.assertEqual(self.send(text="Hello").status, 202)
        found = self.reload(policy="pager_success_status = 200")
        self.assertEqual(found.changed, ("policy.pager_success_status",))
        self.assertEqual(self.send(text="Hello").status, 200)
        self.assert_not_touched()

    def test_message_under_way(self) -> None:
        """A message that is at the SM-SC meanwhile ends by the old policy."""
        self.centre.behave(SmsBehaviour(delay=2.0))
        sent = self.send(text="Hello")
        self.assertIsNone(sent.response)
        self.reload(policy="pager_success_status = 200")
        later = self.send(text="Hello again")
        self.network.advance(2.1)
        self.settle()
        self.assertEqual((sent.status, later.status), (202, 200))
        self.assert_not_touched()

    def test_message_of_many_segments(self) -> None:
        """So does one of many segments that wait for their turn."""
        self.smsc = "window = 1"
        self._stop(self.gateway)
        self.gateway = self.start_gateway()
        self.centre.behave(SmsBehaviour(delay=0.5))
        sent = self.send(text="x" * 700)
        self.reload(policy="pager_success_status = 200", smsc="window = 1")
        for _ in range(10):
            self.network.advance(0.6)
            self.settle()
        self.assertEqual(sent.status, 202)

    def test_report_comes_later(self) -> None:
        """A report of a message from before finds it, and its notification goes out."""
        self.centre.behave(SmsBehaviour(receipt_delay=3.0))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.reload(policy="negative_delivery = false")
        self.network.advance(3.1)
        self.settle()
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_nothing(self) -> None:
        """The same again changes nothing."""
        found = self.reload()
        self.assertEqual((found.changed, found.needs_restart), ((), ()))

    def test_what_waits(self) -> None:
        """What needs a restart is told, and keeps its value."""
        found = self.reload(sip=f"{TRUSTED}\ndrain = 1.0", smsc="window = 7")
        self.assertEqual(found.changed, ())
        self.assertEqual(found.needs_restart, ("sip.drain", "smsc[home].window"))
        self.assertEqual(self.gateway.config.sip.drain, 5.0)
        self.assertEqual(self.gateway.config.smsc[0].window, 50)
        self.assertEqual(self.send(text="Hello").status, 202)

    def test_dial_plan(self) -> None:
        """Numbers are read by the new dial plan."""
        local = "tel:0015145550002;phone-context=ims.example.net"
        self.assertEqual(self.send(recipient=local).status, 404)
        self.reload(more='[dial_plan]\ninternational_prefix = "00"')
        self.assertEqual(self.send(recipient=local).status, 202)

    def test_directory(self) -> None:
        """SIP URIs are looked up in the new table."""
        entry = '[[directory]]\nnumber = "{0}"\nuri = "sip:{{number}}@example.net"\n'
        self.assertTrue(self.sender().startswith("tel:"))
        self.reload(more=entry.format(BOB[4:]))
        self.assertTrue(self.sender().startswith("sip:+15145550002@example.net"))

    def sender(self) -> str:
        """Whom a short message from Bob comes from."""
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi")
        self.settle()
        return str(self.cpm.user(ALICE).inbox[-1].request.from_.uri)

    def test_trace(self) -> None:
        """The trace keeps so many of the newest."""
        for _ in range(3):
            self.send(text="Hello")
        self.reload(more="[limits]\ntrace = 2")
        self.assertEqual(len(self.gateway.trace), 2)
        self.send(text="Hello")
        self.assertEqual(len(self.gateway.trace), 2)


class Trust(Reloading):
    """Whom to believe."""

    def test_trusted(self) -> None:
        """A network that is added may assert, one that is gone may not."""
        core = Outsider(self.network, "192.0.2.9")
        core.send(text="Hello")
        self.settle()
        self.reload(sip='trusted = ["127.0.0.0/8", "192.0.2.0/24"]')
        core.send(text="Hello")
        self.settle()
        self.reload(sip=TRUSTED)
        core.send(text="Hello")
        self.settle()
        self.assertEqual([each.status for each in core.answers], [403, 202, 403])

    def test_users(self) -> None:
        """A user that is added is challenged and may send for its numbers alone."""
        client = Endpoint(
            self.network,
            EndpointSettings(
                listen=("udp:5090:interface=192.0.2.9",),
                logins=(Login("pf", "open sesame"),),
            ),
        )
        client.startService()
        self.addCleanup(self._stop, client)
        stranger = Outsider(self.network, "192.0.2.9")

        def attempt() -> int:
            request = stranger.request(without=frozenset({"P-Asserted-Identity"}))
            headers = request.headers.without("Via")
            pending = client.request(
                request.replace(headers=headers), destination="sip:127.0.0.1:5060"
            )
            self.settle()
            response: Response = self.successResultOf(pending)
            return response.status

        self.assertEqual(attempt(), 403)
        user = (
            'users = [{{username = "pf", password = "open sesame", numbers = ["{0}"]}}]'
        )
        found = self.reload(sip=f"{TRUSTED}\n{user.format('+1514')}")
        self.assertEqual(found.changed, ("sip.users",))
        self.assertEqual(attempt(), 202)
        self.reload(sip=f"{TRUSTED}\n{user.format('+44')}")
        self.assertEqual(attempt(), 403)
        self.reload(
            sip=f"{TRUSTED}\n{user.format('+1514').replace('sesame', 'barley')}"
        )
        self.assertEqual(attempt(), 401)


class Failures(Reloading):
    """What cannot be followed leaves everything as it was."""

    spoilt: Path | None = None

    def config(self) -> Config:
        """The configuration; a file that it names is spoilt once it has been read."""
        config = super().config()
        if self.spoilt is not None:
            self.spoilt.write_text("nothing")
        return config

    def assert_unchanged(self, error: type[Exception]) -> Failure:
        """A configuration that changes much fails, and nothing of it is in force."""
        before, centres = self.gateway.config, list(self.gateway.centres)
        failure = self.outcome(policy="pager_success_status = 200", sip="trusted = []")
        assert isinstance(failure, Failure)
        failure.trap(error)
        self.assertIs(self.gateway.config, before)
        self.assertEqual(self.gateway.centres, centres)
        return failure

    def test_file_of_no_use(self) -> None:
        """A file that has been spoilt since it was checked; its key is named."""
        for key, lines in (
            ("smsc[second].tls", SECOND + 'tls = {{enabled = true, authority = "{}"}}'),
            (
                "xdms.trust_roots",
                '[xdms]\nroot = "https://xdms.example.net"\ntrust_roots = ["{}"]',
            ),
        ):
            with self.subTest(key):
                self.spoilt = Path(self.mktemp())
                write_certificate(Path(self.mktemp()), self.spoilt)
                self.more = lines.format(self.spoilt) + "\n"
                failure = self.assert_unchanged(ValueError)
                self.assertIn(f"{key}: ", str(failure.value))
                self.assertEqual(self.send(text="Hello").status, 202)

    def test_store_that_fails(self) -> None:
        """Pools that the store does not take."""
        self.more = SECOND + POOL.format("first", "+15145559000")
        closed: list[object] = []
        self.gateway.store.close().addBoth(closed.append)  # type: ignore[attr-defined]
        self.wait_until(lambda: closed)
        self.assert_unchanged(StoreError)
        self.assertEqual(self.gateway.numbers.services, frozenset())

    def test_stopped(self) -> None:
        """A gateway that has been stopped."""
        self._stop(self.gateway)
        self.assert_unchanged(NotRunning)
