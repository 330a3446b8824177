"""Who refreshes a session, and when it ends without (RFC 4028)."""

from __future__ import annotations

from math import inf

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.dialogs.session_timer import (
    LONGEST,
    Refresher,
    SessionExpires,
    SessionTimer,
    min_se,
    refusal,
    session_expires,
)
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response, respond
from tests.sip.messages import request

OURS = 1800


def invite(*fields: str) -> Request:
    """An INVITE with these header fields."""
    return request("INVITE", extra=fields)


def success(*headers: tuple[str, str]) -> Response:
    """A 200 with these header fields."""
    return respond(invite(), 200, headers=headers)


class Reading(SynchronousTestCase):
    def read(self, value: str) -> SessionExpires | None:
        return session_expires(Headers([("Session-Expires", value)]))

    def test_values(self) -> None:
        """Seconds, and who refreshes, in any case (4)."""
        self.assertEqual(self.read("1800"), SessionExpires(1800))
        for value in (
            "90;refresher=uac",
            "90 ; REFRESHER = UAC",
            "90;x=1;refresher=Uac",
        ):
            self.assertEqual(self.read(value), SessionExpires(90, Refresher.UAC), value)
        self.assertEqual(self.read("0"), SessionExpires(1))
        self.assertIs(session_expires(Headers()), None)

    def test_compact(self) -> None:
        """Its compact form is x (4)."""
        self.assertEqual(session_expires(Headers([("x", "9")])), SessionExpires(9))

    def test_malformed(self) -> None:
        """What is no number, or no side, is an error."""
        for value in (
            "",
            "x",
            "-1",
            "1800;refresher=both",
            "1800;refresher",
            f"{2**31}",
        ):
            self.assertRaises(SipSyntaxError, self.read, value)
        self.assertEqual(self.read(f"{2**31 - 1}"), SessionExpires(2**31 - 1))

    def test_written(self) -> None:
        """What is written reads the same."""
        for each in (SessionExpires(90), SessionExpires(91, Refresher.UAS)):
            self.assertEqual(self.read(str(each)), each)

    def test_min_se(self) -> None:
        """Min-SE is 90 seconds or more (5)."""
        self.assertEqual(min_se(Headers()), 90)
        self.assertEqual(min_se(Headers([("Min-SE", "30")])), 90)
        self.assertEqual(min_se(Headers([("Min-SE", "120;x")])), 120)
        self.assertRaises(SipSyntaxError, min_se, Headers([("Min-SE", "x")]))


class Refusing(SynchronousTestCase):
    def test_too_short(self) -> None:
        """An interval below ours is 422, which says what would do (6, 9)."""
        for seconds, refused in (("89", True), ("90", False)):
            asked = invite("Supported: timer", f"Session-Expires: {seconds}")
            answer = refusal(asked, 90)
            self.assertEqual(answer is not None, refused, seconds)
        answer = refusal(invite("k: 100rel, Timer", "x: 10"), 100)
        assert answer is not None
        self.assertEqual((answer.status, answer.headers.raw("Min-SE")), (422, ["100"]))

    def test_of_a_proxy(self) -> None:
        """Who does not know timers has not asked for it: no 422 (8.1, 9)."""
        self.assertIs(refusal(invite("Session-Expires: 10"), 90), None)

    def test_malformed(self) -> None:
        """What cannot be read is 400."""
        for field in ("Session-Expires: x", "Min-SE: x"):
            answer = refusal(invite(field), 90)
            assert answer is not None
            self.assertEqual(answer.status, 400)

    def test_nothing_asked(self) -> None:
        """A request without it is let be."""
        self.assertIs(refusal(invite("Supported: timer"), 90), None)


