"""Tests of cpmgw.sdp.files."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sdp.errors import SdpError, SdpSyntaxError
from cpmgw.sdp.files import (
    FileDates,
    FileDescription,
    FileHash,
    FileRange,
    FileSelector,
    file_description,
    parse_dates,
    parse_range,
    parse_selector,
)
from cpmgw.sdp.parser import parse_sdp
from tests.sdp.samples import FILE, LARGE_MESSAGE, octets

LARGEST = 2**63 - 1


class Selectors(SynchronousTestCase):
    """file-selector (RFC 5547 6)."""

    def test_all(self) -> None:
        """Name, type, size and hashes, in any order."""
        selector = parse_selector(
            'hash:SHA-1:72:24 size:32349 type:text/plain;charset="utf 8" '
            'name:"My cool picture.jpg" hash:sha-256:ff'
        )
        self.assertEqual(
            selector,
            FileSelector(
                name="My cool picture.jpg",
                type='text/plain;charset="utf 8"',
                size=32349,
                hashes=(FileHash("sha-1", b"\x72\x24"), FileHash("sha-256", b"\xff")),
            ),
        )
        self.assertEqual(parse_selector(str(selector)), selector)

    def test_some(self) -> None:
        """Each may be left out, all of them too; of a repeated one the first counts."""
        self.assertEqual(parse_selector(""), FileSelector())
        self.assertEqual(parse_selector("size:0"), FileSelector(size=0))
        self.assertEqual(parse_selector("size:1 size:2").size, 1)

    def test_unknown(self) -> None:
        """A selector that is not known is passed over."""
        self.assertEqual(parse_selector('x:"a b" size:7 y:'), FileSelector(size=7))

    def test_name(self) -> None:
        """Quotes, percents, controls and other octets are escaped in a name."""
        for name, written in (
            ('50% "a"\r\n\0', 'name:"50%25 %22a%22%0D%0A%00"'),
            ("Grüße.txt", 'name:"Grüße.txt"'),
            ("\udcff", 'name:"\udcff"'),
        ):
            self.assertEqual(str(FileSelector(name=name)), written)
            self.assertEqual(parse_selector(written).name, name)
        self.assertEqual(parse_selector("name:%C3%BC.txt").name, "ü.txt")
        self.assertEqual(parse_selector('name:"100%"').name, "100%")
        self.assertEqual(parse_selector('name:""').name, "")

    def test_limit_of_size(self) -> None:
        """A size has 63 bits."""
        self.assertEqual(parse_selector(f"size:{LARGEST}").size, LARGEST)
        self.assertRaises(SdpSyntaxError, parse_selector, f"size:{LARGEST + 1}")
        self.assertRaises(SdpSyntaxError, parse_selector, "size:" + "9" * 4_000)

    def test_refused(self) -> None:
        """What breaks the grammar is refused."""
        for value in (
            "size",
            "size:",
            "size:-1",
            "size:1.5",
            "size:１",
            'name:"x',
            "type:image",
            "type:image/",
            "type:/jpeg",
            "type:",
            "hash:",
            "hash:sha-1",
            "hash:sha-1:",
            "hash::aa",
            "hash:sha-1:a",
            "hash:sha-1:aa:",
            "hash:sha-1:aabb",
            "hash:sha-1:zz",
        ):
            self.assertRaises(SdpSyntaxError, parse_selector, value)

    @settings(deadline=None, max_examples=150)
    @given(some.text(max_size=40))
    def test_any_text(self, text: str) -> None:
        """Any value is read or refused."""
        for value in (text, f"name:{text}", f'type:a/b{text} name:"{text}"'):
            for parse in (parse_selector, parse_dates, parse_range):
                try:
                    parse(value)
                except SdpError:
                    continue

    @settings(deadline=None, max_examples=100)
    @given(
        some.builds(
            FileSelector,
            name=some.text(max_size=30).filter(str.isprintable),
            type=some.sampled_from(["", "a/b", 'a/b;c="d e"']),
            size=some.none() | some.integers(0, LARGEST),
            hashes=some.lists(
                some.builds(
                    FileHash, some.just("sha-1"), some.binary(min_size=1, max_size=20)
                ),
                max_size=2,
            ).map(tuple),
        )
    )
    def test_round_trip(self, selector: FileSelector) -> None:
        """What is written is read as the same."""
        self.assertEqual(parse_selector(str(selector)), selector)


class Ranges(SynchronousTestCase):
    """file-range (RFC 5547 6)."""

    def test_range(self) -> None:
        """From an octet to an octet, or to the end."""
        for written, wanted in (
            ("1-1", FileRange(1, 1)),
            ("1-*", FileRange()),
            ("10-32349", FileRange(10, 32349)),
        ):
            self.assertEqual(parse_range(written), wanted)
            self.assertEqual(str(wanted), written)

    def test_refused(self) -> None:
        """The first octet is 1, and the last is not before it."""
        for value in ("", "1", "0-1", "2-1", "*-1", "1-", "-1", "1-2-3", "a-b"):
            self.assertRaises(SdpSyntaxError, parse_range, value)


class Dates(SynchronousTestCase):
    """file-date (RFC 5547 6)."""

    def test_dates(self) -> None:
        """The three dates, in any order; of a repeated one the first counts."""
        dates = parse_dates('read:"c d" x:"y" creation:"a b" modification:"e" read:"z"')
        self.assertEqual(dates, FileDates("a b", "e", "c d"))
        self.assertEqual(str(dates), 'creation:"a b" modification:"e" read:"c d"')

    def test_refused(self) -> None:
        """A quote that never ends."""
        self.assertRaises(SdpSyntaxError, parse_dates, 'read:"x')


class Descriptions(SynchronousTestCase):
    """All that a media description says of a file."""

    def test_file(self) -> None:
        """The example of RFC 5547 9.1, read and written."""
        (media,) = parse_sdp(octets(FILE)).media
        described = file_description(media.lines)
        assert described.selector is not None
        self.assertEqual(described.selector.name, "My cool picture.jpg")
        self.assertEqual(described.selector.type, "image/jpeg")
        self.assertEqual(described.selector.size, 32349)
        self.assertEqual(len(described.selector.hashes[0].digest), 20)
        self.assertEqual(described.transfer_id, "vBnG916bdberum2fFEABR1FR3ExZMUrd")
        self.assertEqual(described.disposition, "attachment")
        self.assertEqual(described.dates.creation, "Mon, 15 May 2006 15:01:31 +0300")
        self.assertEqual(described.icon, "cid:id2@alicepc.example.com")
        self.assertEqual(described.range, FileRange(1, 32349))
        written = [each for each in media.lines if each.value.startswith("file-")]
        # The selectors are written in the order of the specification.
        for line, came in zip(described.lines[1:], written[1:], strict=True):
            self.assertEqual(line, came)
        self.assertEqual(file_description(described.lines), described)

    def test_large_message(self) -> None:
        """A large message says its size only."""
        (media,) = parse_sdp(octets(LARGE_MESSAGE)).media
        described = file_description(media.lines)
        self.assertEqual(described, FileDescription(FileSelector(size=24711)))
        (line,) = described.lines
        self.assertEqual(line.value, "file-selector:size:24711")

    def test_none(self) -> None:
        """Nothing is said, and nothing written; an empty selector is one."""
        self.assertEqual(file_description(()), FileDescription())
        self.assertEqual(FileDescription().lines, ())
        (line,) = FileDescription(FileSelector()).lines
        self.assertEqual(line.value, "file-selector")
        self.assertEqual(file_description((line,)), FileDescription(FileSelector()))
