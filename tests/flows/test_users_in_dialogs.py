"""TS 5.1 step 14 for users who authenticate: they have their dialogs, and no others."""

from __future__ import annotations

from cpmgw.config import Config, loads
from cpmgw.sip.credentials import parse_challenge
from cpmgw.sip.digest import Account, answer
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, Response, originate
from cpmgw.sip.uri import parse_uri
from tests.flows.dialog import invite, within
from tests.flows.house import ALICE, BOB, config_text
from tests.flows.outsider import Outsider
from tests.flows.remote import MMS, Remote

STRANGER = "tel:+447700900001"
USER = """
[[sip.users]]
username = "pf"
password = "open sesame"
numbers = ["+1514555"]

[[smsc]]"""


class Users(Remote):
    policy = """
[[policy.selection.targets]]
prefix = "+15145550003"
services = []
"""

    def setUp(self) -> None:
        super().setUp()
        self.stranger = Outsider(self.network, "192.0.2.9")

    def config(self) -> Config:
        """The usual configuration, a user, and one whom nothing may reach."""
        text = config_text(self.state, more=MMS, policy=self.policy)
        return loads(text.replace("[[smsc]]", USER, 1))

    def octets(self, request: Request) -> None:
        """Send a request in a transaction of its own."""
        self.stranger.ask(request)
        self.settle()

    def ask(self, request: Request) -> tuple[Request, Response]:
        """Send it, be challenged, and send it again; the last answer."""
        self.octets(request)
        challenge = next(
            each
            for value in self.stranger.answers[-1].headers.raw("WWW-Authenticate")
            if (each := parse_challenge(value)) and each.algorithm == "MD5"
        )
        account = Account("pf", "open sesame")
        uri, method = str(request.uri), request.method
        credentials = answer(challenge, account, method=method, uri=uri, cnonce="c")
        headers = request.headers.with_added("Authorization", str(credentials))
        again = request.replace(
            headers=headers.with_replaced(
                "CSeq", f"{request.cseq.number + 1} {request.method}"
            )
        )
        self.octets(again)
        return again, self.stranger.answers[-1]

    def invited(self) -> tuple[Request, Response]:
        """An INVITE of theirs, and its 200."""
        first = invite(ALICE, BOB, contact="<sip:pf@192.0.2.9:5999>")
        return self.ask(
            first.replace(headers=first.headers.without("P-Asserted-Identity"))
        )

    def test_session(self) -> None:
        """INVITE, ACK and BYE pass; the ACK, which cannot be challenged, too."""
        first, answered = self.invited()
        self.assertEqual(answered.status, 200)
        self.octets(within("ACK", first, answered, first.cseq.number))
        self.assertEqual(len(self.iwf.acknowledged), 1)
        _, ended = self.ask(within("BYE", first, answered, first.cseq.number + 1))
        self.assertEqual((ended.status, self.iwf.last.method), (200, "BYE"))

    def test_credentials_stay_here(self) -> None:
        """The IWF is not told what was said to us."""
        self.invited()
        self.assertEqual(self.iwf.last.headers.raw("Authorization"), [])

    def test_dialog_that_is_none(self) -> None:
        """A route that we have not made takes nobody anywhere: 481."""
        for method in ("MESSAGE", "INVITE", "REFER"):
            request = originate(
                method,
                parse_uri("sip:bob@127.0.0.1:5070"),
                from_=NameAddr(parse_uri("tel:+447700900001")).with_parameter(
                    "tag", "x"
                ),
                to=NameAddr(parse_uri(BOB)).with_parameter("tag", "y"),
                call_id=f"made-up-{method}",
                headers=[("Route", "<sip:127.0.0.1:5060;lr;iwf=mms>")],
            )
            _, refused = self.ask(request)
            self.assertEqual(refused.status, 481)
        self.assertEqual((self.iwf.received, self.at_core), ([], []))

    def test_what_it_may_not_assert(self) -> None:
        """Within a dialog as outside: P-Served-User of a user is not passed on."""
        first, answered = self.invited()
        info = within("INFO", first, answered, first.cseq.number + 1)
        headers = info.headers.with_added("P-Served-User", "<sip:victim@example.net>")
        _, taken = self.ask(info.replace(headers=headers))
        self.assertEqual(taken.status, 200)
        self.assertEqual(self.iwf.last.headers.raw("P-Served-User"), [])

    def test_network_of_its_choice(self) -> None:
        """5.1 step 2: "orig" in a Route of theirs does not make it originating."""
        carol = "tel:+15145550003"
        first = invite(ALICE, carol, contact="<sip:pf@192.0.2.9:5999>")
        headers = first.headers.without("P-Asserted-Identity").with_added(
            "Route", "<sip:127.0.0.1:5060;lr;orig>"
        )
        _, refused = self.ask(first.replace(headers=headers))
        self.assertEqual((refused.status, self.iwf.received), (488, []))


class Ours(Remote):
    def test_route_of_the_core(self) -> None:
        """5.1 step 10: the rest of the route that led here is not the IWF's."""
        first = invite(ALICE, BOB)
        headers = first.headers.with_added("Route", "<sip:127.0.0.1:5060;lr>")
        headers = headers.with_added("Route", "<sip:scscf.ims.example.net;lr;odi=1>")
        self.assertEqual(self.answer(first.replace(headers=headers)).status, 200)
        self.assertEqual(self.iwf.last.headers.raw("Route"), [])

    def test_retry_after_of_an_iwf(self) -> None:
        """The core is not told to stay away from us because one IWF is in trouble."""

        def answer(incoming: object) -> Response:
            response = self.iwf.response(self.iwf.last, 503)
            headers = response.headers.with_added("Retry-After", "600")
            return response.replace(headers=headers)

        self.iwf.answer = answer
        response = self.answer(invite(ALICE, BOB))
        self.assertEqual(response.status, 503)
        self.assertNotIn("Retry-After", response.headers)
