"""Dialogs as both sides know them (RFC 3261 12)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.dialogs.dialog import MOST_OCTETS, MOST_ROUTES, Dialog, id_of
from cpmgw.sip.errors import SipError, SipSyntaxError
from cpmgw.sip.fields import MAX_CSEQ
from cpmgw.sip.message import Request, Response, respond
from tests.sip.messages import request

ROUTES = ("<sip:one.example;lr>", "<sip:two.example;lr;x=1>")
HERE, THERE = "<sip:here@127.0.0.1>", "<sip:there@127.0.0.1;method=BYE?Subject=x>"


def invite(*extra: str, contact: str = THERE, cseq: int = 7) -> Request:
    """An INVITE, over two proxies that stay on the route."""
    routes = [f"Record-Route: {each}" for each in ROUTES]
    fields = (*routes, f"Contact: {contact}", *extra)
    return request("INVITE", extra=fields, cseq=cseq)


def answer(
    to: Request, status: int = 200, contact: str = HERE, *extra: tuple[str, str]
) -> Response:
    """Its answer."""
    fields = (("Contact", contact), *extra)
    return respond(to, status, headers=fields, to_tag="bob")


class ServerSide(SynchronousTestCase):
    def setUp(self) -> None:
        self.first = invite()
        self.dialog = Dialog.of_server(self.first, answer(self.first))

    def test_state(self) -> None:
        """The route set is in the order of the request (12.1.1)."""
        self.assertEqual(self.dialog.id, ("call@example.com", "bob", "alice"))
        self.assertEqual(self.dialog.routes, ROUTES)
        self.assertEqual(str(self.dialog.target), "sip:there@127.0.0.1")
        self.assertEqual((self.dialog.local_cseq, self.dialog.remote_cseq), (0, 7))
        self.assertFalse(self.dialog.is_caller)

    def test_request(self) -> None:
        """From is our To, To their From; the numbers begin at 1 (12.2.1.1)."""
        bye = self.dialog.request("BYE", (("Reason", "SIP"),), b"x")
        self.assertEqual(str(bye.uri), "sip:there@127.0.0.1")
        self.assertEqual(bye.headers.raw("From"), ["<sip:bob@example.net>;tag=bob"])
        self.assertEqual(bye.headers.raw("To"), ["<sip:alice@example.com>;tag=alice"])
        self.assertEqual(bye.headers.raw("Route"), list(ROUTES))
        self.assertEqual(bye.headers.raw("CSeq"), ["1 BYE"])
        self.assertEqual((bye.headers.raw("Reason"), bye.body), (["SIP"], b"x"))
        self.assertEqual(self.dialog.request("INFO").cseq.number, 2)

    def test_order(self) -> None:
        """What comes must be numbered higher than what came (12.2.2)."""
        found = [self.dialog.in_order(request(cseq=each)) for each in (7, 6, 8, 8, 20)]
        self.assertEqual(found, [False, False, True, False, True])

    def test_name_of_a_request(self) -> None:
        """A request is of the dialog that its Call-ID and both tags name."""
        came = request("BYE", to_tag="bob")
        self.assertEqual(id_of(came), self.dialog.id)


class ClientSide(SynchronousTestCase):
    def setUp(self) -> None:
        self.first = invite(contact=HERE)
        self.dialog = Dialog.of_client(
            self.first, answer(self.first, contact="<sip:bob@127.0.0.2>")
        )

    def test_state(self) -> None:
        """The route set is the other way round (12.1.2)."""
        self.assertEqual(self.dialog.id, ("call@example.com", "alice", "bob"))
        self.assertEqual(self.dialog.routes, ROUTES[::-1])
        self.assertEqual(str(self.dialog.target), "sip:bob@127.0.0.2")
        self.assertEqual((self.dialog.local_cseq, self.dialog.remote_cseq), (7, -1))
        self.assertTrue(self.dialog.is_caller)

    def test_ack(self) -> None:
        """The ACK has the number of its INVITE, and takes none (13.2.2.4)."""
        ack = self.dialog.ack(7)
        self.assertEqual(ack.headers.raw("CSeq"), ["7 ACK"])
        self.assertEqual(self.dialog.request("BYE").cseq.number, 8)

    def test_raised_number(self) -> None:
        """A number that credentials have raised is not used again (22.2)."""
        sent = self.dialog.request("INVITE")
        raised = respond(sent, 200)
        headers = raised.headers.with_replaced("CSeq", "10 INVITE")
        self.dialog.answered(raised.replace(headers=headers))
        self.assertEqual(self.dialog.request("BYE").cseq.number, 11)

    def test_first_number_that_comes(self) -> None:
        """Any number may be the peer's first."""
        self.assertTrue(self.dialog.in_order(request(cseq=0)))
        self.assertFalse(self.dialog.in_order(request(cseq=0)))

    def test_no_number_left(self) -> None:
        """A dialog whose numbers are used up sends nothing more (8.1.1.5)."""
        self.dialog.local_cseq = MAX_CSEQ - 1
        self.assertEqual(self.dialog.request("BYE").cseq.number, MAX_CSEQ)
        self.assertRaises(SipError, self.dialog.request, "BYE")

    def test_refresh(self) -> None:
        """Another Contact is where to send to; without a good one all stays (12.2)."""
        for contact, target in (
            ("<sip:new@127.0.0.3>", "sip:new@127.0.0.3"),
            ("<tel:+1>", "sip:new@127.0.0.3"),
            ("<sip:a@b>, <sip:c@d>", "sip:new@127.0.0.3"),
            (f"<sip:{'x' * MOST_OCTETS}@b>", "sip:new@127.0.0.3"),
        ):
            self.dialog.refresh_target(invite(contact=contact))
            self.assertEqual(str(self.dialog.target), target)
        self.dialog.refresh_target(request("INVITE"))
        self.assertEqual(str(self.dialog.target), "sip:new@127.0.0.3")


class Limits(SynchronousTestCase):
    def make(self, first: Request) -> Dialog:
        return Dialog.of_server(first, answer(first))

    def refused(self, first: Request) -> None:
        self.assertRaises(SipSyntaxError, self.make, first)

    def test_contacts(self) -> None:
        """There is one Contact, and it is a SIP URI (12.1.1)."""
        for contact in ("<tel:+1>", "<mailto:a@b>", "<sip:a@b>, <sip:c@d>", "*"):
            self.refused(invite(contact=contact))
        self.refused(request("INVITE"))

    def test_routes(self) -> None:
        """A route set has so many entries and no more."""
        more = ["Record-Route: <sip:p;lr>"] * (MOST_ROUTES - 2)
        self.assertEqual(len(self.make(invite(*more)).routes), MOST_ROUTES)
        self.refused(invite(*more, "Record-Route: <sip:p;lr>"))

    def test_octets(self) -> None:
        """What is kept of a peer has a limit, wherever he puts it."""
        kept = sum(
            len(value)
            for name in ("From", "To", "Call-ID", "Contact", "Record-Route")
            for value in invite().headers.raw(name)
        )
        room = MOST_OCTETS - kept - len("<sip:;lr>")
        self.make(invite(f"Record-Route: <sip:{'x' * room};lr>"))
        self.refused(invite(f"Record-Route: <sip:{'x' * (room + 1)};lr>"))
