"""The XDMS of the lab: what it serves, what it notes, and how it misbehaves."""

from __future__ import annotations

from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import Agent, ResponseFailed

from cpmgw.lab.xdms import Xdms, XdmsBehaviour, etag_of
from tests.support.network import MemoryNetwork, NeverQuiet

USER = "sip:+15145550100@ims.example.net"
DOCUMENT = b"<ruleset/>"


class XdmsTests(SynchronousTestCase):
    """An XDMS with one document."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.xdms = Xdms(self.network)
        self.xdms.put(USER, DOCUMENT)
        self.port = self.xdms.start()
        self.http = HTTPClient(Agent(self.network))

    def ask(
        self, path: str = "", method: str = "GET", **options: Any
    ) -> tuple[int, bytes, Any]:
        """Status, body and headers of an answer."""

        reactor: Any = self.network

        async def exchange() -> tuple[int, bytes, Any]:
            response = await self.http.request(
                method,
                f"http://127.0.0.1:{self.port}{path or self.xdms.path_of(USER)}",
                reactor=reactor,
                allow_redirects=False,
                **options,
            )
            return response.code, await response.content(), response.headers

        asked: Deferred[Any] = Deferred.fromCoroutine(exchange())
        result: tuple[int, bytes, Any] = self.network.result_of(asked, seconds=10)
        return result

    def test_document(self) -> None:
        """The document of a user is served with its type and its ETag."""
        status, body, headers = self.ask()
        self.assertEqual((status, body), (200, DOCUMENT))
        self.assertEqual(headers.getRawHeaders("etag"), [etag_of(DOCUMENT)])
        types = headers.getRawHeaders("content-type")
        self.assertEqual(types, ["application/auth-policy+xml"])
        self.assertEqual(self.xdms.requests[0].xui, USER)
        self.assertEqual(self.xdms.requests[0].status, 200)
        self.assertEqual(self.xdms.under_way, 0)

    def test_not_there(self) -> None:
        """Other users, other documents and other places are 404."""
        path = self.xdms.path_of(USER)
        for other in (
            self.xdms.path_of("tel:+15145550101"),
            path + "x",
            path.replace("/users/", "/global/"),
            "/",
        ):
            self.assertEqual(self.ask(other)[0], 404, other)
        self.xdms.remove(USER)
        self.assertEqual(self.ask()[0], 404)

    def test_other_methods(self) -> None:
        """Documents are read here, not written."""
        self.assertEqual(self.ask(method="PUT")[0], 405)

    def test_not_modified(self) -> None:
        """304 goes to who has this version, the document to who has another."""
        same = {"If-None-Match": etag_of(DOCUMENT)}
        self.assertEqual(self.ask(headers=same)[:2], (304, b""))
        other = {"If-None-Match": '"x"'}
        self.assertEqual(self.ask(headers=other)[:2], (200, DOCUMENT))

    def test_no_etags(self) -> None:
        """It can do without ETags."""
        self.xdms.behaviour = XdmsBehaviour(has_etags=False)
        status, _, headers = self.ask(headers={"If-None-Match": etag_of(DOCUMENT)})
        self.assertEqual((status, headers.getRawHeaders("etag")), (200, None))

    def test_login(self) -> None:
        """Who does not say the password is challenged."""
        self.xdms.login = ("isf", "secret")
        status, _, headers = self.ask()
        self.assertEqual(status, 401)
        self.assertTrue(headers.getRawHeaders("www-authenticate"))
        self.assertEqual(self.ask(auth=("isf", "wrong"))[0], 401)
        self.assertEqual(self.ask(auth=("isf", "secret"))[0], 200)

    def test_told_status(self) -> None:
        """It answers with the status, headers and body that it is told."""
        self.xdms.behaviour = XdmsBehaviour(
            status=503, headers=(("Retry-After", "5"),), body=b"later"
        )
        status, body, headers = self.ask()
        self.assertEqual((status, body), (503, b"later"))
        self.assertEqual(headers.getRawHeaders("retry-after"), ["5"])

    def test_lying_body(self) -> None:
        """It gives other octets than those of the document."""
        self.xdms.behaviour = XdmsBehaviour(body=b"{}", media_type="application/json")
        status, body, headers = self.ask()
        self.assertEqual((status, body), (200, b"{}"))
        self.assertEqual(headers.getRawHeaders("content-type"), ["application/json"])

    def test_delay(self) -> None:
        """It answers when it is told to."""
        self.xdms.behaviour = XdmsBehaviour(delay=3)
        self.ask()
        self.assertEqual(self.network.seconds(), 3)

    def test_slow(self) -> None:
        """A body comes octet by octet."""
        self.xdms.behaviour = XdmsBehaviour(pause=0.5)
        self.assertEqual(self.ask()[1], DOCUMENT)
        self.assertEqual(self.network.seconds(), 0.5 * len(DOCUMENT))

    def test_silent(self) -> None:
        """It says nothing, and notes who waits until they have gone."""
        self.xdms.behaviour = XdmsBehaviour(silent=True)
        self.assertRaises(NeverQuiet, self.ask)
        self.assertEqual((self.xdms.under_way, self.xdms.requests[0].status), (1, 0))
        self.network.cut("127.0.0.1", self.port)
        self.network.settle()
        self.assertEqual(self.xdms.under_way, 0)

    def test_endless(self) -> None:
        """A body does not end, until nobody reads it."""
        self.xdms.behaviour = XdmsBehaviour(endless=True)
        self.assertRaises(NeverQuiet, self.ask)
        self.assertEqual(self.xdms.under_way, 1)
        self.network.cut("127.0.0.1", self.port)
        self.network.settle()
        self.assertEqual(self.xdms.under_way, 0)

    def test_cut(self) -> None:
        """A body ends before its end."""
        self.xdms.behaviour = XdmsBehaviour(cut=True)
        self.assertRaises(ResponseFailed, self.ask)

    def test_down(self) -> None:
        """Once it is stopped nobody connects."""
        self.xdms.stop()
        self.assertRaises(ConnectionRefusedError, self.ask)
        self.assertEqual(self.xdms.requests, [])
