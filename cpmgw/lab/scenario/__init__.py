"""The conversation of the demo, and what must come of each step of it."""

from cpmgw.lab.scenario.play import Scenario
from cpmgw.lab.scenario.stage import ALICE, BOB, CAROL, Check

__all__ = ["ALICE", "BOB", "CAROL", "Check", "Scenario"]
