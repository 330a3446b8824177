"""When a gateway can serve."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.admin.health import CentreState, GatewayState, hindrances

HOME = CentreState(name="home", bound=True, waiting=0, in_flight=0)
AWAY = CentreState(name="away", bound=False, waiting=3, in_flight=0)
READY = GatewayState(
    store_open=True,
    store_healthy=True,
    store_waiting=0,
    listeners=2,
    transactions=0,
    centres=(HOME, AWAY),
)


class Hindrances(SynchronousTestCase):
    def test_none(self) -> None:
        """With store, listeners and one bound SM-SC it can serve."""
        self.assertEqual(list(hindrances(READY)), [])

    def test_no_store(self) -> None:
        """Without the store it cannot."""
        state = msgspec.structs.replace(READY, store_open=False)
        self.assertEqual(list(hindrances(state)), ["the store is not open"])

    def test_sick_store(self) -> None:
        """Nor with one that cannot commit: messages are refused then (TS 6.1.1)."""
        state = msgspec.structs.replace(READY, store_healthy=False)
        self.assertEqual(list(hindrances(state)), ["the store fails, or has no room"])

    def test_no_listener(self) -> None:
        """Without a SIP listener it cannot."""
        state = msgspec.structs.replace(READY, listeners=0)
        self.assertEqual(list(hindrances(state)), ["SIP is not listened for"])

    def test_no_centre(self) -> None:
        """Without any bind it cannot; the SM-SCs are named."""
        unbound = msgspec.structs.replace(HOME, bound=False)
        state = msgspec.structs.replace(READY, centres=(unbound, AWAY))
        self.assertEqual(list(hindrances(state)), ["no SM-SC is bound: home, away"])

    def test_no_smsc_configured(self) -> None:
        """A gateway with [[iwf]] alone needs none."""
        state = msgspec.structs.replace(READY, centres=())
        self.assertEqual(list(hindrances(state)), [])

    def test_all(self) -> None:
        """Every reason is given at once."""
        state = msgspec.structs.replace(
            READY, store_open=False, store_healthy=False, listeners=0, centres=(AWAY,)
        )
        self.assertEqual(len(hindrances(state)), 3)
