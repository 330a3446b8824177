"""What our Record-Route says of a dialog, and nobody else can say (TS 5.1 step 14)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.hops import Hops
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.sip.uri import SipUri
from tests.isf.services import Iwf, pager_only

CALL = "call-1@example.net"


def route(tokens: RouteTokens, iwf: str = "mms", call_id: str = CALL) -> SipUri:
    """Our Record-Route."""
    parameters = (("lr", None), *tokens.parameters(iwf, call_id))
    return SipUri("sip", None, "127.0.0.1", parameters=parameters)


class Tokens(SynchronousTestCase):
    def setUp(self) -> None:
        self.tokens = RouteTokens(b"k" * 32)

    def test_read_back(self) -> None:
        """What was said is read back, and so it is by another process with the key."""
        ours = route(self.tokens)
        self.assertEqual(self.tokens.iwf_of([ours], CALL), "mms")
        self.assertEqual(RouteTokens(b"k" * 32).iwf_of([ours, ours], CALL), "mms")

    def test_made_up(self) -> None:
        """Another call, IWF or key, no signature, or a wrong one: nobody's."""
        ours = route(self.tokens)
        other = ours.with_parameter("iwf", "sms")
        for routes in (
            [],
            [other],
            [ours.without_parameter("sig")],
            [ours.without_parameter("iwf")],
            [ours.with_parameter("sig", "0" * 24)],
            [ours.with_parameter("sig", "%C3%A9")],
            [route(RouteTokens(b"x" * 32))],
        ):
            self.assertEqual(self.tokens.iwf_of(routes, CALL), "")
        self.assertEqual(self.tokens.iwf_of([ours], "call-2@example.net"), "")

    def test_without_a_key(self) -> None:
        """Before there is a key nothing is believed."""
        nobody = RouteTokens()
        self.assertEqual(nobody.iwf_of([route(nobody)], CALL), "")


class KnownHops(SynchronousTestCase):
    def test_replaced(self) -> None:
        """An IWF that is chosen no more is still known for its dialogs."""
        first, second = Iwf(pager_only("MMS")), Iwf(pager_only("SMS"))
        hops = Hops([first])
        hops.replace([second])
        self.assertEqual([each.name for each in hops.capabilities], ["SMS"])
        self.assertIs(hops.named("MMS"), first)
        self.assertIsNone(hops.named("email"))
