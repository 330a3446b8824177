"""When a gateway can serve."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.admin.health import (
    CentreState,
    GatewayState,
    RelayState,
    hindrances,
)

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

    def test_relays_alone(self) -> None:
        """Without SM-SCs, one MMS relay that takes mail is what it needs."""
        up = RelayState(name="up", up=True, waiting=0)
        away = RelayState(name="away", up=False, waiting=3)
        state = msgspec.structs.replace(READY, centres=(), relays=(up, away))
        self.assertEqual(list(hindrances(state)), [])
        state = msgspec.structs.replace(state, relays=(away,))
        self.assertEqual(list(hindrances(state)), ["no MMS relay takes mail: away"])

    def test_one_service_of_two(self) -> None:
        """Of two services one that works is enough; without any both are named."""
        up = RelayState(name="relay", up=True, waiting=0)
        down = msgspec.structs.replace(up, up=False)
        for centre, relay, reasons in (
            (HOME, up, []),
            (HOME, down, []),
            (AWAY, up, []),
            (
                AWAY,
                down,
                ["no SM-SC is bound: away", "no MMS relay takes mail: relay"],
            ),
        ):
            state = msgspec.structs.replace(READY, centres=(centre,), relays=(relay,))
            self.assertEqual(list(hindrances(state)), reasons)

    def test_no_port_for_mail(self) -> None:
        """Where mail is to come, its port is open."""
        state = msgspec.structs.replace(READY, ports_wanted=1)
        self.assertEqual(list(hindrances(state)), ["mail is not listened for"])
        state = msgspec.structs.replace(state, ports=1)
        self.assertEqual(list(hindrances(state)), [])

    def test_all(self) -> None:
        """Every reason is given at once."""
        state = msgspec.structs.replace(
            READY, store_open=False, store_healthy=False, listeners=0, centres=(AWAY,)
        )
        self.assertEqual(len(hindrances(state)), 3)