class Answering(SynchronousTestCase):
    """As the server of a transaction: table 2 of section 9."""

    def answer(self, *fields: str, timer: SessionTimer | None = None) -> list[str]:
        """What the 2xx says: Session-Expires, and then Require."""
        self.timer = timer or SessionTimer()
        told = self.timer.answer(invite(*fields), OURS, 1000.0)
        self.assertEqual(
            [name for name, _ in told], ["Session-Expires", "Require"][: len(told)]
        )
        return [value for _, value in told]

    def test_not_supported(self) -> None:
        """Who cannot refresh does not have to, and none is required of him."""
        self.assertEqual(self.answer(), ["1800;refresher=uas"])
        self.assertTrue(self.timer.refreshing)
        found = self.answer("Session-Expires: 600;refresher=uac")
        self.assertEqual(found, ["600;refresher=uas"])

    def test_as_asked(self) -> None:
        """The refresher is who was asked for. [TS 6.1.4 step 6d]"""
        for side, refreshing in (("uac", False), ("uas", True)):
            asked = f"Session-Expires: 600;refresher={side}"
            found = self.answer("Supported: timer", asked)
            self.assertEqual(found, [f"600;refresher={side}", "timer"])
            self.assertIs(self.timer.refreshing, refreshing)

    def test_our_choice(self) -> None:
        """Where it is ours to choose, a new session is the caller's to refresh."""
        self.assertEqual(
            self.answer("Supported: timer"), ["1800;refresher=uac", "timer"]
        )

    def test_roles_stay(self) -> None:
        """Where it is ours to choose later, the roles stay as they are (7.4)."""
        timer = SessionTimer()
        self.answer("Supported: timer", "x: 600;refresher=uas", timer=timer)
        found = self.answer("Supported: timer", "x: 600", timer=timer)
        self.assertEqual(found, ["600;refresher=uas", "timer"])

    def test_shortened(self) -> None:
        """An interval may be shortened to ours, but not below Min-SE (9)."""
        self.assertEqual(
            self.answer("Supported: timer", "x: 9000")[0], "1800;refresher=uac"
        )
        found = self.answer("Supported: timer", "x: 9000", "Min-SE: 3600")
        self.assertEqual(found[0], "3600;refresher=uac")

    def test_never_longer(self) -> None:
        """It is never made longer (9)."""
        self.assertEqual(
            self.answer("Supported: timer", "x: 90")[0], "90;refresher=uac"
        )

    def test_min_se_without_an_interval(self) -> None:
        """Min-SE holds for our own choice too."""
        found = self.answer("Supported: timer", "Min-SE: 7200")
        self.assertEqual(found[0], "7200;refresher=uac")

    def test_absurd(self) -> None:
        """An interval that no proxy may set is not one."""
        self.assertEqual(self.answer("Session-Expires: 89")[0], "1800;refresher=uas")


class Agreeing(SynchronousTestCase):
    """As the client of a transaction (7.2)."""

    def agreed(self, *headers: tuple[str, str]) -> SessionTimer:
        timer = SessionTimer()
        timer.agree(success(*headers), 1000.0)
        return timer

    def test_none(self) -> None:
        """Without a Session-Expires the session does not expire."""
        timer = self.agreed()
        self.assertEqual((timer.interval, timer.due), (0, inf))

    def test_roles(self) -> None:
        """The 2xx says who refreshes; where it does not, we do."""
        for side, ours in (
            (";refresher=uac", True),
            (";refresher=uas", False),
            ("", True),
        ):
            timer = self.agreed(("Session-Expires", f"600{side}"))
            self.assertEqual((timer.interval, timer.refreshing), (600, ours))

    def test_short(self) -> None:
        """No interval has us refresh more often than one of 90 seconds."""
        self.assertEqual(self.agreed(("Session-Expires", "2")).interval, 90)

    def test_malformed(self) -> None:
        """What cannot be read is refreshed as before."""
        timer = self.agreed(("Session-Expires", "x"))
        self.assertEqual((timer.interval, timer.refreshing), (90, True))

    def test_off(self) -> None:
        """A refresh that is answered without it ends the timer."""
        timer = self.agreed(("Session-Expires", "600"))
        timer.agree(success(), 1300.0)
        self.assertEqual(timer.due, inf)


