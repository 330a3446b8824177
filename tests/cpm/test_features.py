"""Tests of cpmgw.cpm.features."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.features import (
    Feature,
    accept_contact,
    features_of,
    icsi,
    service_of,
    tag,
)
from cpmgw.sip.headers import Headers

URN = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm."


def asking(*values: str) -> frozenset[Feature]:
    """The features of a request with these Accept-Contact lines."""
    return features_of(Headers([("Accept-Contact", value) for value in values]))


class WrittenTests(SynchronousTestCase):
    """Conversation TS H.3 Table 6."""

    def test_accept_contact(self) -> None:
        """Colons of the URN are %3A in a feature tag (TS 24.229 7.2A.8.2)."""
        self.assertEqual(
            accept_contact(Feature.PAGER),
            '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.msg"',
        )
        self.assertEqual("*;" + tag(Feature.PAGER), accept_contact(Feature.PAGER))

    def test_service(self) -> None:
        """P-Asserted-Service has plain colons."""
        names = ["msg", "largemsg", "filetransfer", "session", "deferred", "systemmsg"]
        self.assertEqual([icsi(f) for f in Feature], [URN + name for name in names])

    def test_group(self) -> None:
        """.group exists for four features, and never in Accept-Contact (Note A)."""
        grouped = [f.value for f in Feature if icsi(f, True).endswith(".group")]
        self.assertEqual(grouped, ["msg", "largemsg", "filetransfer", "session"])
        self.assertFalse(any("group" in accept_contact(f) for f in Feature))

    def test_round_trip(self) -> None:
        """Every feature that is written is read."""
        for feature in Feature:
            self.assertEqual(asking(accept_contact(feature)), {feature})


class ReadTests(SynchronousTestCase):
    """Reading Accept-Contact and Contact (H.2, RFC 3840, RFC 3841)."""

    def test_forms(self) -> None:
        """Case, %3A or colon, quotes or none, brackets, blanks."""
        for value in (
            f'*;+g.3gpp.icsi-ref="{URN}msg"',
            f"*;+g.3gpp.icsi-ref={URN}msg",
            f'*;+G.3GPP.ICSI-REF="{URN.upper()}MSG"',
            f'* ; +g.3gpp.icsi-ref = "{URN.replace(":", "%3a")}msg" ;require;explicit',
            f'*;+g.3gpp.icsi-ref="<{URN}msg>"',
        ):
            self.assertEqual(asking(value), {Feature.PAGER}, value)

    def test_several(self) -> None:
        """Lists in a value, several values, several lines."""
        both = {Feature.PAGER, Feature.SESSION}
        one, two = accept_contact(Feature.PAGER), accept_contact(Feature.SESSION)
        self.assertEqual(asking(f"{one}, {two}"), both)
        self.assertEqual(asking(one, two), both)
        self.assertEqual(
            asking(f'*;+g.3gpp.icsi-ref="{URN}msg, {URN}session,urn:x"'), both
        )

    def test_contact(self) -> None:
        """Contact counts when Accept-Contact names none; not what is in its URI."""
        pager, session = tag(Feature.PAGER), tag(Feature.SESSION)
        contact = ("Contact", f'"a;b" <sip:a@x;{session}>;{pager}')
        self.assertEqual(features_of(Headers([contact])), {Feature.PAGER})
        self.assertEqual(features_of(Headers([("m", contact[1])])), {Feature.PAGER})

    def test_contact_of_another_feature(self) -> None:
        """A Contact that can more is none; one that can only something else is."""
        asked = ("Accept-Contact", accept_contact(Feature.FILE))
        more = ("Contact", f"<sip:a@x>;{tag(Feature.PAGER)};{tag(Feature.FILE)}")
        self.assertEqual(features_of(Headers([asked, more])), {Feature.FILE})
        other = ("Contact", f"<sip:a@x>;{tag(Feature.PAGER)}")
        self.assertEqual(
            features_of(Headers([asked, other])), {Feature.FILE, Feature.PAGER}
        )

    def test_others(self) -> None:
        """Other tags, other services, longer names, and a tag inside quotes."""
        for value in (
            "*",
            "",
            '*;+g.oma.sip-im="x"',
            f'*;+g.3gpp.icsi-ref="{URN}msgx"',
            f'*;+g.3gpp.icsi-ref="{URN}msg.x"',
            f'*;+g.3gpp.iari-ref="{URN}msg"',
            '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"',
            f'*;x=";+g.3gpp.icsi-ref={URN}msg;"',
            f'*;x="\\";+g.3gpp.icsi-ref={URN}msg"',
            '*;x="unclosed',
        ):
            self.assertEqual(asking(value), frozenset(), value)

    def test_limit(self) -> None:
        """No line is too long to count."""
        value = accept_contact(Feature.PAGER)
        self.assertEqual(asking(value.ljust(4096)), {Feature.PAGER})
        self.assertEqual(asking(value.ljust(40_000)), {Feature.PAGER})

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=60))
    def test_any_text(self, text: str) -> None:
        """Any header value is read."""
        asking(text, f'*;+g.3gpp.icsi-ref="{URN}{text}"')


class ServiceTests(SynchronousTestCase):
    """P-Asserted-Service and P-Preferred-Service (H.1)."""

    def test_asserted_first(self) -> None:
        """What the core asserts counts before what the client prefers."""
        headers = Headers(
            [
                ("P-Preferred-Service", icsi(Feature.SESSION)),
                ("P-Asserted-Service", icsi(Feature.PAGER, True)),
            ]
        )
        self.assertEqual(service_of(headers), (Feature.PAGER, True))
        self.assertEqual(
            service_of(headers.without("P-Asserted-Service")), (Feature.SESSION, False)
        )

    def test_none(self) -> None:
        """No CPM service."""
        self.assertIsNone(service_of(Headers()))
        self.assertIsNone(service_of(Headers([("P-Asserted-Service", "urn:x")])))
