"""Originators by the kind of their address (TS 5.1 step 3, RCC.10 4)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.dialplan import AddressKind
from cpmgw.isf.findings import Selection
from cpmgw.isf.function import may_speak
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known, select
from cpmgw.iwf.capabilities import Kind
from cpmgw.policy import SelectionPolicy
from tests.isf.requests import EMAIL, MMS, RCS, SMS, policy, request

NUMBER = request()
SHORT = request(originator="611", originator_kind=AddressKind.SHORT)
NAME = request(originator="+1 BANK", originator_kind=AddressKind.NAME)
NOBODY = request(originator="")


class Policy(SynchronousTestCase):
    """`originators`: whose messages are interworked."""

    def chosen(self, asked: CpmRequest, by: SelectionPolicy) -> Selection:
        """What is chosen of SMS and MMS."""
        return select(asked, (SMS, MMS), by, Known(), 5)

    def test_step_3_every_kind(self) -> None:
        """3. An address of any kind is one. [TS 5.1 step 3]"""
        for asked in (NUMBER, SHORT, NAME):
            with self.subTest(asked=asked):
                self.assertEqual(self.chosen(asked, policy()).chosen, "SMS")

    def test_step_3_only_some(self) -> None:
        """3. Each kind that policy does not list is refused: 488. [TS 5.1 step 3]"""
        for listed, taken in (
            (("e164",), NUMBER),
            (("short",), SHORT),
            (("name",), NAME),
        ):
            for asked in (NUMBER, SHORT, NAME):
                with self.subTest(listed=listed, asked=asked):
                    found = self.chosen(asked, policy(originators=listed))
                    if asked is taken:
                        self.assertEqual(found.chosen, "SMS")
                        continue
                    self.assertEqual(
                        (found.refusal.status, found.refusal.cause),
                        (488, "originator-not-allowed"),
                    )

    def test_rcs(self) -> None:
        """RCS interworks only who has an E.164 address. [RCC.10 4 unsupported 8]"""
        self.assertEqual(self.chosen(NUMBER, RCS).chosen, "SMS")
        for asked in (SHORT, NAME, NOBODY):
            with self.subTest(asked=asked):
                self.assertEqual(self.chosen(asked, RCS).refusal.status, 488)

    def test_address_that_is_given(self) -> None:
        """3. Who is given an address needs none, of any kind. [TS 5.1 step 3]"""
        only = policy(originators=("e164",))
        found = select(SHORT, (EMAIL,), only, Known(), 5)
        self.assertEqual(found.chosen, "email")
        group = request(
            kind=Kind.GROUP, originator="611", originator_kind=AddressKind.SHORT
        )
        pool = Known(numbered=frozenset({"sms"}))
        self.assertEqual(select(group, (SMS,), only, pool, 5).chosen, "SMS")


class Speaking(SynchronousTestCase):
    """For whom a peer may speak (conversation TS 6.1)."""

    def test_anybody(self) -> None:
        """A trusted peer speaks for everybody."""
        for asked in (NUMBER, SHORT, NAME, NOBODY):
            self.assertTrue(may_speak(asked, ("",)))

    def test_numbers(self) -> None:
        """Others speak for numbers that begin so: a name is none, whatever it is."""
        for senders, expected in (
            (("+1",), True),
            (("+44", "+15145550001"), True),
            (("+44",), False),
            ((), False),
        ):
            self.assertIs(may_speak(NUMBER, senders), expected)
            for asked in (SHORT, NAME, NOBODY):
                self.assertFalse(may_speak(asked, senders))
