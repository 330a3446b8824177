"""The ladder draws each step so that a person can follow it on any terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.arrow import Arrow, Kind, Lifeline, last_digits, quoted
from cpmgw.lab.ladder import Ladder, Style, draw, heading, style_for
from cpmgw.lab.smpp_arrows import pdu_arrow
from txsmpp import tlv
from txsmpp.constants import EsmClass, MessageState
from txsmpp.pdu import DeliverSm, SubmitSm, SubmitSmResp
from txsmpp.tlv import Tag, Tlv

STEP = Arrow(
    at=12.5,
    source=Lifeline.CPM,
    target=Lifeline.GATEWAY,
    kind=Kind.SIP,
    name="MESSAGE",
    details=("…0001→…0002", "+cpm.msg", '"Grüße 😀"'),
)
ANSWER = Arrow(
    at=12.6,
    source=Lifeline.CENTRE,
    target=Lifeline.GATEWAY,
    kind=Kind.SMPP,
    name="submit_sm_resp",
    details=("ESME_RINVDSTADR",),
    failed=True,
)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class DrawTests(SynchronousTestCase):
    def test_wide(self) -> None:
        """With room, the fields stand beside the diagram, on the arrow's line."""
        (line,) = draw(STEP, 12.0, Style(132))
        self.assertTrue(line.startswith("  0.500  │"))
        self.assertIn(" MESSAGE ─", line)
        self.assertIn("▶│", line)
        self.assertTrue(line.endswith('…0001→…0002  +cpm.msg  "Grüße 😀"'))

    def test_narrow(self) -> None:
        """Without room, they stand under the arrow."""
        first, *rest = draw(STEP, 12.0, Style(80))
        self.assertTrue(first.endswith("│"))
        self.assertIn("…0001→…0002", rest[0])

    def test_width_is_kept(self) -> None:
        """No line is wider than the terminal, in columns (an emoji takes two)."""
        for width in (66, 80, 100, 120, 200):
            for utf8 in (True, False):
                style = Style(width, utf8)
                for line in [*draw(STEP, 0, style), *heading(style)]:
                    columns = len(line) + line.count("😀")
                    self.assertLessEqual(columns, width, (width, utf8, line))

    def test_arrow_to_the_left(self) -> None:
        """An arrow points at who gets the message."""
        (line,) = draw(ANSWER, 12.0, Style(132))
        self.assertIn("│◀── submit_sm_resp ─│", line)

    def test_ascii(self) -> None:
        """A terminal without UTF-8 gets nothing but ASCII, and loses no field."""
        lines = draw(STEP, 12.0, Style(132, utf8=False))
        text = "\n".join(lines)
        self.assertTrue(text.isascii())
        self.assertIn("..0001->..0002", text)
        self.assertIn("\\U0001f600", text)

    def test_colour(self) -> None:
        """Colour marks the protocol, red what says no; without it no escape is sent."""
        (line,) = draw(ANSWER, 12.0, Style(132, colour=True))
        self.assertIn("\x1b[31m◀", line)
        (plain,) = draw(ANSWER, 12.0, Style(132))
        self.assertNotIn("\x1b", plain)

    def test_heading_stands_over_the_lifelines(self) -> None:
        """Each name is over its line."""
        style = Style(132)
        (names,) = heading(style)
        (line,) = draw(STEP, 12.0, style)
        for index, lifeline in enumerate(Lifeline):
            column = 9 + index * style.gap
            self.assertEqual(line[column], "│")
            start = names.index(lifeline.value)
            self.assertTrue(start <= column <= start + len(lifeline.value))

    def test_long_name_is_cut(self) -> None:
        """A name that does not fit its arrow is cut, the arrow is not."""
        long = Arrow(
            at=0,
            source=Lifeline.CPM,
            target=Lifeline.GATEWAY,
            kind=Kind.SIP,
            name="400 " + "x" * 80,
        )
        line = draw(long, 0, Style(80))[0]
        self.assertLessEqual(len(line), 80)
        self.assertIn("…", line)


class StyleTests(SynchronousTestCase):
    def style(self, stream: io.StringIO, environ: Mapping[str, str]) -> Style:
        return style_for(stream, environ)

    def test_terminal(self) -> None:
        """A UTF-8 terminal gets colour, at the width it says."""
        self.assertEqual(
            self.style(Terminal(), {"COLUMNS": "132"}), Style(132, True, True)
        )

    def test_no_colour(self) -> None:
        """NO_COLOR, a dumb terminal and a file get none."""
        for stream, environ in (
            (Terminal(), {"NO_COLOR": ""}),
            (Terminal(), {"TERM": "dumb"}),
            (io.StringIO(), {}),
        ):
            self.assertFalse(self.style(stream, environ).colour)

    def test_encoding_unknown(self) -> None:
        """A stream that does not say UTF-8 gets ASCII."""
        self.assertFalse(self.style(io.StringIO(), {}).utf8)

    def test_columns_that_are_none(self) -> None:
        """COLUMNS that is no number is passed over."""
        self.assertEqual(self.style(io.StringIO(), {"COLUMNS": "wide"}).width, 120)


