"""The profile rcs, line by line of GSMA RCC.10 8.0.

A choice that nothing reads yet is told apart from one that the gateway obeys.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.policy import NOT_IN_FORCE
from tests.policy.profile import profile


class Chosen(SynchronousTestCase):
    """Looks keys up in rcs, and that they are in force or not, as the class has it."""

    IN_FORCE: ClassVar = True

    def check(self, path: str, expected: object) -> None:
        """Fail unless rcs has this value, and the key stands in the right class."""
        self.assertEqual(expected, self.value(path), path)

    def value(self, path: str) -> object:
        """The value of a key in rcs; the key is in force or not, as it must be."""
        self.assertEqual(self.IN_FORCE, path not in NOT_IN_FORCE, f"{path} moves over")
        found: object = profile("rcs")
        for name in path.split("."):
            found = getattr(found, name)
        return found

    def services(self, kind: str) -> tuple[str, ...]:
        """What may carry a kind of request in rcs."""
        self.assertNotIn("selection.services", NOT_IN_FORCE)
        return profile("rcs").selection.services_for(kind)


class InForce(Chosen):
    """What the gateway obeys."""

    def test_messages(self) -> None:
        """Messages go by SMS and MMS. (RCC.10 4 supported 1) (RCC.10 4 supported 2)"""
        for kind in ("pager", "large"):
            self.assertEqual(("SMS", "MMS"), self.services(kind))

    def test_sessions(self) -> None:
        """Sessions of two go by SMS only.

        (RCC.10 4 supported 3) (RCC.10 4 unsupported 2) (RCC.10 5.1 step 5c)
        (RCC.10 6.3.1.1.6)
        """
        self.assertEqual(("SMS",), self.services("session"))

    def test_notifications(self) -> None:
        """Notifications go where messages go. (RCC.10 4 supported 4)"""
        self.assertEqual(("SMS", "MMS"), self.services("notification"))

    def test_terminating_sessions(self) -> None:
        """No session is interworked in the originating network.

        (RCC.10 4 unsupported 1)
        """
        kinds = profile("rcs").selection.originating
        self.check("selection.originating", ("pager", "large", "notification"))
        self.assertFalse({"session", "group"} & set(kinds))

    def test_groups_and_files(self) -> None:
        """No service takes a session with a group or a file transfer.

        (RCC.10 4 unsupported 3) (RCC.10 4 unsupported 4) (RCC.10 4.1) (RCC.10 5.2)
        (RCC.10 6.3.1.1.5)
        """
        self.assertEqual((), self.services("group"))
        self.assertEqual((), self.services("file"))

    def test_other_services(self) -> None:
        """No kind of request goes by e-mail or by another service.

        (RCC.10 4 unsupported 5) (RCC.10 4 unsupported 7) (RCC.10 6.4)
        """
        for kind, names in profile("rcs").selection.services.items():
            self.assertLessEqual(set(names), {"SMS", "MMS"}, kind)

    def test_one_stream(self) -> None:
        """A session has one media stream. (RCC.10 4 unsupported 9)"""
        self.check("selection.most_streams", 1)

    def test_originators(self) -> None:
        """Who has no E.164 address is not interworked. (RCC.10 4 unsupported 8)"""
        self.check("selection.originators", ("e164",))

    def test_no_anonymity(self) -> None:
        """Who asks for privacy is refused: there is no number for them.

        (RCC.10 4 concepts 1)
        """
        self.check("anonymous_originator", "hide")
        self.check("anonymous_number", "")

    def test_preferences(self) -> None:
        """The preferences in XDMS are not looked at. (RCC.10 4 concepts 2)"""
        self.check("selection.preferences", "ignore")

    def test_no_reselection(self) -> None:
        """No other IWF is tried after an error. (RCC.10 4 concepts 3)"""
        self.check("selection.reselection", "never")

    def test_no_negative_delivery(self) -> None:
        """No negative-delivery is sent, but an event. (RCC.10 4 concepts 8)"""
        self.check("negative_delivery", False)
        self.check("failed_iw_events", True)

    def test_message_correlator(self) -> None:
        """Appendix F is not applied; Message-Context is sent as in the TS.

        (RCC.10 Appendix F difference 1, as far as RCC.07 is not there) (RCC.10 6.2.4)
        """
        self.check("message_correlator", "none")
        self.check("correlation_headers", True)

    def test_no_rules_for_targets(self) -> None:
        """For messages no policy is checked; MMS takes no session.

        (RCC.10 5.1 step 1) (RCC.10 5.1 step 2)
        """
        self.check("selection.targets", ())
        self.assertEqual(("SMS", "MMS"), self.services("pager"))
        self.assertNotIn("MMS", self.services("session"))

    def test_text_and_the_rest(self) -> None:
        """Text goes by SMS up to a size; what is more than text does not.

        (RCC.10 5.1 step 5a) (RCC.10 5.1 step 5b)
        """
        self.check("selection.text_size_limit", 0)  # the operator's to set
        self.check("selection.large_text", 0)
        self.check("selection.mixed_content", "refuse")

    def test_address_selects_nothing(self) -> None:
        """The destination address never selects a service. (RCC.10 5.1 step 6)"""
        self.check("selection.identifier", "ignore")

    def test_priority(self) -> None:
        """The priority of a short message is ignored.

        (RCC.10 6.2.2.2.1 difference 2)
        """
        self.check("inbound_priority", False)
        for flag in range(4):
            self.assertEqual("", profile("rcs").priority_of(flag))

    def test_last_chunk(self) -> None:
        """The last chunk waits for SMS or MMS, however long.

        (RCC.10 6.1.2 difference 2)
        """
        self.check("large.early_timeout", 0)

    def test_files(self) -> None:
        """A file transfer is rejected. (RCC.10 4 unsupported 4) (RCC.10 6.1.3)"""
        self.check("file_transfer.accept", "reject")

    def test_success_reports_of_large_messages(self) -> None:
        """None is asked for in large message mode. (RCC.10 4 concepts 7)"""
        self.check("large.success_report", False)

    def test_sessions_are_accepted(self) -> None:
        """The IWF accepts each session itself; the user is not asked and cannot leave.

        (RCC.10 4 concepts 4) (RCC.10 6.1.6.2) (RCC.10 6.2.2.2.4)
        """
        self.check("session.accept", "accept")
        self.check("session.inform_invited", "never")
        self.check("session.leave_by_text", False)
        self.check("session.leave_instructions", "never")

    def test_no_groups(self) -> None:
        """An invitation to a group is rejected. (RCC.10 4 unsupported 3)"""
        self.check("session.accept_group", "reject")

    def test_closing(self) -> None:
        """The user is not told that a session was closed.

        (RCC.10 4 concepts 5) (RCC.10 6.2.2.1.4)
        """
        self.check("session.inform_closed", "never")

    def test_modification(self) -> None:
        """Sessions are not modified. (RCC.10 4 concepts 6) (RCC.10 6.1.5)"""
        self.check("session.modification", "reject")

    def test_success_reports(self) -> None:
        """MSRP success reports are not asked for. (RCC.10 4 concepts 7)"""
        self.check("session.success_report", False)

    def test_accept_types(self) -> None:
        """Only text stays in accept-types. (RCC.10 6.1.4 difference 1)"""
        self.check("sms.session_types", "text")

    def test_second_invitation(self) -> None:
        """A second invitation gets 600, or later takes the first session's place.

        (RCC.10 6.1.4 clarification 2) (RCC.10 6.1.4 clarification 3)
        """
        self.check("session.second_invitation", "replace")

    def test_acknowledgement(self) -> None:
        """What MSRP answers to the last chunk is what the SM-SC is told.

        (RCC.10 6.1.5.1 difference 1) (RCC.10 6.2.2.2.2 clarification 1)
        """
        self.check("session.acknowledge", "answered")

    def test_participants(self) -> None:
        """There is no participant information. (RCC.10 6.1.7) (RCC.10 6.2.2.1.6)"""
        self.check("session.participant_information", False)
        self.check("session.participants_in_messages", False)

    def test_anonymous_mms(self) -> None:
        """An MMS whose sender is hidden does not cross. (RCC.10 4 concepts 1a)"""
        self.check("mms.anonymous_senders", "refuse")

    def test_negative_delivery_is_not_asked_for(self) -> None:
        """What comes from MMS asks for no negative-delivery. (RCC.10 4 concepts 8)"""
        self.check("ask_negative_delivery", False)

    def test_types_in_the_sdp(self) -> None:
        """Types that MMS does not take stay in the SDP.

        (RCC.10 6.3.1.1.2 difference 1)
        """
        self.check("mms.unsupported_types", "keep")

    def test_acknowledgement_request(self) -> None:
        """Acknowledgement Request is set in messages and not in reports.

        (RCC.10 6.3.1.1.2 difference 2) (RCC.10 6.3.1.2.3 difference 1)
        (RCC.10 6.3.1.2.4 difference 2)
        """
        self.check("mms.acknowledgement_request", True)
        self.check("mms.report_acknowledgement", False)

    def test_reports_go_to_the_sender(self) -> None:
        """CPIM To of a report is always the sender.

        (RCC.10 6.3.1.1.3 difference 1) (RCC.10 6.3.1.1.4 difference 1)
        """
        self.check("mms.report_to", "sender")

    def test_history(self) -> None:
        """E-mail addresses are left out of recipient-list-history.

        (RCC.10 6.3.1.2.1 difference 2) (RCC.10 6.3.1.2.2 difference 4)
        """
        self.check("mms.history_addresses", "no_email")

    def test_expired_read_reports(self) -> None:
        """A read report after expiry is dropped. (RCC.10 6.3.1.2.4 difference 1)"""
        self.check("mms.expired_read_reports", "drop")


class NotInForce(Chosen):
    """What is chosen, and waits for the code that obeys it."""

    IN_FORCE = False

    def test_simple_im(self) -> None:
        """SIMPLE IM is not interworked with. (RCC.10 4 unsupported 6) (RCC.10 6.5)"""
        self.check("simple_im.interwork", False)