class Times(SynchronousTestCase):
    def begun(self, seconds: int, side: str) -> SessionTimer:
        timer = SessionTimer()
        value = f"{seconds};refresher={side}"
        timer.agree(success(("Session-Expires", value)), 1000.0)
        return timer

    def test_refresher(self) -> None:
        """We refresh at half the interval, and end it 32 s before its end (10)."""
        timer = self.begun(1800, "uac")
        self.assertEqual((timer.refresh_at, timer.end_at), (1900.0, 2768.0))
        self.assertEqual(timer.due, 1900.0)

    def test_other_side(self) -> None:
        """Who does not refresh waits, and ends it as soon (10)."""
        timer = self.begun(1800, "uas")
        self.assertEqual((timer.refresh_at, timer.end_at), (inf, 2768.0))

    def test_short(self) -> None:
        """A third of the interval where that is less than 32 seconds (10)."""
        self.assertEqual(self.begun(90, "uas").end_at, 1060.0)
        self.assertEqual(self.begun(96, "uas").end_at, 1064.0)
        self.assertEqual(self.begun(97, "uas").end_at, 1065.0)

    def test_refused(self) -> None:
        """A refresh that is refused is tried in half of what is left, not too soon."""
        timer = self.begun(1800, "uac")
        timer.refresh()
        self.assertEqual(timer.due, timer.end_at)
        timer.refused(1900.0)
        self.assertEqual(timer.refresh_at, 1900.0 + 434.0)
        timer.refused(2764.0)
        self.assertEqual(timer.refresh_at, 2769.0)
        self.assertEqual(timer.due, 2768.0)

    def test_stopped(self) -> None:
        """A session that is over has nothing to do."""
        timer = self.begun(1800, "uac")
        timer.stop()
        self.assertEqual(timer.due, inf)
        timer.refused(1900.0)
        self.assertEqual(timer.due, inf)

    def test_request(self) -> None:
        """A refresh asks for the interval and the roles that hold (7.4)."""
        self.assertEqual(
            self.begun(600, "uac").request(),
            (("Supported", "timer"), ("Session-Expires", "600;refresher=uac")),
        )
        self.assertEqual(
            self.begun(600, "uas").request()[1],
            ("Session-Expires", "600;refresher=uas"),
        )
        self.assertEqual(SessionTimer().request(), (("Supported", "timer"),))

    def test_longer(self) -> None:
        """A 422 raises Min-SE, which then stays, and the interval too (7.3, 7.4)."""
        timer = self.begun(600, "uac")
        asked = respond(invite(), 422, headers=(("Min-SE", "900"),))
        self.assertTrue(timer.too_short(asked))
        self.assertEqual(
            timer.request()[1:],
            (("Session-Expires", "900;refresher=uac"), ("Min-SE", "900")),
        )
        self.assertFalse(timer.too_short(asked))
        self.assertFalse(timer.too_short(respond(invite(), 422)))
        bad = respond(invite(), 422, headers=(("Min-SE", "x"),))
        self.assertFalse(timer.too_short(bad))


class Bounds(SynchronousTestCase):
    """No peer can have a session never be looked after."""

    def test_asked_for(self) -> None:
        """A Min-SE of more than a day counts as one of a day."""
        for least, seconds in ((LONGEST, LONGEST), (LONGEST + 1, LONGEST)):
            timer = SessionTimer()
            request = invite(
                "Supported: timer",
                f"Min-SE: {least}",
                f"Session-Expires: {2**31 - 1};refresher=uac",
            )
            told = timer.answer(request, OURS, 0.0)
            self.assertIn(("Session-Expires", f"{seconds};refresher=uac"), told)
            self.assertEqual(timer.end_at, seconds - 32.0)

    def test_granted(self) -> None:
        """What a 2xx says of more than a day is one, and then it is we who refresh."""
        for seconds, refreshing in ((LONGEST, False), (LONGEST + 1, True)):
            timer = SessionTimer()
            granted = ("Session-Expires", f"{seconds};refresher=uas")
            timer.agree(success(granted), 0.0)
            self.assertEqual((timer.interval, timer.refreshing), (LONGEST, refreshing))

    def test_refused(self) -> None:
        """A 422 that asks for more than a day is not followed."""
        for least, taken in ((LONGEST, True), (LONGEST + 1, False)):
            answer = respond(invite(), 422, headers=(("Min-SE", str(least)),))
            self.assertIs(SessionTimer().too_short(answer), taken)
