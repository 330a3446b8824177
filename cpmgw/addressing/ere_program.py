"""The program that an expression is compiled to, and what its parts are written as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, NamedTuple

from cpmgw.errors import CpmgwError

MOST_INSTRUCTIONS: Final = 300


class BadExpression(CpmgwError):
    """An expression that is malformed, undefined or too large."""


class Op(Enum):
    """What one instruction does."""

    TAKE = "take one character of a set"
    SPLIT = "go two ways, the first preferred"
    JUMP = "go on elsewhere"
    SAVE = "note where a group begins or ends"
    BEGIN = "go on at the beginning only"
    END = "go on at the end only"
    MATCH = "a match ends here"


class Instruction(NamedTuple):
    """One step; `first` and `second` are places in the program, or a slot."""

    op: Op
    first: int = 0
    second: int = 0
    characters: frozenset[str] = frozenset()


Program = list[Instruction]


class Writer:
    """The program as it grows, never beyond its limit."""

    def __init__(self) -> None:
        self.program: Program = []
        self._steps = 0

    def add(self, instruction: Instruction) -> int:
        """Put an instruction at the end; its place."""
        self.step()
        self.program.append(instruction)
        return len(self.program) - 1

    def step(self) -> None:
        """Count work that may come to no instruction, as in "(a{0}){9}"."""
        self._steps += 1
        if self._steps > MOST_INSTRUCTIONS:
            raise BadExpression("too large")

    def mend(self, place: int, first: int, second: int = 0) -> None:
        """Set the places that an instruction leads to."""
        self.program[place] = Instruction(self.program[place].op, first, second)

    @property
    def end(self) -> int:
        """The place of the next instruction."""
        return len(self.program)


Emit = Callable[[Writer], None]
"""Writes one part of an expression."""


# -- what the parts of an expression are written as ------------------------------------


def take(characters: frozenset[str]) -> Emit:
    """One character of a set."""

    def emit(writer: Writer) -> None:
        writer.add(Instruction(Op.TAKE, characters=characters))

    return emit


def plain(op: Op) -> Emit:
    """An instruction that leads nowhere else."""

    def emit(writer: Writer) -> None:
        writer.add(Instruction(op))

    return emit


def sequence(parts: Sequence[Emit]) -> Emit:
    """One part after the other."""

    def emit(writer: Writer) -> None:
        for part in parts:
            part(writer)

    return emit


def group(number: int, body: Emit) -> Emit:
    """A part in parentheses, which are noted."""

    def emit(writer: Writer) -> None:
        writer.add(Instruction(Op.SAVE, 2 * number))
        body(writer)
        writer.add(Instruction(Op.SAVE, 2 * number + 1))

    return emit


def either(branches: Sequence[Emit]) -> Emit:
    """One of the branches, an earlier one preferred."""

    def emit(writer: Writer) -> None:
        jumps = []
        for branch in branches[:-1]:
            split = writer.add(Instruction(Op.SPLIT))
            branch(writer)
            jumps.append(writer.add(Instruction(Op.JUMP)))
            writer.mend(split, split + 1, writer.end)
        branches[-1](writer)
        for jump in jumps:
            writer.mend(jump, writer.end)

    return emit


def repeated(body: Emit, least: int, most: int | None) -> Emit:
    """A part so many times, more of them preferred; None is for ever."""

    def emit(writer: Writer) -> None:
        for _ in range(least):
            writer.step()
            body(writer)
        if most is None:
            split = writer.add(Instruction(Op.SPLIT))
            body(writer)
            writer.add(Instruction(Op.JUMP, split))
            writer.mend(split, split + 1, writer.end)
            return
        splits = []
        for _ in range(most - least):
            splits.append(writer.add(Instruction(Op.SPLIT)))
            body(writer)
        for split in splits:
            writer.mend(split, split + 1, writer.end)

    return emit
