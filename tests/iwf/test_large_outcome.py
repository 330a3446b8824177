"""Tests of cpmgw.iwf.large_outcome."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.large_outcome import bye_reason, msrp_status, too_large
from cpmgw.iwf.outcomes import store_failed
from cpmgw.iwf.sms.submissions import refused, unreachable
from cpmgw.policy import Policy
from cpmgw.sip.status import reason_for
from txsmpp.errors import CannotEncode, ConnectionLost, NotBound, ResponseTimeout
from txsmpp.status import CommandStatus

SERVICE = 'SIP;cause=480;text="Bearer unavailable"'
POLICY = Policy()


def of(status: int, cause: str) -> CannotInterwork:
    """A refusal with this status, for this cause."""
    return CannotInterwork(
        status, reason_for(status), cause=cause, section="TS 6.1.2 step 1"
    )


class Outcomes(SynchronousTestCase):
    def assert_said(self, refusal: CannotInterwork, status: int, reason: str) -> None:
        """MSRP has this status, and the BYE this Reason."""
        self.assertEqual(msrp_status(refusal), status)
        self.assertEqual(bye_reason(refusal, "Bearer unavailable"), reason)

    def test_command_status(self) -> None:
        """413 and 480 whatever Table 2 makes of a refusal of the SM-SC.

        [TS 6.2.3 B]
        """
        for command_status, status in (
            (CommandStatus.ESME_RINVPRTFLG, 400),
            (CommandStatus.ESME_RINVSRCADR, 403),
            (CommandStatus.ESME_RINVDSTADR, 404),
            (CommandStatus.ESME_RINVMSGLEN, 413),
            (CommandStatus.ESME_RDELIVERYFAILURE, 480),
            (CommandStatus.ESME_RQUERYFAIL, 500),
            (CommandStatus.ESME_RSYSERR, 503),
        ):
            refusal = refused(command_status, POLICY)
            self.assertEqual(refusal.status, status)
            self.assert_said(refusal, 413, SERVICE)

    def test_what_did_not_leave(self) -> None:
        """413 and 480: it may be deferred. [TS 6.2.3 B]"""
        for refusal in (
            store_failed(503, POLICY),
            unreachable(NotBound("not bound"), POLICY),
            unreachable(CannotEncode("short_message", "too long", 1), POLICY),
        ):
            self.assert_said(refusal, 413, SERVICE)

    def test_what_may_have_left(self) -> None:
        """408, and its own cause: nobody is asked to send it again."""
        silent = unreachable(ResponseTimeout("no answer"), POLICY)
        lost = unreachable(ConnectionLost("gone"), POLICY)
        for refusal in (silent, lost):
            self.assert_said(refusal, 408, 'SIP;cause=408;text="Request Timeout"')
        self.assert_said(
            store_failed(500, POLICY),
            408,
            f'SIP;cause=500;text="{reason_for(500)}"',
        )

    def test_what_is_wrong_with_it(self) -> None:
        """413, or 400 for what cannot be read; the BYE says what it is."""
        for refusal, status, said in (
            (of(415, "content"), 413, 415),
            (of(403, "anonymity"), 413, 403),
            (of(415, "alphabet"), 413, 415),
            (too_large(9, "TS 6.1.2"), 413, 413),
            (of(400, "unreadable"), 400, 400),
            (of(400, "notification"), 400, 400),
        ):
            reason = f'SIP;cause={said};text="{reason_for(said)}"'
            self.assert_said(refusal, status, reason)
