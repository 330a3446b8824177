"""Tests of cpmgw.addressing.dialplan: SMPP addresses (SMPP 3.4 5.2.5, 5.2.6)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.addressing.plans import e164, name, plan, short

BANK = {"name": "BANK", "uri": "sip:bank@example.net", "display": "My Bank"}


class Writing(SynchronousTestCase):
    """TS Table 1 source_addr and destination_addr."""

    def test_number(self) -> None:
        """An E.164 number is international ISDN, without plus sign."""
        written = plan().to_smpp(e164("+15145550001"))
        self.assertEqual((1, 1, "15145550001"), written)

    def test_short(self) -> None:
        """A short number has the TON and NPI of the configuration."""
        self.assertEqual((3, 0, "611"), plan().to_smpp(short("611")))
        for ton in (0, 3, 6):
            for npi in (0, 1, 8, 9):
                chosen = plan(short_ton=ton, short_npi=npi, short_senders=True)
                written = chosen.to_smpp(short("611"))
                self.assertEqual((ton, npi, "611"), written)
                self.assertEqual(short("611"), chosen.smpp_originator(*written))

    def test_name(self) -> None:
        """A name is alphanumeric, of an unknown numbering plan."""
        self.assertEqual((5, 0, "BANK"), plan().to_smpp(name("BANK")))


class Reading(SynchronousTestCase):
    """TS Table 9 source_addr and destination_addr."""

    def test_international(self) -> None:
        """TON 1 is international with or without a plus sign, and never short."""
        for text in ("15145550001", "+15145550001", "1-514-555-0001"):
            found = plan().smpp_originator(1, 1, text)
            self.assertEqual(e164("+15145550001"), found)
        chosen = plan(short_senders=True, short_digits=[5])
        self.assertIs(None, chosen.smpp_originator(1, 1, "40404"))

    def test_plus_sign(self) -> None:
        """A plus sign is international in any TON that can have one."""
        for ton in (0, 2):
            found = plan().smpp_target(ton, 1, "+15145550001")
            self.assertEqual(e164("+15145550001"), found)
            self.assertIs(None, plan().smpp_target(ton, 1, "+611"))

    def test_national(self) -> None:
        """TON 2 is national, without rules and international prefix."""
        chosen = plan(
            country="CA",
            international_prefix="011",
            rules=[{"prefix": "", "add": "+1"}],
        )
        self.assertEqual(e164("+15145550001"), chosen.smpp_target(2, 1, "5145550001"))
        self.assertIs(None, chosen.smpp_target(2, 1, "01144207946001"))

    def test_unknown(self) -> None:
        """TON 0 is read as it would be dialled."""
        chosen = plan(
            country="CA",
            international_prefix="011",
            rules=[{"prefix": "7", "add": "+1514555", "digits": 4}],
        )
        for text, number in (
            ("5145550001", "+15145550001"),
            ("011442079460018", "+442079460018"),
            ("7001", "+15145557001"),
        ):
            self.assertEqual(e164(number), chosen.smpp_target(0, 1, text), text)

    def test_short_originator(self) -> None:
        """A short number may be an originator where short_senders says so."""
        for ton in (0, 2, 3, 4, 6):
            for npi in (0, 1, 8, 9):
                for allowed in (False, True):
                    chosen = plan(country="CA", short_senders=allowed)
                    found = chosen.smpp_originator(ton, npi, "40404")
                    self.assertEqual(short("40404") if allowed else None, found)

    def test_short_target(self) -> None:
        """A short number is a target where it is listed or of a length allowed."""
        chosen = plan(short_numbers=["40404"])
        self.assertEqual(short("40404"), chosen.smpp_target(3, 0, "40404"))
        self.assertIs(None, chosen.smpp_target(3, 0, "40405"))
        chosen = plan(short_digits=[5])
        self.assertEqual(short("40405"), chosen.smpp_target(3, 0, "40405"))

    def test_other_plans(self) -> None:
        """Numbering plans that are no telephone's give nothing."""
        chosen = plan(short_senders=True, short_digits=[5])
        for npi in (3, 4, 6, 10, 14, 18, 255):
            self.assertIs(None, chosen.address_from_smpp(0, npi, "40404"))
            self.assertIs(None, chosen.address_from_smpp(1, npi, "15145550001"))

    def test_refused_names(self) -> None:
        """A name that is not in the table is refused by default."""
        chosen = plan(names=[BANK])
        self.assertIs(None, chosen.smpp_originator(5, 0, "SHOP"))
        self.assertEqual(name("BANK"), chosen.smpp_originator(5, 0, "bank"))

    def test_names(self) -> None:
        """With "sip" it is itself; NPI does not matter, nor spaces around it."""
        chosen = plan(alphanumeric="sip", names=[BANK])
        for npi in (0, 1, 3):
            self.assertEqual(name("Shop"), chosen.smpp_originator(5, npi, " Shop "))
            self.assertEqual(name("BANK"), chosen.smpp_originator(5, npi, "Bank"))
        self.assertIs(None, chosen.smpp_target(5, 0, "Shop"))

    def test_bad_names(self) -> None:
        """No name too long, empty, with other characters, or like a number."""
        chosen = plan(alphanumeric="sip")
        for text in (
            "",
            " ",
            "A" * 12,
            "a\0",
            "Ünï",
            "+1514555000",
            "+1-514-555",
            "+1514555;a",
            "15145550001",
            "911",
            "9-1-1",
            "+1234",
            "*100#",
            "anonymous",
            "Anonymous",
        ):
            self.assertIs(None, chosen.smpp_originator(5, 0, text), text)

    def test_name_of_a_user(self) -> None:
        """A name may not pass for the user of another name."""
        user = {"name": "BANK", "uri": "sip:my-bank@ims.example.net"}
        chosen = plan(alphanumeric="sip", names=[user])
        self.assertIs(None, chosen.smpp_originator(5, 0, "my-bank"))
        self.assertEqual(name("My-Bank"), chosen.smpp_originator(5, 0, "My-Bank"))

    @settings(deadline=None, max_examples=150)
    @given(st.integers(0, 255), st.integers(0, 255), st.text(max_size=25))
    def test_any(self, ton: int, npi: int, text: str) -> None:
        """Whatever an SM-SC says, it is read without error, and written alike."""
        chosen = plan(
            country="CA", alphanumeric="sip", short_senders=True, names=[BANK]
        )
        address = chosen.address_from_smpp(ton, npi, text)
        if address is not None:
            written = chosen.to_smpp(address)
            self.assertEqual(address, chosen.address_from_smpp(*written))
