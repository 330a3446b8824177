"""The answer of MSRP as a command_status (TS 6.2.2.2.2; RCC.10 6.2.2.2.2)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sms.chat.command_status import MSRP_COMMAND_STATUS
from txsmpp.status import CommandStatus as S


class Statuses(SynchronousTestCase):
    def test_success(self) -> None:
        """200 is a success. [RCC.10 6.1.5.1 difference 1]"""
        self.assertEqual(MSRP_COMMAND_STATUS.of(200), S.ESME_ROK)

    def test_what_another_try_may_deliver(self) -> None:
        """A session that is gone, or too slow, makes the SM-SC try again."""
        for status in (408, 481, 506, 500, 999):
            self.assertEqual(MSRP_COMMAND_STATUS.of(status), S.ESME_RX_T_APPN, status)

    def test_what_never_will_be_taken(self) -> None:
        """What is refused for what it is, is refused for good."""
        for status in (400, 403, 413, 415, 423, 501, 499):
            self.assertEqual(MSRP_COMMAND_STATUS.of(status), S.ESME_RX_P_APPN, status)
