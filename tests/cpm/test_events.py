"""Tests of cpmgw.cpm.events."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.errors import EventError
from cpmgw.cpm.events import (
    DEFAULT_LIMITS,
    IW_EVENT_TYPE,
    FailedIw,
    ReadyForSms,
    failed_iw,
    parse_event,
    ready_for_sms,
)


class WrittenTests(SynchronousTestCase):
    """TS 6.2.3, conversation TS 6.7.4 and 6.7.5.2."""

    def test_failed_iw(self) -> None:
        """6.2.3 item 2: cpm-user-address and message-id in failed-iw."""
        self.assertEqual(
            failed_iw("tel:+15145550001", "7QsgkAl8"),
            b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
            b'<cpm-evfw xmlns="urn:oma:xml:cpm:evfw"><cpm-event-iw><failed-iw>'
            b"<cpm-user-address>tel:+15145550001</cpm-user-address>"
            b"<message-id>7QsgkAl8</message-id>"
            b"</failed-iw></cpm-event-iw></cpm-evfw>\r\n",
        )

    def test_ready_for_sms(self) -> None:
        """6.2.3.1: cpm-user-address in ready-for-sms."""
        self.assertIn(
            b"<ready-for-sms><cpm-user-address>tel:+1</cpm-user-address></ready-",
            ready_for_sms("tel:+1"),
        )

    def test_media_type(self) -> None:
        """6.7.4: the content type of the event."""
        self.assertEqual(IW_EVENT_TYPE, "application/vnd.oma.cpm-event-iw+xml")

    @settings(deadline=None, max_examples=50)
    @given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
    def test_round_trip(self, text: str) -> None:
        """What is written is read as the same event."""
        event = FailedIw("tel:+1", text)
        self.assertEqual(parse_event(failed_iw("tel:+1", text)), event)
        self.assertEqual(parse_event(ready_for_sms(text)), ReadyForSms(text))


class ReadTests(SynchronousTestCase):
    """Reading events (digest U14)."""

    def test_bare(self) -> None:
        """The outer cpm-evfw may be missing, namespaces may differ."""
        data = (
            b'<x:cpm-event-iw xmlns:x="y"><x:failed-iw><x:message-id>1</x:message-id>'
            b"<x:cpm-user-address> tel:+1 </x:cpm-user-address><x:more/></x:failed-iw>"
            b"</x:cpm-event-iw>"
        )
        self.assertEqual(parse_event(data), FailedIw("tel:+1", "1"))

    def test_refused(self) -> None:
        """Anything else is answered 400."""
        for data in (
            b"",
            b"<cpm-evfw/>",
            b"<cpm-evfw><cpm-event-iw/></cpm-evfw>",
            b"<a><failed-iw/></a>",
            b"<cpm-event-iw><failed-iw><message-id>1</message-id></failed-iw>"
            b"</cpm-event-iw>",
            b"<cpm-event-iw><failed-iw><cpm-user-address>1</cpm-user-address>"
            b"</failed-iw></cpm-event-iw>",
            b"<cpm-event-iw><ready-for-sms/></cpm-event-iw>",
        ):
            error = self.assertRaises(EventError, parse_event, data)
            self.assertEqual(error.status, 400)

    def test_size(self) -> None:
        """The limit of the size is kept to the octet."""
        data = ready_for_sms("tel:+1")
        padded = data.ljust(DEFAULT_LIMITS.max_size)
        parse_event(padded)
        self.assertRaises(EventError, parse_event, padded + b" ")

    def test_every_truncation(self) -> None:
        """No beginning of an event is taken for a whole one."""
        data = failed_iw("tel:+1", "1").rstrip()
        for end in range(len(data)):
            self.assertRaises(EventError, parse_event, data[:end])
