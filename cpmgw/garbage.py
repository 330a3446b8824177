"""How often Python looks for garbage in cycles (docs/decisions/0007).

What a message needs is freed by its reference counts; nothing on its way makes a cycle.
Looking for cycles every 700 objects would take a fifteenth of the gateway's time, and
looking through everything that is alive would hold up all messages meanwhile.
"""

from __future__ import annotations

import gc
from typing import Final

# Objects made and not yet freed until the youngest are looked through: some
# milliseconds' work. The oldest follow after 500 of those.
THRESHOLDS: Final = (10_000, 10, 50)


def calm_down() -> None:
    """Leave all that is alive now alone, as it stays, and look seldom from now on.

    For the end of a start, when modules, classes and configuration are in place.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
