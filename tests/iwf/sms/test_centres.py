"""Which SM-SC a number goes to (TS 6.2.2), and what its segments are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.config import SmscConfig, SmscText
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ISmsCentre
from cpmgw.iwf.sms.centres import Centre, Centres, References
from cpmgw.policy import Policy
from tests.addressing.plans import e164, short
from txsmpp.pdu import Pdu, Response
from txsmpp.text.message_id import IdForm
from txsmpp.text.policy import TextPolicy

ALICE = e164("+15145550001")
SERVICE = short("611")


@implementer(ISmsCentre)
class Link:
    """An ISmsCentre that is bound or not."""

    def __init__(self, name: str, bound: bool = True) -> None:
        self.name = name
        self.bound = bound

    def submit(self, request: Pdu) -> Deferred[Response]:
        """Take it, and never answer."""
        return Deferred()


def centre(name: str, *prefixes: str, bound: bool = True, **more: Any) -> Centre:
    """An SM-SC for these prefixes."""
    config = SmscConfig(
        name=name, host="127.0.0.1", system_id="x", prefixes=prefixes, **more
    )
    return Centre(Link(name, bound), config)


class Routing(SynchronousTestCase):
    def chosen(self, number: str, *centres: Centre) -> str:
        """The name of the one that is chosen."""
        return Centres(centres, Policy).towards(e164(number)).name

    def test_longest_prefix(self) -> None:
        """The longest matching prefix counts, in whatever order they stand."""
        both = centre("world"), centre("uk", "+44"), centre("london", "+4420", "+33")
        for centres in (both, both[::-1]):
            self.assertEqual(self.chosen("+442012345678", *centres), "london")
            self.assertEqual(self.chosen("+447700900001", *centres), "uk")
            self.assertEqual(self.chosen("+33123456789", *centres), "london")
            self.assertEqual(self.chosen("+15145550001", *centres), "world")

    def test_only_what_is_bound(self) -> None:
        """One that is not bound leaves its numbers to the next shorter prefix."""
        away = centre("uk", "+44", bound=False)
        self.assertEqual(self.chosen("+447700900001", away, centre("world")), "world")

    def test_same_prefix(self) -> None:
        """Of equal prefixes the first that is bound, as they are configured."""
        one, two = centre("one", "+1"), centre("two", "+1")
        self.assertEqual(self.chosen("+15145550001", one, two), "one")
        away = centre("one", "+1", bound=False)
        self.assertEqual(self.chosen("+15145550001", away, two), "two")

    def test_none_is_bound(self) -> None:
        """503 with Retry-After where those that serve it are away (note 2)."""
        centres = Centres([centre("one", bound=False)], lambda: Policy(retry_after=7))
        refusal = self.assertRaises(CannotInterwork, centres.towards, ALICE)
        self.assertEqual(refusal.status, 503)
        self.assertEqual(refusal.headers, (("Retry-After", "7"),))

    def test_none_serves_it(self) -> None:
        """404 where no prefix matches."""
        centres = Centres([centre("uk", "+44")], Policy)
        refusal = self.assertRaises(CannotInterwork, centres.towards, ALICE)
        self.assertEqual((refusal.status, refusal.warning_code), (404, 129))

    def test_short_number(self) -> None:
        """A short number has no prefix: it goes to who serves all numbers, if bound."""
        some = centre("some", "+1"), centre("uk", "+44")
        every = centre("every")
        self.assertIs(Centres([*some, every], Policy).towards(SERVICE), every)
        away = centre("every", bound=False)
        self.assertIs(Centres([*some, away], Policy).towards(SERVICE), some[0])
        listens = centre("listens", bind="receiver")
        self.assertIs(Centres([listens, *some], Policy).towards(SERVICE), some[0])

    def test_short_number_and_nobody(self) -> None:
        """503 where those that send are away, 404 where none of them sends."""
        for only, status in (
            (centre("uk", "+44", bound=False), 503),
            (centre("uk", "+44", bind="receiver"), 404),
        ):
            centres = Centres([only], Policy)
            refusal = self.assertRaises(CannotInterwork, centres.towards, SERVICE)
            self.assertEqual(refusal.status, status)

    def test_named(self) -> None:
        """By name; one that is gone is read as the first one would be."""
        one, two = centre("one"), centre("two")
        centres = Centres([one, two], Policy)
        self.assertIs(centres.named("two"), two)
        self.assertIs(centres.named("gone"), one)

    def test_replaced(self) -> None:
        """Others take the numbers; one that was there is still known, but not used."""
        one, two = centre("one"), centre("two", "+44")
        centres = Centres([one], Policy)
        centres.replace([two])
        self.assertIs(centres.named("one"), one)
        self.assertIs(centres.named("never"), two)
        self.assertRaises(CannotInterwork, centres.towards, ALICE)
        self.assertIsNone(centres.link_to("one"))
        self.assertIs(centres.link_to("two"), two.link)
        again = centre("one")
        centres.replace([two, again])
        self.assertIs(centres.named("one"), again)
        self.assertIs(centres.towards(ALICE), again)


class Segments(SynchronousTestCase):
    def test_one(self) -> None:
        """A short text is one segment."""
        (segment,) = centre("one").segments("Hello", References(0))
        self.assertEqual(segment.payload, b"Hello")

    def test_too_long(self) -> None:
        """More segments than policy allows: 413."""
        small = centre("one", text=SmscText(max_segments=2))
        self.assertEqual(len(small.segments("x" * 306, References(0))), 2)
        refusal = self.assertRaises(
            CannotInterwork, small.segments, "x" * 307, References(0)
        )
        self.assertEqual((refusal.status, refusal.warning_code), (413, 133))

    def test_each_message_has_its_reference(self) -> None:
        """Segments of a message share a reference; the next has another."""
        references = References(7)
        one = centre("one").segments("x" * 200, references)
        two = centre("one").segments("x" * 200, references)
        self.assertEqual({each.reference for each in one}, {7})
        self.assertEqual({each.reference for each in two}, {8})

    def test_references_wrap(self) -> None:
        """References have 16 bits."""
        references = References(0x1FFFF)
        self.assertEqual([references.take() for _ in range(2)], [0xFFFF, 0])


class Identifiers(SynchronousTestCase):
    @settings(deadline=None, max_examples=100)
    @given(some.integers(1, 2**32))
    def test_forms(self, number: int) -> None:
        """An id written as hex is found by its decimal form, as policy says."""
        forms = {
            (IdForm.HEX, IdForm.DECIMAL): (f"{number:X}", str(number)),
            (IdForm.DECIMAL, IdForm.HEX): (str(number), f"{number:x}"),
            (IdForm.STRIPPED, IdForm.STRIPPED): (str(number), f"{number:010d}"),
            (IdForm.LOOSE, IdForm.LOOSE): (f"{number:x}", f"{number:010d}"),
        }
        for (response, receipt), (given_id, reported) in forms.items():
            each = centre("one", response_id=response, receipt_id=receipt)
            self.assertIn(each.response_id(given_id), each.receipt_ids(reported))

    def test_policy_is_the_text_policy(self) -> None:
        """[smsc.text] is what texts are encoded by."""
        self.assertIsInstance(centre("one").config.text, TextPolicy)
