"""What another try may get round (RFC 3261 21)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.second_tries import may_pass_later
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from txsmpp.status import CommandStatus


class SecondTries(SynchronousTestCase):
    def test_as_an_sm_sc_is_told(self) -> None:
        """What an SM-SC is to try again (Table 10) is tried again by us as well."""
        for status in range(100, 700):
            is_temporary = (
                TABLE_10_COMMAND_STATUS.of(status) == CommandStatus.ESME_RX_T_APPN
            )
            self.assertIs(may_pass_later(status), is_temporary, status)

    def test_examples(self) -> None:
        """A user who is away may be back; one who does not exist will not."""
        self.assertTrue(may_pass_later(480))
        self.assertTrue(may_pass_later(503))
        self.assertFalse(may_pass_later(404))
        self.assertFalse(may_pass_later(200))
