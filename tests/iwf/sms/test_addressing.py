"""Between whom a short message goes (TS 6.2.2.2.1 step 1, Table 9)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.interfaces import IDirectory
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sip_uris import sip_uris_of
from cpmgw.iwf.sms.addressing import NotAddressed, ends_of, mobile_of
from cpmgw.sip.uri import SipUri
from tests.addressing.plans import e164, name, plan, short, sip
from tests.iwf.sms.test_centres import centre
from txsmpp.pdu import AlertNotification, DeliverSm
from txsmpp.status import CommandStatus

ALICE, BOB = e164("+15145550001"), e164("+15145550002")
HERE = plan(country="CA", short_numbers=["611"], short_senders=True, alphanumeric="sip")


def deliver_sm(
    source: tuple[int, int, str] = (1, 1, "15145550002"),
    target: tuple[int, int, str] = (1, 1, "15145550001"),
) -> DeliverSm:
    """A short message between two addresses."""
    return DeliverSm(
        source_addr_ton=source[0],
        source_addr_npi=source[1],
        source_addr=source[2],
        dest_addr_ton=target[0],
        dest_addr_npi=target[1],
        destination_addr=target[2],
    )


class EndsOfAShortMessage(SynchronousTestCase):
    def ends(self, pdu: DeliverSm, using: DialPlan = HERE, **config: Any) -> Ends:
        """Both ends, at an SM-SC with this configuration."""
        return ends_of(centre("home", **config), pdu, using)

    def test_sender(self) -> None:
        """Numbers, short numbers and names, as the dial plan takes them."""
        for source, expected in (
            ((1, 1, "15145550002"), BOB),
            ((2, 1, "5145550002"), BOB),
            ((0, 1, "+15145550002"), BOB),
            ((3, 0, "611"), short("611")),
            ((5, 0, "SHOP"), name("SHOP")),
        ):
            with self.subTest(source=source):
                self.assertEqual(self.ends(deliver_sm(source)).originator, expected)

    def test_target(self) -> None:
        """Numbers, and short numbers that are listed."""
        for target, expected in (((2, 1, "5145550001"), ALICE), ((3, 0, "611"), "611")):
            found = self.ends(deliver_sm(target=target)).target
            self.assertIn(expected, (found, found.text))

    def test_step_1_sender_without_address(self) -> None:
        """1. Otherwise it is refused for good: 0x65."""
        for source in ((5, 0, "SHOP"), (3, 0, "611"), (0, 0, "15145550002")):
            with self.subTest(source=source):
                error = self.assertRaises(
                    NotAddressed, self.ends, deliver_sm(source), plan()
                )
                self.assertEqual(error.command_status, CommandStatus.ESME_RX_P_APPN)

    def test_target_without_address(self) -> None:
        """Nor are there users behind names, emergency numbers and others."""
        for target in ((5, 0, "SHOP"), (3, 0, "911"), (3, 0, "4711"), (1, 1, "")):
            with self.subTest(target=target):
                pdu = deliver_sm(target=target)
                error = self.assertRaises(NotAddressed, self.ends, pdu)
                self.assertEqual(error.command_status, CommandStatus.ESME_RINVDSTADR)

    def test_unknown_ton(self) -> None:
        """International without a type of number, where the SM-SC does so."""
        pdu = deliver_sm((0, 0, "15145550002"), (0, 0, "15145550001"))
        found = self.ends(pdu, plan(), unknown_ton="international")
        self.assertEqual(found, Ends(BOB, ALICE))


class MobileOfAnAlert(SynchronousTestCase):
    def test_mobile(self) -> None:
        """Numbers and short numbers that can be sent to, and no others."""
        for source, found in (
            ((1, 1, "15145550002"), BOB),
            ((2, 1, "5145550002"), BOB),
            ((3, 0, "611"), short("611")),
            ((5, 0, "SHOP"), None),
            ((3, 0, "911"), None),
            ((1, 1, ""), None),
        ):
            with self.subTest(source=source):
                pdu = AlertNotification(*source)
                self.assertEqual(mobile_of(centre("home"), pdu, HERE), found)

    def test_unknown_ton(self) -> None:
        """International without a type of number, where the SM-SC does so."""
        home = centre("home", unknown_ton="international")
        pdu = AlertNotification(0, 0, "15145550002")
        self.assertEqual(mobile_of(home, pdu, plan()), BOB)


@implementer(IDirectory)
class Held:
    """A directory that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: dict[str, Deferred[SipUri | None]] = {}

    def sip_uri(self, number: str) -> Deferred[SipUri | None]:
        """Wait."""
        turn = self.asked[number] = Deferred()
        return turn


@implementer(IDirectory)
class Empty:
    """A directory that knows nobody, and says so."""

    def sip_uri(self, number: str) -> Deferred[SipUri | None]:
        """None, for a number."""
        assert number.startswith("+")
        return succeed(None)


class SipUris(SynchronousTestCase):
    def test_both_are_asked_for_at_once(self) -> None:
        """The one that is slow does not keep the other from being asked for."""
        held, bob = Held(), sip("sip:bob@example.net")
        found = Deferred.fromCoroutine(sip_uris_of(Ends(BOB, ALICE), held))
        self.assertEqual(list(held.asked), [BOB.text, ALICE.text])
        held.asked[ALICE.text].callback(None)
        self.assertNoResult(found)
        held.asked[BOB.text].callback(bob)
        self.assertEqual(self.successResultOf(found), (bob, None))

    def test_only_numbers_are_asked_for(self) -> None:
        """Short numbers and names are nobody's in a directory."""
        ends = Ends(name("SHOP"), short("611"))
        found = Deferred.fromCoroutine(sip_uris_of(ends, Empty()))
        self.assertEqual(self.successResultOf(found), (None, None))
