"""POSIX extended regular expressions on short ASCII texts, in bounded time.

POSIX.1 9.4, as NAPTR records hold them (RFC 3402 3.2). What comes from the DNS may be
made to keep a backtracking matcher busy for ever; this one follows all ways at once,
so that its work is the product of the lengths of expression and text. Of the matches
that begin first the longest counts, as POSIX asks; of ways to that match, the one that
takes earlier parts first. Where POSIX leaves a meaning undefined, and for collating
symbols and equivalence classes, the expression is refused.
"""

from __future__ import annotations

from cpmgw.addressing.ere_program import BadExpression, Instruction, Op, Writer
from cpmgw.addressing.ere_syntax import MOST_GROUPS, Reader

__all__ = ["BadExpression", "Expression"]

Slots = tuple[int, ...]
Thread = tuple[int, Slots]


class Expression:
    """A compiled expression; `groups` is how many parts of it are in parentheses."""

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        reader = Reader(pattern, ignore_case=ignore_case)
        emit = reader.whole()
        writer = Writer()
        emit(writer)
        writer.add(Instruction(Op.MATCH))
        self.groups = reader.groups
        self._program = writer.program

    def search(self, text: str) -> tuple[str | None, ...] | None:
        """What was matched, whole and by group; None without a match."""
        best: Slots | None = None
        threads: list[Thread] = []
        seen: set[int] = set()
        for at in range(len(text) + 1):
            if best is None:
                start = (at, -1) + (-1, -1) * MOST_GROUPS
                self._follow((0, start), at, text, threads, seen)
            following: list[Thread] = []
            seen = set()
            for place, slots in threads:
                if best is not None and slots[0] > best[0]:
                    continue
                instruction = self._program[place]
                if instruction.op is Op.MATCH:
                    if best is None or slots[0] < best[0] or at > best[1]:
                        best = (slots[0], at, *slots[2:])
                elif at < len(text) and text[at] in instruction.characters:
                    self._follow((place + 1, slots), at + 1, text, following, seen)
            threads = following
        return None if best is None else _parts(text, best, self.groups)

    def _follow(
        self,
        thread: Thread,
        at: int,
        text: str,
        threads: list[Thread],
        seen: set[int],
    ) -> None:
        """Add where a thread comes to without taking a character, preferred first."""
        waiting = [thread]
        while waiting:
            place, slots = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            op, first, second, _ = self._program[place]
            if op is Op.TAKE or op is Op.MATCH:
                threads.append((place, slots))
            elif op is Op.SPLIT:
                waiting += ((second, slots), (first, slots))
            elif op is Op.JUMP:
                waiting.append((first, slots))
            elif op is Op.SAVE:
                saved = (*slots[:first], at, *slots[first + 1 :])
                waiting.append((place + 1, saved))
            elif at == (0 if op is Op.BEGIN else len(text)):
                waiting.append((place + 1, slots))


def _parts(text: str, slots: Slots, groups: int) -> tuple[str | None, ...]:
    found = []
    for number in range(groups + 1):
        start, end = slots[2 * number : 2 * number + 2]
        found.append(None if start < 0 or end < 0 else text[start:end])
    return tuple(found)
