"""Tests of cpmgw.mm4.status."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.pdu import MessageType, MmStatus, Priority, ReadStatus, RequestStatus
from cpmgw.mm4.status import (
    hidden,
    message_class,
    message_type,
    mm_status,
    priority,
    read_status,
    request_status,
    yes,
)


class Words(SynchronousTestCase):
    """The words of MM4, in every spelling."""

    def test_own(self) -> None:
        """Each word is read as it is written, and in any case."""
        for each in RequestStatus:
            self.assertIs(request_status(each.value), each)
            self.assertIs(request_status(each.value.upper()), each)
            self.assertIs(request_status(each.value.replace("-", "_")), each)
        for status in MmStatus:
            self.assertIs(mm_status(status.value.lower()), status)
        for read in ReadStatus:
            self.assertIs(read_status(read.value.replace(" ", "-")), read)
        for level in Priority:
            self.assertIs(priority(level.value.lower()), level)
        for kind in MessageType:
            self.assertIs(message_type(kind.value.lower()), kind)

    def test_types(self) -> None:
        """A read reply has two names; separators do not matter; others are none."""
        for text in ("MM4_read_reply.REQ", "mm4_Read_Reply_Report.Req"):
            self.assertIs(message_type(text), MessageType.READ_REPLY_REQ)
        self.assertIs(message_type("MM4_read_reply.RES"), MessageType.READ_REPLY_RES)
        self.assertIs(message_type("MM4_FORWARD_REQ"), MessageType.FORWARD_REQ)
        self.assertIsNone(message_type("m-send-req"))

    def test_request_status(self) -> None:
        """Other spellings, the words of the encapsulation, and its numbers."""
        for text, wanted in (
            ("OK", RequestStatus.OK),
            (' "Ok" ', RequestStatus.OK),
            ("Error-address-unresolved", RequestStatus.ADDRESS_UNRESOLVED),
            ("error sending_address unresolved", RequestStatus.ADDRESS_UNRESOLVED),
            ("Error-permanent-service-denied", RequestStatus.SERVICE_DENIED),
            ("Error-transient-failure", RequestStatus.NETWORK_PROBLEM),
            ("whatever", RequestStatus.UNSPECIFIED),
            ("128", RequestStatus.OK),
            ("129", RequestStatus.UNSPECIFIED),
            ("130", RequestStatus.SERVICE_DENIED),
            ("131", RequestStatus.FORMAT_CORRUPT),
            ("132", RequestStatus.ADDRESS_UNRESOLVED),
            ("133", RequestStatus.NOT_FOUND),
            ("134", RequestStatus.NETWORK_PROBLEM),
            ("135", RequestStatus.CONTENT_NOT_ACCEPTED),
            ("136", RequestStatus.UNSUPPORTED_MESSAGE),
            ("137", RequestStatus.UNSPECIFIED),
            ("191", RequestStatus.UNSPECIFIED),
            ("192", RequestStatus.NETWORK_PROBLEM),
            ("194", RequestStatus.NOT_FOUND),
            ("223", RequestStatus.NETWORK_PROBLEM),
            ("224", RequestStatus.UNSPECIFIED),
            ("229", RequestStatus.CONTENT_NOT_ACCEPTED),
            ("999", RequestStatus.UNSPECIFIED),
            ("0", RequestStatus.UNSPECIFIED),
            ("9" * 5_000, RequestStatus.UNSPECIFIED),
        ):
            self.assertIs(request_status(text), wanted, text[:40])

    def test_mm_status(self) -> None:
        """Both spellings of unrecognised; what nobody knows is indeterminate."""
        for text, wanted in (
            ("Unrecognized", MmStatus.UNRECOGNISED),
            ("132", MmStatus.UNRECOGNISED),
            ("129", MmStatus.RETRIEVED),
            ("Unreachable", MmStatus.INDETERMINATE),
            ("odd", MmStatus.INDETERMINATE),
        ):
            self.assertIs(mm_status(text), wanted)
        self.assertIsNone(mm_status(" "))

    def test_read_status(self) -> None:
        """What is neither read nor deleted is no read status."""
        self.assertIs(read_status("128"), ReadStatus.READ)
        self.assertIs(read_status("deleted"), ReadStatus.DELETED)
        self.assertIsNone(read_status("odd"))

    def test_others(self) -> None:
        """Yes and No, Show and Hide, classes, priorities."""
        self.assertTrue(all(yes(each) for each in ("Yes", "YES", "true", "1", "128")))
        self.assertFalse(any(yes(each) for each in ("No", "", "129", "0", "x")))
        self.assertIs(hidden("HIDE"), True)
        self.assertIs(hidden("129"), False)
        self.assertIsNone(hidden(""))
        self.assertEqual(message_class("131"), "Auto")
        self.assertEqual(message_class(" Personal "), "Personal")
        self.assertIs(priority("Medium"), Priority.NORMAL)
        self.assertIsNone(priority(""))
