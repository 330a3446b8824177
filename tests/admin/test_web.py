"""The web site: pages, and what it does not put up with."""

from __future__ import annotations

import signal
from typing import Any

import msgspec
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.admin.web import IDLE, LIFETIME, MOST_CONNECTIONS, WebService
from cpmgw.config import WebConfig, loads
from cpmgw.gateway import Gateway
from cpmgw.tap import Options, makeService
from tests.admin.browsing import PLACE, Browser, fetch, open_browser, unasked
from tests.flows.house import House, config_text
from tests.support.network import MemoryNetwork


class Site(SynchronousTestCase):
    """The site of a gateway that was never started."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        config = loads(config_text(self.mktemp()))
        self.gateway = Gateway(self.network, config, factories=())
        self.web = WebService(self.network, self.gateway, PLACE, unasked)
        self.web.startService()
        self.addCleanup(self.web.stopService)

    def test_alive(self) -> None:
        """/healthz is 200 while the process serves, ready or not."""
        reply = fetch(self.network, "/healthz")
        self.assertEqual((reply.status, reply.body), (200, b"ok\n"))
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(reply.headers["cache-control"], "no-store")

    def test_not_ready(self) -> None:
        """/readyz is 503 with each reason on a line."""
        reply = fetch(self.network, "/readyz")
        self.assertEqual(reply.status, 503)
        self.assertEqual(
            reply.body.decode().splitlines()[:2],
            ["the store is not open", "SIP is not listened for"],
        )

    def test_head(self) -> None:
        """HEAD gets the headers of GET and no body."""
        reply = fetch(self.network, "/healthz", "HEAD")
        self.assertEqual((reply.status, reply.body), (200, b""))
        self.assertEqual(reply.headers["content-length"], "3")

    def test_other_methods(self) -> None:
        """What is neither GET nor HEAD is refused (RFC 9110 15.5.6, 15.6.2)."""
        reply = fetch(self.network, "/metrics", "POST")
        self.assertEqual(reply.status, 405)
        self.assertEqual(sorted(reply.headers["allow"].split(", ")), ["GET", "HEAD"])
        for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "X"):
            reply = fetch(self.network, "/metrics", method)
            self.assertEqual(reply.status, 501, method)

    def test_other_paths(self) -> None:
        """There is nothing else: 404."""
        for path in ("/", "/metrics/x", "/healthz/", "/../etc/passwd"):
            self.assertEqual(fetch(self.network, path).status, 404, path)

    def send(self, octets: bytes) -> Browser:
        """A connection on which these octets were sent."""
        browser = open_browser(self.network)
        assert browser.transport is not None
        browser.transport.write(octets)
        self.network.settle()
        return browser

    def test_body_is_refused_unread(self) -> None:
        """A body is refused with 413 when it is announced, and the connection ends."""
        for announced in (b"Content-Length: 1", b"Transfer-Encoding: chunked"):
            browser = self.send(
                b"GET /healthz HTTP/1.1\r\nHost: gw\r\n" + announced + b"\r\n\r\n"
            )
            self.assertEqual(browser.reply().status, 413, announced)
            self.assertTrue(browser.is_gone)

    def test_body_that_came_along(self) -> None:
        """A body in the same segment is dropped: one response, not two."""
        browser = self.send(
            b"POST /healthz HTTP/1.1\r\nHost: gw\r\nContent-Length: 3\r\n\r\nabc"
        )
        self.assertEqual(browser.octets.count(b"HTTP/1.1"), 1)
        self.assertEqual(browser.reply().status, 413)

    def test_empty_body(self) -> None:
        """Content-Length 0 announces nothing."""
        browser = self.send(
            b"GET /healthz HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n"
        )
        self.assertEqual(browser.reply().status, 200)

    def test_garbage(self) -> None:
        """What is no HTTP is answered 400, and the connection ends."""
        browser = self.send(b"\x00\x01\x02\r\n\r\n")
        self.assertTrue(browser.octets.startswith(b"HTTP/1.1 400"))
        self.assertTrue(browser.is_gone)

    def test_long_head(self) -> None:
        """A head that does not end is not collected for ever."""
        browser = self.send(b"GET / HTTP/1.1\r\n" + b"X-Pad: y\r\n" * 2000)
        self.assertTrue(browser.is_gone)

    def test_idle(self) -> None:
        """A connection that says nothing is closed."""
        browser = self.send(b"GET /healthz HT")
        self.network.advance(IDLE - 1)
        self.assertFalse(browser.is_gone)
        self.network.advance(2)
        self.assertTrue(browser.is_gone)

    def test_lifetime(self) -> None:
        """A connection that drips is closed when its time is over."""
        browser = self.send(b"GET /healthz HTTP/1.1\r\nX: ")
        assert browser.transport is not None
        for _ in range(int(LIFETIME)):
            self.assertFalse(browser.is_gone)
            browser.transport.write(b"x")
            self.network.advance(1)
        self.assertTrue(browser.is_gone)

    def test_kept_alive(self) -> None:
        """Several requests may use one connection."""
        request = b"GET /healthz HTTP/1.1\r\nHost: gw\r\n\r\n"
        browser = self.send(request * 3)
        self.assertEqual(browser.octets.count(b"HTTP/1.1 200"), 3)
        self.assertFalse(browser.is_gone)

    def test_number_of_connections(self) -> None:
        """One connection too many is closed at once; a place that is free is given."""
        browsers = [open_browser(self.network) for _ in range(MOST_CONNECTIONS)]
        refused = Browser()
        endpoint = TCP4ClientEndpoint(self.network, "127.0.0.1", 8080)
        connectProtocol(endpoint, refused).addErrback(lambda _: None)
        self.network.settle()
        assert refused.transport is None or refused.is_gone
        self.assertFalse(any(browser.is_gone for browser in browsers))
        transport = browsers[0].transport
        assert transport is not None
        transport.loseConnection()
        self.network.settle()
        self.assertEqual(fetch(self.network, "/healthz").status, 200)

    def test_stop(self) -> None:
        """A stop closes the port and every connection."""
        browser = open_browser(self.network)
        self.successResultOf(self.web.stopService())
        self.network.settle()
        self.assertTrue(browser.is_gone)
        self.assertIsNone(self.web.address)
        self.web.startService()
        self.assertEqual(self.web.address, ("127.0.0.1", 8080))

    def test_port_in_use(self) -> None:
        """A port that cannot be had fails the start."""
        other = WebService(self.network, self.gateway, PLACE, unasked)
        self.assertRaises(CannotListenError, other.startService)


class Wiring(SynchronousTestCase):
    """Where twistd makes a site."""

    def setUp(self) -> None:
        self.addCleanup(signal.signal, signal.SIGHUP, signal.getsignal(signal.SIGHUP))

    def services(self, listen: str) -> list[Any]:
        """What twistd would run."""
        text = config_text(self.mktemp())
        options = Options()
        options.configuration = msgspec.structs.replace(
            loads(text), web=WebConfig(listen=listen)
        )
        made: Any = makeService(options)
        return [type(each).__name__ for each in made]

    def test_off(self) -> None:
        """An empty [web] listen makes none."""
        self.assertEqual(self.services(""), ["Gateway"])

    def test_on(self) -> None:
        """Otherwise it stands beside the gateway."""
        self.assertEqual(self.services(PLACE), ["Gateway", "WebService"])


class Flow(House):
    """The site of a gateway at work."""

    def setUp(self) -> None:
        super().setUp()
        web = WebService(self.network, self.gateway, PLACE, unasked)
        web.startService()
        self.addCleanup(web.stopService)

    def metrics(self) -> list[str]:
        """The samples of /metrics, one a line."""
        reply = fetch(self.network, "/metrics")
        self.assertEqual(reply.status, 200)
        return reply.body.decode().splitlines()

    def test_ready(self) -> None:
        """/readyz is 200 once store, listeners and an SM-SC are there."""
        reply = fetch(self.network, "/readyz")
        self.assertEqual((reply.status, reply.body), (200, b"ready\n"))

    def test_unbound(self) -> None:
        """/readyz is 503 while no SM-SC is bound; /healthz stays 200."""
        self.network.partition("127.0.0.1", 2775)
        self.network.cut("127.0.0.1", 2775)
        self.settle()
        reply = fetch(self.network, "/readyz")
        self.assertEqual(reply.status, 503)
        self.assertEqual(reply.body, b"no SM-SC is bound: home\n")
        self.assertEqual(fetch(self.network, "/healthz").status, 200)
        self.assertIn('cpmgw_smsc_bound{smsc="home"} 0.0', self.metrics())

    def test_stopped(self) -> None:
        """/readyz is 503 for a gateway that has been stopped."""
        self._stop(self.gateway)
        self.assertEqual(fetch(self.network, "/readyz").status, 503)

    def test_a_message_is_counted(self) -> None:
        """A long message there and its report, and an SMS back, are all in /metrics."""
        self.send(text="x" * 400)
        self.network.advance(5)
        self.settle()
        self.centre.send_sms("+15145550002", "+15145550001", "Hello")
        self.settle()
        samples = self.metrics()
        for sample in (
            'cpmgw_outbound_messages_total{status="202"} 1.0',
            "cpmgw_outbound_answer_seconds_count 1.0",
            'cpmgw_outbound_segments_total{command_status="ESME_ROK",smsc="home"} 3.0',
            'cpmgw_status_reports_total{command_status="ESME_ROK",smsc="home"} 3.0',
            'cpmgw_notifications_total{kind="imdn",status="200"} 1.0',
            'cpmgw_inbound_segments_total{command_status="ESME_ROK",smsc="home"} 1.0',
            'cpmgw_smsc_bound{smsc="home"} 1.0',
            'cpmgw_smsc_in_flight{smsc="home"} 0.0',
            "cpmgw_store_waiting 0.0",
        ):
            self.assertIn(sample, samples)
