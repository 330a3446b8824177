"""TS 5.1 and 6.1: what the ISF takes, and what it gives to SMS."""

from __future__ import annotations

from typing import Any

from cpmgw.cpm.features import Feature
from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, notification_body
from cpmgw.sip.message import Response
from tests.flows.house import ALICE, BOB, House

NOT_PAGER = frozenset({"Accept-Contact"})


class Features(House):
    """6.1: a pager mode message is a SIP MESSAGE with the feature tag ...cpm.msg."""

    def answer(self, **details: Any) -> Response:
        """The answer to a message."""
        response = self.send(text="Hello", **details).response
        assert response is not None
        return response

    def test_other_features(self) -> None:
        """A MESSAGE with another CPM feature is 488 with a Warning."""
        for feature in Feature:
            if feature is Feature.PAGER:
                continue
            with self.subTest(feature=feature):
                response = self.answer(feature=feature)
                self.assertEqual(response.status, 488)
                self.assertIn("feature tag", response.headers.get("Warning") or "")
        self.assertEqual(self.centre.submitted, [])

    def test_no_feature(self) -> None:
        """A MESSAGE without any is 488, unless policy says otherwise."""
        response = self.answer(without=NOT_PAGER)
        self.assertEqual(response.status, 488)
        self.assertIn("Accept", response.headers)
        self.assertEqual(self.centre.submitted, [])

    def test_feature_of_somebody_else(self) -> None:
        """A feature tag that is not CPM's is none."""
        response = self.answer(
            without=NOT_PAGER, headers=(("accept-contact", '*;+g.oma.sip-im="x"'),)
        )
        self.assertEqual(response.status, 488)

    def test_forms_of_the_tag(self) -> None:
        """The tag counts in any case, with colons, quoted or not."""
        for value in (
            '*;+g.3gpp.icsi-ref="urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg"',
            '*;+G.3GPP.ICSI-REF="urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.msg"',
            '*;require;explicit;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.'
            'oma.cpm.msg"',
        ):
            with self.subTest(value=value):
                response = self.answer(
                    without=NOT_PAGER, headers=(("accept-contact", value),)
                )
                self.assertEqual(response.status, 202)

    def test_step_3_originator_without_an_address(self) -> None:
        """3. No routable non-CPM address for the originator: 488."""
        response = self.answer(
            sender="sip:alice@ims.example.net", asserted="sip:alice@ims.example.net"
        )
        self.assertEqual(response.status, 488)
        self.assertIn("originator", response.headers.get("Warning") or "")

    def test_step_3_asserted_identity_counts(self) -> None:
        """3. A From with a number does not help who is asserted to be another."""
        response = self.answer(asserted="sip:alice@ims.example.net")
        self.assertEqual(response.status, 488)

    def test_step_12_answer_is_handed_back(self) -> None:
        """12. The IWF's success is the answer."""
        self.assertEqual(self.answer().status, 202)


class Untagged(House):
    policy = "untagged_as_pager = true"

    def test_no_feature_by_policy(self) -> None:
        """Policy may take a MESSAGE without a feature tag as pager mode."""
        self.assertEqual(self.send(text="Hello", without=NOT_PAGER).status, 202)

    def test_wrong_feature_all_the_same(self) -> None:
        """But not one with another CPM feature."""
        self.assertEqual(self.send(text="Hello", feature=Feature.FILE).status, 488)


class Notifications(House):
    """5.1 step 4: notifications go where their service identifier says."""

    def notification(self, recipient: str, **details: Any) -> Response:
        """The answer to a delivery notification."""
        body = notification_body(
            Imdn(
                message_id="m-1",
                datetime="2026-01-01T00:00:00Z",
                notifications=(Notification(Kind.DELIVERY, Status.DELIVERED),),
            ),
            sender=ALICE,
            to=BOB,
            datetime="2026-01-01T00:00:00Z",
            message_id="n-1",
        )
        response = self.send(recipient=recipient, body=body, **details).response
        assert response is not None
        return response

    def test_step_4_indicated_service(self) -> None:
        """4. nccsid=SMS goes to the SMS IWF, where it ends: SMS has no form for it."""
        for value in ("SMS", "sms"):
            with self.subTest(value=value):
                response = self.notification(f"{BOB};nccsid={value}")
                self.assertEqual(response.status, 202)
        self.assertEqual(self.centre.submitted, [])

    def test_step_4_in_to(self) -> None:
        """4. The identifier in To counts as well as in the Request-URI."""
        response = self.notification(f"{BOB};nccsid=SMS", request_uri=BOB)
        self.assertEqual(response.status, 202)

    def test_step_4_other_service(self) -> None:
        """4. A service that is not here: 488."""
        for value in ("MMS", "email", "Skype"):
            with self.subTest(value=value):
                response = self.notification(f"{BOB};nccsid={value}")
                self.assertEqual(response.status, 488)

    def test_step_4_bypasses_the_rest(self) -> None:
        """4. The remaining steps are bypassed, such as the target's number."""
        response = self.notification("sip:bob@ims.example.net;nccsid=SMS")
        self.assertEqual(response.status, 202)

    def test_step_3_comes_first(self) -> None:
        """3. A notification of an originator without a routable address: 488."""
        response = self.notification(
            f"{BOB};nccsid=SMS", asserted="sip:alice@ims.example.net"
        )
        self.assertEqual(response.status, 488)

    def test_without_an_identifier(self) -> None:
        """A notification without one is selected as a message would be."""
        self.assertEqual(self.notification(BOB).status, 202)
        self.assertEqual(self.centre.submitted, [])

    def test_reply_of_a_cpm_user(self) -> None:
        """A client's notification of a message from SMS is accepted and ends here."""
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(statuses.append)
        self.settle()
        (message,) = self.cpm.user(ALICE).inbox
        response = self.notification(str(message.request.from_.uri))
        self.assertEqual(response.status, 202)

    def test_message_with_an_identifier(self) -> None:
        """6. On a message the identifier is a wish, not a command."""
        sent = self.send(text="Hello", recipient=f"{BOB};nccsid=MMS")
        self.assertEqual(sent.status, 202)
        self.assertEqual(self.centre.handset(BOB[4:]).texts, ["Hello"])
