"""Non-CPM Communication Service selection, step by step (TS 5.1)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.selection import Selection, select
from tests.isf.services import Service
from tests.iwf.requests import BOB, message_of


def selected(*services: Service, **details: Any) -> Selection:
    """What is selected for a message."""
    return select(message_of(**details), services)


def notification(to: str, **details: Any) -> dict[str, Any]:
    """The details of a disposition notification."""
    return {"content_type": "message/imdn+xml", "recipient": to, **details}


class Steps(SynchronousTestCase):
    def test_step_1_and_2_only_what_is_offered(self) -> None:
        """1, 2. What policy has ruled out is not among the services: 488."""
        selection = selected()
        self.assertIsNone(selection.chosen)
        self.assertEqual(selection.refusal.status, 488)

    def test_step_3_originator_without_a_routable_address(self) -> None:
        """3. An originator without a routable address: 488, nobody is asked."""
        sms = Service("SMS")
        selection = selected(sms, asserted="sip:alice@ims.example.net")
        self.assertIsNone(selection.chosen)
        self.assertEqual(selection.refusal.status, 488)
        self.assertIn("originator", selection.refusal.warning)
        self.assertEqual(sms.asked, 0)

    def test_step_4_indicated_service(self) -> None:
        """4. A notification goes by the service that its identifier names."""
        sms, mms = Service("SMS"), Service("MMS")
        selection = selected(sms, mms, **notification(f"{BOB};nccsid=mms"))
        self.assertIs(selection.chosen, mms)

    def test_step_4_bypasses_the_remaining_steps(self) -> None:
        """4. Nobody is asked whether it can carry the notification."""
        sms = Service("SMS", refusal=415)
        selection = selected(sms, **notification(f"{BOB};nccsid=SMS"))
        self.assertIs(selection.chosen, sms)
        self.assertEqual(sms.asked, 0)

    def test_step_3_comes_before_step_4(self) -> None:
        """3. The originator of a notification needs a routable address as well."""
        selection = selected(
            Service("SMS"),
            **notification(f"{BOB};nccsid=SMS", asserted="sip:alice@ims.example.net"),
        )
        self.assertIsNone(selection.chosen)
        self.assertEqual(selection.refusal.status, 488)

    def test_step_4_service_that_is_not_here(self) -> None:
        """4. A service that is not here is 488, and no other takes its place."""
        selection = selected(Service("SMS"), **notification(f"{BOB};nccsid=email"))
        self.assertIsNone(selection.chosen)
        self.assertEqual(selection.refusal.status, 488)
        self.assertIn("email", selection.refusal.warning)

    def test_step_4_only_for_notifications(self) -> None:
        """4. A message with an identifier is selected by the other steps."""
        sms = Service("SMS")
        self.assertIs(selected(sms, recipient=f"{BOB};nccsid=MMS").chosen, sms)

    def test_step_5_characteristics(self) -> None:
        """5. A service that cannot carry the message is ruled out, with its reason."""
        sms, mms = Service("SMS", refusal=415), Service("MMS")
        selection = selected(sms, mms)
        self.assertIs(selection.chosen, mms)
        (exclusion,) = selection.exclusions
        self.assertEqual((exclusion.service, exclusion.refusal.status), ("SMS", 415))

    def test_step_9_most_appropriate(self) -> None:
        """9. Of several that can, the first in order of preference."""
        sms, mms = Service("SMS"), Service("MMS")
        selection = selected(sms, mms)
        self.assertIs(selection.chosen, sms)
        self.assertEqual((selection.exclusions, mms.asked), ((), 0))

    def test_step_11d_none_is_left(self) -> None:
        """11 d. No service is left: 488, where they do not agree on the reason."""
        selection = selected(Service("SMS", refusal=415), Service("MMS", refusal=413))
        self.assertIsNone(selection.chosen)
        self.assertEqual(selection.refusal.status, 488)
        self.assertEqual(
            [each.service for each in selection.exclusions], ["SMS", "MMS"]
        )

    def test_step_11d_all_agree(self) -> None:
        """6.1.1 step 1: a reason on which all agree is the answer, such as 415."""
        selection = selected(Service("SMS", refusal=415), Service("MMS", refusal=415))
        self.assertEqual(selection.refusal.status, 415)
