"""MM4 as real MMS relays write it is still MM4, and can be told apart."""

from __future__ import annotations

from typing import Any

from cpmgw.lab.behaviour import MmsBehaviour, MmscQuirks
from cpmgw.lab.mms.sending import MmsOptions, SentMms
from cpmgw.mm4.pdu import MmStatus, ReadStatus, RequestStatus
from tests.lab.mms.two_relays import ANN, BEN, TwoRelays

SYSTEM = "system-user@near.test"


class QuirkTests(TwoRelays):
    def send(self, **quirks: Any) -> SentMms:
        """Ann sends; both relays have these quirks."""
        peculiar = MmscQuirks(**quirks)
        self.far.behave(MmsBehaviour(quirks=peculiar), BEN)
        options = MmsOptions(delivery_report=True, read_reply=True, quirks=peculiar)
        sent = self.near.send(ANN, BEN, "hello", options)
        self.network.settle()
        self.far.look(BEN)
        self.network.settle()
        return sent

    def octets(self) -> list[bytes]:
        """All that went between the two, in order of their coming."""
        return [each.octets for each in (*self.far.mails, *self.near.mails)]

    def test_as_written_down(self) -> None:
        """Without quirks it is as in TS 23.140: identifiers in quotes, words."""
        self.send()
        request, *_, read = self.octets()
        self.assertIn(b"X-Mms-3GPP-MMS-Version: 6.3.0\r\n", request)
        self.assertIn(b'X-Mms-Transaction-ID: "n000001"\r\n', request)
        self.assertIn(b"X-Mms-Read-Status: Read\r\n", read)

    def test_unquoted(self) -> None:
        """Identifiers can be bare, in requests and in responses."""
        sent = self.send(unquoted=True)
        for octets in self.octets()[:1]:
            self.assertIn(b"X-Mms-Transaction-ID: n000001\r\n", octets)
        response = self.near.mails[0].octets
        self.assertIn(b"X-Mms-Transaction-ID: n000001\r\n", response)
        self.assertEqual(sent.statuses, ["Ok"])
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])

    def test_bracketed(self) -> None:
        """Identifiers can be in angle brackets."""
        sent = self.send(bracketed=True)
        self.assertIn(b"X-Mms-Transaction-ID: <n000001>\r\n", self.octets()[0])
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])

    def test_another_version_field(self) -> None:
        """The version can have the name that some relays give it."""
        self.send(version_field="X-Mms-MMS-Version")
        request = self.octets()[0]
        self.assertIn(b"X-Mms-MMS-Version: 6.3.0\r\n", request)
        self.assertNotIn(b"3GPP", request)
        self.assertEqual(self.far.forwards[0].transaction.version, "6.3.0")

    def test_numeric(self) -> None:
        """Statuses can be the codes of the MMS encapsulation; each is understood."""
        for status in RequestStatus:
            quirks = MmscQuirks(numeric=True)
            self.far.behave(MmsBehaviour(status=status, quirks=quirks), BEN)
            sent = self.near.send(ANN, BEN, "hello")
            self.network.settle()
            octets = self.near.mails[-1].octets
            self.assertNotIn(status.value.encode(), octets)
            self.assertEqual(sent.statuses, [status.value])

    def test_numeric_reports(self) -> None:
        """So can those of reports and read replies."""
        for status in MmStatus:
            for read in ReadStatus:
                behaviour = MmsBehaviour(
                    quirks=MmscQuirks(numeric=True),
                    reports=(status, MmStatus.RETRIEVED),
                    read=read,
                )
                self.far.behave(behaviour, BEN)
                asked = MmsOptions(delivery_report=True, read_reply=True)
                sent = self.near.send(ANN, BEN, "hello", asked)
                self.network.settle()
                self.far.look(BEN)
                self.network.settle()
                self.assertEqual(
                    list(dict.fromkeys(sent.outcome)),
                    list(dict.fromkeys([status.value, "Retrieved", read.value])),
                )
                self.assertNotIn(b"Status-Code: R", self.near.mails[-2].octets)

    def test_to_the_system(self) -> None:
        """Responses go to the originator's system, or to the envelope's sender."""
        self.send(to_system=True)
        response = self.near.mails[0]
        self.assertEqual(response.envelope.recipients[0].address, SYSTEM)
        self.send()
        response = self.near.mails[-3]
        self.assertEqual(
            response.envelope.recipients[0].address, f"{ANN}/TYPE=PLMN@near.test"
        )

    def test_null_sender(self) -> None:
        """The envelope can have no sender; a response then goes to the system."""
        sent = self.send(null_sender=True)
        self.assertEqual(self.far.mails[0].envelope.sender, "")
        self.assertEqual(self.near.mails[0].envelope.recipients[0].address, SYSTEM)
        self.assertEqual(sent.statuses, ["Ok"])
