"""Tests of cpmgw.cpm.resource_lists."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.errors import MimeError, ResourceListError
from cpmgw.cpm.resource_lists import (
    MAX_ENTRIES,
    RECIPIENT_LIST,
    CopyControl,
    Entry,
    build_resource_lists,
    parse_resource_lists,
    recipient_list,
)

ENTRIES = (
    Entry("tel:+15145550001", CopyControl.TO),
    Entry("sip:a@x?X=%3Cy%3E&z", CopyControl.CC, "A & <B>"),
    Entry("sip:anonymous@anonymous.invalid", CopyControl.BCC, "", True, 2),
    Entry("tel:+15145550002"),
)

TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


def multipart(disposition: str, encoding: str = "") -> bytes:
    """A message with its text and a list (RFC 5365 7.3)."""
    return (
        b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\n"
        b"Content-Type: application/resource-lists+xml\r\n"
        + disposition.encode()
        + encoding.encode()
        + b"\r\n"
        + build_resource_lists(ENTRIES)
        + b"\r\n--b--\r\n"
    )


class WrittenTests(SynchronousTestCase):
    """RFC 4826 3, RFC 5364."""

    def test_names(self) -> None:
        """Elements and attributes have the namespaces of the RFCs."""
        root = etree.fromstring(build_resource_lists(ENTRIES[:1]))
        lists, copy = "urn:ietf:params:xml:ns:resource-lists", "copycontrol"
        self.assertEqual(root.tag, f"{{{lists}}}resource-lists")
        entry = root[0][0]
        self.assertEqual(entry.tag, f"{{{lists}}}entry")
        self.assertEqual(
            dict(entry.attrib),
            {
                "uri": "tel:+15145550001",
                f"{{urn:ietf:params:xml:ns:{copy}}}copyControl": "to",
            },
        )

    def test_examples(self) -> None:
        """What is written is read as the same list."""
        self.assertEqual(parse_resource_lists(build_resource_lists(ENTRIES)), ENTRIES)

    @settings(deadline=None, max_examples=50)
    @given(
        st.builds(
            Entry,
            TEXT,
            st.none() | st.sampled_from(CopyControl),
            st.just("") | TEXT,
            st.booleans(),
            st.integers(0, 99999),
        )
    )
    def test_round_trip(self, entry: Entry) -> None:
        """Any entry comes through."""
        self.assertEqual(parse_resource_lists(build_resource_lists([entry])), (entry,))


class ReadTests(SynchronousTestCase):
    """Reading lists."""

    def test_tolerant(self) -> None:
        """Nested lists, attributes without namespace, other case, unknown values."""
        data = (
            b"<resource-lists><list><entry uri='a:b' copyControl='BCC'/>"
            b"<list><entry uri=' a:c ' copyControl='odd' count='x'/><entry/></list>"
            b"</list></resource-lists>"
        )
        self.assertEqual(
            parse_resource_lists(data),
            (Entry("a:b", CopyControl.BCC), Entry("a:c")),
        )

    def test_refused(self) -> None:
        """What is no list is answered 400."""
        for data in (b"", b"<list/>", b"<resource-lists>"):
            error = self.assertRaises(ResourceListError, parse_resource_lists, data)
            self.assertEqual(error.status, 400)

    def test_limit(self) -> None:
        """A thousand entries are read, one more is refused."""
        entries = [Entry(f"tel:+1514555{n:04}") for n in range(MAX_ENTRIES + 1)]
        data = build_resource_lists(entries[:-1])
        self.assertEqual(len(parse_resource_lists(data)), MAX_ENTRIES)
        self.assertRaises(
            ResourceListError, parse_resource_lists, build_resource_lists(entries)
        )


class MultipartTests(SynchronousTestCase):
    """The list beside a message (RFC 5365 7.3)."""

    kind = "multipart/mixed;boundary=b"

    def test_history(self) -> None:
        """The list of the disposition asked for is found."""
        body = multipart("Content-Disposition: Recipient-List-History; handling=o\r\n")
        self.assertEqual(recipient_list(self.kind, body), ENTRIES)
        self.assertEqual(recipient_list(self.kind, body, RECIPIENT_LIST), ())

    def test_without_disposition(self) -> None:
        """A list without disposition says who shall receive (RFC 5363 4)."""
        body = multipart("")
        self.assertEqual(recipient_list(self.kind, body), ())
        self.assertEqual(recipient_list(self.kind, body, RECIPIENT_LIST), ENTRIES)

    def test_none(self) -> None:
        """Other bodies have no list."""
        self.assertEqual(recipient_list("text/plain", b"x"), ())
        self.assertEqual(recipient_list(self.kind, b"--b\r\n\r\nx\r\n--b--"), ())

    def test_broken(self) -> None:
        """A body that cannot be taken apart is refused."""
        self.assertRaises(MimeError, recipient_list, "multipart/mixed", b"x")
        body = multipart("", "Content-Transfer-Encoding: odd\r\n")
        self.assertRaises(MimeError, recipient_list, self.kind, body, RECIPIENT_LIST)
