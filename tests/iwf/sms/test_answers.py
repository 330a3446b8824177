"""What SMS users say by response codes, and in words beside them (TS Table 5)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sessions.keywords import Said
from cpmgw.iwf.sms.answers import answer_of, is_acknowledgement, response_code
from cpmgw.policy import Policy
from cpmgw.policy.sms import SmsPolicy
from cpmgw.policy.texts import ENGLISH
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.tlv import Tag, Tlv, of_integer


def deliver(**details: Any) -> DeliverSm:
    """A deliver_sm with a response code of 1, in a user acknowledgement."""
    details.setdefault("esm_class", 0x10)
    details.setdefault("tlvs", (of_integer(Tag.USER_RESPONSE_CODE, 1),))
    return DeliverSm(**details)


class ResponseCodes(SynchronousTestCase):
    """user_response_code. [TS 6.2.2.1.3 deliver_sm 4]"""

    policy = Policy(sms=SmsPolicy(user_answer="response_code", accept_code=1))

    def test_code(self) -> None:
        """The code that accepts does; every other one rejects."""
        for code, meaning in ((1, Said.ACCEPT), (0, Said.REJECT), (255, Said.REJECT)):
            pdu = deliver(tlvs=(of_integer(Tag.USER_RESPONSE_CODE, code),))
            self.assertIs(answer_of(pdu, "", ENGLISH, self.policy), meaning, code)

    def test_code_goes_before_text(self) -> None:
        """A code beside a text is the answer."""
        self.assertIs(answer_of(deliver(), "no", ENGLISH, self.policy), Said.ACCEPT)

    def test_text_without_a_code(self) -> None:
        """A text answers where a handset sends no code."""
        pdu = deliver(tlvs=())
        self.assertIs(answer_of(pdu, "no", ENGLISH, self.policy), Said.REJECT)
        self.assertIs(answer_of(pdu, "hi", ENGLISH, self.policy), Said.NOTHING)

    def test_only_by_policy(self) -> None:
        """Where texts answer, a code says nothing."""
        self.assertIs(answer_of(deliver(), "", ENGLISH, Policy()), Said.NOTHING)
        self.assertIs(answer_of(deliver(), "no", ENGLISH, Policy()), Said.REJECT)

    def test_in_which_messages(self) -> None:
        """A code counts in an acknowledgement and in a plain message, not in reports.

        (SMPP 3.4 5.2.12.)
        """
        for esm_class, expected in (
            (0x10, 1),
            (0x00, 1),
            (0x50, 1),
            (0x04, None),
            (0x08, None),
            (0x18, None),
            (0x20, None),
        ):
            found = response_code(deliver(esm_class=esm_class))
            self.assertEqual(found, expected, hex(esm_class))

    def test_malformed(self) -> None:
        """A code of no octet, or of too many, is none."""
        for value in (b"", b"\0\0\0\0\1"):
            pdu = deliver(tlvs=(Tlv(Tag.USER_RESPONSE_CODE, value),))
            self.assertIsNone(response_code(pdu))

    def test_data_sm(self) -> None:
        """data_sm carries it as well."""
        tlvs = (of_integer(Tag.USER_RESPONSE_CODE, 7),)
        self.assertEqual(response_code(DataSm(esm_class=0x10, tlvs=tlvs)), 7)

    def test_is_acknowledgement(self) -> None:
        """Only xx0100xx is a manual acknowledgement, whatever bits stand around."""
        for esm_class in (0x10, 0x13, 0x50, 0xD0):
            self.assertTrue(is_acknowledgement(DeliverSm(esm_class=esm_class)))
        for esm_class in (0x00, 0x04, 0x08, 0x18, 0x20):
            self.assertFalse(is_acknowledgement(DeliverSm(esm_class=esm_class)))