class LadderTests(SynchronousTestCase):
    def test_parts(self) -> None:
        """A part has a title, a heading, and a time of its own."""
        stream = Terminal()
        ladder = Ladder(stream, Style(132), 0.0)
        ladder.part("CPM to SMS", 12.0)
        ladder(STEP)
        ladder.say("as it must be")
        lines = stream.getvalue().splitlines()
        self.assertEqual(lines[1], "== CPM to SMS ==")
        self.assertIn("SM-SC", lines[2])
        self.assertIn("0.500", lines[3])
        self.assertEqual(lines[-1], "as it must be")


class PduTests(SynchronousTestCase):
    def details(self, pdu: SubmitSm | DeliverSm | SubmitSmResp) -> str:
        return "  ".join(pdu_arrow(pdu, 0, from_esme=True).details)

    def test_submit_sm(self) -> None:
        """Addresses by their last digits, coding, flags and size are shown."""
        shown = self.details(
            SubmitSm(
                source_addr="15145550001",
                destination_addr="15145550002",
                data_coding=8,
                registered_delivery=1,
                short_message=b"\0A",
            )
        )
        for part in ("…0001→…0002", "data_coding=8", "registered_delivery=1"):
            self.assertIn(part, shown)
        self.assertNotIn("1514555", shown)

    def test_segments(self) -> None:
        """n/m comes from sar_* parameters and from both kinds of header."""
        sar = (
            tlv.of_integer(Tag.SAR_MSG_REF_NUM, 7),
            tlv.of_integer(Tag.SAR_TOTAL_SEGMENTS, 3),
            tlv.of_integer(Tag.SAR_SEGMENT_SEQNUM, 2),
        )
        udhi = EsmClass.UDHI
        for pdu in (
            SubmitSm(tlvs=sar),
            SubmitSm(esm_class=udhi, short_message=b"\x05\x00\x03\x07\x03\x02x"),
            SubmitSm(esm_class=udhi, short_message=b"\x06\x08\x04\x00\x07\x03\x02x"),
            SubmitSm(
                esm_class=udhi,
                short_message=b"\x0a\x24\x01\x01\x05\x00\x00\x03\x07\x03\x02x",
            ),
        ):
            self.assertIn(
                "segment 2/3" if pdu.short_message[:1] != b"\x0a" else "",
                self.details(pdu),
            )

    def test_broken_header(self) -> None:
        """A header that makes no sense is no reason to fall over."""
        for octets in (b"", b"\x05", b"\xff\x00", b"\x02\x00\x09", b"\x03\x00\x03\x01"):
            self.details(SubmitSm(esm_class=EsmClass.UDHI, short_message=octets))

    def test_receipt(self) -> None:
        """A receipt shows the id and state, from parameters and from text."""
        shown = self.details(
            DeliverSm(
                esm_class=EsmClass.DELIVERY_RECEIPT,
                short_message=b"id:77 sub:001 stat:DELIVRD err:000",
                tlvs=(
                    tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, "77"),
                    tlv.of_integer(Tag.MESSAGE_STATE, MessageState.DELIVERED),
                ),
            )
        )
        for part in ("message_id=77", "state=DELIVERED", "id:77", "stat:DELIVRD"):
            self.assertIn(part, shown)

    def test_unknown_state(self) -> None:
        """A state that SMPP does not know is shown as its number."""
        state = Tlv(Tag.MESSAGE_STATE, b"\x63")
        pdu = DeliverSm(esm_class=EsmClass.DELIVERY_RECEIPT, tlvs=(state,))
        self.assertIn("state=99", self.details(pdu))

    def test_refusal(self) -> None:
        """A refusal is shown by the name of its status, and marked."""
        arrow = pdu_arrow(SubmitSmResp(command_status=0x0B), 0, from_esme=False)
        self.assertEqual(arrow.details[0], "ESME_RINVDSTADR")
        self.assertTrue(arrow.failed)
        self.assertEqual(
            (arrow.source, arrow.target), (Lifeline.CENTRE, Lifeline.GATEWAY)
        )


class TextTests(SynchronousTestCase):
    def test_last_digits(self) -> None:
        """Numbers in any dress end in their last four digits; names stay."""
        for address, shown in (
            ("15145550001", "…0001"),
            ("tel:+15145550001", "…0001"),
            ("<tel:+15145550001>;x=y", "…0001"),
            ('"A" <sip:+15145550001@ims.example.net;user=phone>', "…0001"),
            ("sip:alice@example.net", "alice"),
            ("INFO", "INFO"),
            ("123", "123"),
            ("", "-"),
        ):
            self.assertEqual(last_digits(address), shown)

    def test_quoted(self) -> None:
        """A long text is cut, and stays on one line."""
        self.assertEqual(quoted("one\ntwo"), '"one two"')
        self.assertEqual(len(quoted("x" * 100)), 42)
        self.assertTrue(quoted("x" * 41).endswith('…"'))
        self.assertTrue(quoted("x" * 40).endswith('x"'))
