"""What requests are read by in the tests of the ISF."""

from __future__ import annotations

from typing import Final

from cpmgw.addressing.dialplan import DialPlan
from tests.addressing.plans import plan

PLAN: Final[DialPlan] = plan()
