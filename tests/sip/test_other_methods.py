"""What serves, within a dialog, the methods without a handler (RFC 3261 16.3)."""

from __future__ import annotations

from cpmgw.sip.digest import Account
from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.message import Response, respond
from cpmgw.sip.uas import OTHERS, Served
from tests.sip.endpoints import HOST, EndpointTestCase
from tests.sip.messages import request, request_octets
from tests.sip.proxies import InviteTestCase, within


class OthersTestCase(EndpointTestCase):
    """An endpoint with "*" for dialogs, and a handler of MESSAGE and INFO."""

    def setUp(self) -> None:
        super().setUp()
        self.peer = self.stub(5071)
        self.others: list[Incoming] = []
        self.count = 0

    def serve(self, *, proxied: bool = True, **options: object) -> Endpoint:
        endpoint = self.endpoint(**options)  # type: ignore[arg-type]
        endpoint.serve("*", self.other, in_dialog=True, proxied=proxied)
        endpoint.serve("MESSAGE", self.accept)
        endpoint.serve("INFO", self.accept, in_dialog=True, proxied=proxied)
        return endpoint

    async def other(self, incoming: Incoming) -> Response:
        self.others.append(incoming)
        return respond(incoming.request, 299)

    def ask(self, method: str, to_tag: str = "b", *extra: str) -> Response:
        self.count += 1
        octets = request_octets(
            method,
            to_tag=to_tag,
            branch=f"z9hG4bK{self.count}",
            cseq=self.count,
            extra=extra,
        )
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()
        response = self.peer.messages()[-1]
        assert isinstance(response, Response)
        return response


class OtherTests(OthersTestCase):
    def test_in_a_dialog(self) -> None:
        """OPTIONS, methods that have no handler and unknown ones go to it."""
        self.serve()
        for method in ("OPTIONS", "PUBLISH", "FOO", "*", "foo"):
            self.assertEqual(299, self.ask(method).status)
            self.assertEqual(method, self.others[-1].request.method)
        self.assertEqual([], self.refused)

    def test_outside(self) -> None:
        """Without a To tag they are answered as if it were not there."""
        self.serve()
        for method, status in (("OPTIONS", 200), ("PUBLISH", 405), ("*", 405)):
            response = self.ask(method, "")
            self.assertEqual(status, response.status)
            allow = response.headers.raw("Allow")
            self.assertEqual(["INFO, MESSAGE, OPTIONS"], allow)
        self.assertEqual([], self.others)

    def test_not_served(self) -> None:
        """Without it a dialog is unknown for OPTIONS, and another method a 405."""
        self.endpoint().serve("MESSAGE", self.accept)
        self.assertEqual(481, self.ask("OPTIONS").status)
        self.assertEqual(405, self.ask("FOO").status)

    def test_handler_of_its_own(self) -> None:
        """Who has a handler goes there, or is a 481 where that takes no dialogs."""
        endpoint = self.serve()
        self.assertEqual(202, self.ask("INFO").status)
        self.assertEqual(481, self.ask("MESSAGE").status)
        endpoint.serve("OPTIONS", self.accept, in_dialog=True)
        self.assertEqual(202, self.ask("OPTIONS").status)
        self.assertEqual([], self.others)

    def test_checks_of_a_proxy(self) -> None:
        """Proxied they are checked as a proxy does, otherwise as a server does."""
        self.serve()
        self.assertEqual(299, self.ask("FOO", "b", "Require: x").status)
        self.assertEqual(420, self.ask("FOO", "b", "Proxy-Require: x").status)
        self.assertEqual(483, self.ask("OPTIONS", "b", "Max-Forwards: 0").status)

    def test_checks_of_a_server(self) -> None:
        """Not proxied they are checked as what is served here."""
        self.serve(proxied=False)
        self.assertEqual(420, self.ask("FOO", "b", "Require: x").status)
        self.assertEqual(299, self.ask("FOO", "b", "Proxy-Require: x").status)
        self.assertEqual(415, self.ask("FOO", "b", "Content-Encoding: br").status)

    def test_strangers(self) -> None:
        """Who is not trusted is challenged, as for any other method."""
        users = (Account("alice", "word"),)
        self.serve(trusted=(), users=users, realm="r")
        self.assertEqual(401, self.ask("FOO").status)
        self.assertEqual([], self.others)

    def test_ack_and_cancel(self) -> None:
        """ACK and CANCEL are none of them."""
        self.serve()
        self.peer.transport.write(request_octets("ACK", to_tag="b"), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([], self.peer.received)
        self.assertEqual(481, self.ask("CANCEL").status)
        self.assertEqual([], self.others)

    def test_outside_of_dialogs(self) -> None:
        """It cannot be served outside of dialogs."""
        endpoint = self.endpoint()
        for options in ({}, {"proxied": True}):
            self.assertRaises(ValueError, endpoint.serve, "*", self.other, **options)

    def test_names(self) -> None:
        """What each request is served as."""
        both = frozenset({"INFO", OTHERS})
        served = Served(frozenset({"INFO", "MESSAGE"}), both, both)
        without = Served(served.methods, frozenset({"INFO"}))
        for method, tag, name in (
            ("INFO", "b", "INFO"),
            ("MESSAGE", "b", "MESSAGE"),
            ("FOO", "b", OTHERS),
            ("FOO", "", "FOO"),
            ("OPTIONS", "b", OTHERS),
            ("OPTIONS", "", "OPTIONS"),
            ("*", "b", OTHERS),
            ("*", "", ""),
        ):
            asked = request(method, to_tag=tag)
            self.assertEqual(name, served.name_of(asked))
            self.assertEqual(method, without.name_of(asked))


class RelayedTests(InviteTestCase):
    def test_each(self) -> None:
        """What the peers of a dialog say goes through, whatever it is."""
        self.server()
        self.middle_endpoint.serve("*", self.proxied, in_dialog=True, proxied=True)
        far = self.endpoints[-1]
        answer = self.invite()
        self.answer(200)
        response = self.successResultOf(answer)
        for cseq, method in enumerate(("OPTIONS", "PUBLISH", "FOO"), 2):
            far.serve(method, self.accept, in_dialog=True)
            asked = self.near.request(within(method, response, cseq=cseq))
            self.assertEqual(202, self.result(asked).status)
            self.assertEqual(method, self.handled[-1].request.method)
            self.assertEqual(2, len(self.handled[-1].request.vias))
