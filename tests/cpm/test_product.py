"""Tests of cpmgw.cpm.product."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.product import Product, parse_product, server, user_agent


class WrittenTests(SynchronousTestCase):
    """TS Appendix C, as the IWF writes it."""

    def test_user_agent(self) -> None:
        """C.3: a UAC is IWF-<type>-client/OMA2.1, then its own product.

        [RCC.10 Appendix C.3]
        """
        for service, name in (
            ("SMS", "IWF-SMS"),
            ("MMS", "IWF-MMS"),
            ("email", "IWF-e-mail"),
        ):
            first, own = user_agent(service).split(" ")
            self.assertEqual(first, f"{name}-client/OMA2.1")
            self.assertRegex(own, r"^cpmgw/\d+\.\d+")

    def test_server(self) -> None:
        """C.3: a UAS is IWF-<type>-serv/OMA2.1. [RCC.10 Appendix C.3]"""
        self.assertTrue(server("SMS").startswith("IWF-SMS-serv/OMA2.1 cpmgw/"))

    def test_other_service(self) -> None:
        """C.1: iwf-type-token may be another token."""
        self.assertTrue(user_agent("Skype").startswith("IWF-Skype-client/OMA2.1 "))

    def test_round_trip(self) -> None:
        """What is written is read as what it is."""
        self.assertEqual(
            parse_product(server("email")), Product("IWF-e-mail", "serv", (2, 1))
        )


class ReadTests(SynchronousTestCase):
    """Conversation TS Appendix D, as peers write it."""

    def test_examples(self) -> None:
        """D.1: the printed examples."""
        self.assertEqual(
            parse_product("CPM-client/OMA1.0 Arena-Messaging1000/v1.01"),
            Product("CPM", "client", (1, 0)),
        )
        self.assertEqual(
            parse_product("CPM-serv/OMA2.1"), Product("CPM", "serv", (2, 1))
        )

    def test_later_release(self) -> None:
        """Any OMA<digits>.<digits> is taken (digest U1)."""
        self.assertEqual(
            parse_product("CPM-client/OMA2.2"), Product("CPM", "client", (2, 2))
        )

    def test_not_first_and_other_case(self) -> None:
        """Real clients put their product first and change the case."""
        self.assertEqual(
            parse_product("Phone/1 cpm-Client/oma2.0"),
            Product("cpm", "client", (2, 0)),
        )

    def test_version_that_is_none(self) -> None:
        """A product without a readable release has none."""
        for text in ("CPM-client", "CPM-client/2.1", "CPM-client/OMAx.y", "CPM-a/OMA"):
            product = parse_product(text)
            assert product is not None
            self.assertIsNone(product.version)

    def test_no_cpm_product(self) -> None:
        """Other products are none of CPM's."""
        for text in ("", "Linphone/5.1 (belle-sip/5)", "SIP-client/OMA2.1"):
            self.assertIsNone(parse_product(text))

    def test_too_long(self) -> None:
        """A value of more than 512 characters is not looked into."""
        tail = " CPM-serv/OMA2.1"
        self.assertIsNotNone(parse_product("x" * (512 - len(tail)) + tail))
        self.assertIsNone(parse_product("x" * (513 - len(tail)) + tail))
