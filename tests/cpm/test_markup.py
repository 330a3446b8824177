"""Tests of cpmgw.cpm.markup."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.markup import XmlLimits, escaped, local_name, parse_xml


class HostileTests(SynchronousTestCase):
    """What a peer's document may not do."""

    def assertRefused(self, data: bytes, limits: XmlLimits | None = None) -> None:
        """The document is not read."""
        self.assertRaises(ValueError, parse_xml, data, limits or XmlLimits())

    def test_entities(self) -> None:
        """A document type declaration is refused, and its entities with it."""
        self.assertRefused(
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
        )
        self.assertRefused(b'<!DOCTYPE a SYSTEM "http://x.example/a.dtd"><a/>')
        self.assertRefused(b"<a>&x;</a>")

    def test_entities_in_another_encoding(self) -> None:
        """No encoding hides the declaration."""
        text = '<?xml version="1.0" encoding="{}"?><!DOCTYPE a [<!ENTITY x "y">]><a/>'
        for name in ("UTF-16", "UTF-16LE", "UTF-7", "IBM037", "UTF-32"):
            try:
                data = text.format(name).encode("cp037" if "IBM" in name else name)
            except LookupError:
                continue
            self.assertRefused(data)

    def test_predefined_entities(self) -> None:
        """The five of XML itself are read."""
        self.assertEqual(parse_xml(b"<a>&lt;&amp;&#65;</a>").text, "<&A")

    def test_depth(self) -> None:
        """The limit of depth is kept."""
        limits = XmlLimits(max_depth=3)
        parse_xml(b"<a><a><a/></a></a>", limits)
        self.assertRefused(b"<a><a><a><a/></a></a></a>", limits)
        self.assertRefused(b"<a>" * 9000 + b"</a>" * 9000)

    def test_elements(self) -> None:
        """The limit of elements is kept."""
        limits = XmlLimits(max_elements=3)
        parse_xml(b"<a><b/><b/></a>", limits)
        self.assertRefused(b"<a><b/><b/><b/></a>", limits)

    def test_size(self) -> None:
        """The limit of the size is kept."""
        parse_xml(b"<abc/>", XmlLimits(max_size=6))
        self.assertRefused(b"<abc/>", XmlLimits(max_size=5))

    def test_comments_and_instructions(self) -> None:
        """Comments and processing instructions are no elements."""
        root = parse_xml(b"<a><!-- x --><?p q?><b/></a>")
        self.assertEqual([local_name(child) for child in root], ["b"])


class EscapedTests(SynchronousTestCase):
    """XML 1.0 2.2 and 2.4."""

    def test_markup(self) -> None:
        """The characters that mean something are escaped."""
        self.assertEqual(escaped('<&>"'), "&lt;&amp;&gt;&quot;")

    def test_impossible_characters(self) -> None:
        """What XML cannot hold is replaced."""
        self.assertEqual(escaped("a\0b\x1bc\ud800\uffff\td"), "a�b�c��\td")
