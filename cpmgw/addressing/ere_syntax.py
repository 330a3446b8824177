"""Reading POSIX extended regular expressions (POSIX.1 9.3.5, 9.4, 9.5.3)."""

from __future__ import annotations

import string
from typing import Final

from cpmgw.addressing.ere_program import (
    BadExpression,
    Emit,
    Op,
    either,
    group,
    plain,
    repeated,
    sequence,
    take,
)

MOST_CHARACTERS: Final = 255
MOST_DEPTH: Final = 8
MOST_REPEATS: Final = 255
MOST_GROUPS: Final = 9

_ASCII: Final = frozenset(map(chr, range(128)))
_PRINTABLE: Final = frozenset(map(chr, range(32, 127)))
_SPECIAL: Final = frozenset("^.[$()|*+?{\\")
_REPETITIONS: Final = frozenset("*+?{")
_CLASSES: Final = {
    "alnum": frozenset(string.ascii_letters + string.digits),
    "alpha": frozenset(string.ascii_letters),
    "blank": frozenset(" \t"),
    "cntrl": _ASCII - _PRINTABLE,
    "digit": frozenset(string.digits),
    "graph": _PRINTABLE - {" "},
    "lower": frozenset(string.ascii_lowercase),
    "print": _PRINTABLE,
    "punct": frozenset(string.punctuation),
    "space": frozenset(" \t\n\r\f\v"),
    "upper": frozenset(string.ascii_uppercase),
    "xdigit": frozenset(string.hexdigits),
}


class Reader:
    """Reads one expression; `groups` is how many groups it turned out to have."""

    def __init__(self, pattern: str, *, ignore_case: bool) -> None:
        if len(pattern) > MOST_CHARACTERS or not pattern.isascii():
            raise BadExpression("too long, or not ASCII")
        self.groups = 0
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._ignore_case = ignore_case

    def whole(self) -> Emit:
        """The whole expression."""
        emit = self._alternatives()
        if self._at < len(self._pattern):
            raise BadExpression("a parenthesis that was not opened")
        return emit

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _taken(self) -> str:
        character = self._next()
        if not character:
            raise BadExpression("ends too early")
        self._at += 1
        return character

    def _alternatives(self) -> Emit:
        branches = [self._branch()]
        while self._next() == "|":
            self._at += 1
            branches.append(self._branch())
        return branches[0] if len(branches) == 1 else either(branches)

    def _branch(self) -> Emit:
        parts: list[Emit] = []
        while self._next() and self._next() not in "|)":
            parts.append(self._piece())
        if not parts:
            raise BadExpression("an empty alternative")
        return sequence(parts)

    def _piece(self) -> Emit:
        """An atom and how often it may be; neither an anchor nor this twice over."""
        anchor = self._next() in "^$"
        atom = self._atom()
        if not self._repeats():
            return atom
        if anchor:
            raise BadExpression("a repetition of nothing")
        atom = repeated(atom, *self._bounds())
        if self._repeats():
            raise BadExpression("a repetition of a repetition")
        return atom

    def _repeats(self) -> bool:
        return self._next() in _REPETITIONS

    def _atom(self) -> Emit:
        character = self._taken()
        if character == "(":
            return self._parenthesis()
        if character == "[":
            return take(self._cased(self._bracket()))
        if character == ".":
            return take(_ASCII)
        if character == "^":
            return self._beginning()
        if character == "$":
            return plain(Op.END)
        if character == "\\":
            character = self._taken()
            if character.isalnum():
                raise BadExpression("an escape without a meaning")
        elif character in _SPECIAL:
            raise BadExpression("a repetition of nothing")
        return take(self._cased(frozenset(character)))

    def _beginning(self) -> Emit:
        if self._next() != "+":
            return plain(Op.BEGIN)
        # The plus sign that every number begins with stands in many zones unescaped,
        # as it does in RFC 2916 3.2.3: to repeat the beginning would mean nothing.
        self._at += 1
        return sequence([plain(Op.BEGIN), take(frozenset("+"))])

    def _parenthesis(self) -> Emit:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise BadExpression("too deep")
        self.groups += 1
        number = self.groups
        if number > MOST_GROUPS:
            raise BadExpression("too many groups")
        body = self._alternatives()
        self._taken()  # alternatives end before a ")", or with the pattern
        self._depth -= 1
        return group(number, body)

    def _bounds(self) -> tuple[int, int | None]:
        character = self._taken()
        if character != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        text, closing, _ = self._pattern[self._at :].partition("}")
        first, comma, second = text.partition(",")
        if not closing or not _is_count(first) or not (not second or _is_count(second)):
            raise BadExpression("a malformed interval")
        self._at += len(text) + 1
        least = int(first)
        most = int(second) if second else None if comma else least
        if least > MOST_REPEATS or (most is not None and not least <= most):
            raise BadExpression("an interval out of range")
        if most is not None and most > MOST_REPEATS:
            raise BadExpression("an interval out of range")
        return least, most

    def _cased(self, characters: frozenset[str]) -> frozenset[str]:
        if not self._ignore_case:
            return characters
        return characters | {each.swapcase() for each in characters}

    # -- bracket expressions (POSIX.1 9.3.5) ---------------------------------------

    def _bracket(self) -> frozenset[str]:
        negated = self._next() == "^"
        if negated:
            self._at += 1
        found: set[str] = set()
        first = True
        while first or self._next() != "]":
            found |= self._member()
            first = False
        self._at += 1
        # What a list says in one case it means in both, its complement too.
        return _ASCII - self._cased(frozenset(found)) if negated else frozenset(found)

    def _member(self) -> frozenset[str]:
        """One character, range or class within brackets."""
        character = self._taken()
        if character == "[" and self._next() and self._next() in ".=:":
            return self._class()
        if self._next() != "-" or self._pattern[self._at + 1 : self._at + 2] == "]":
            return frozenset(character)
        self._at += 1
        last = self._taken()
        if last == "[" and self._next() and self._next() in ".=:":
            raise BadExpression("a range that ends in a class")
        if last < character:
            raise BadExpression("a range that ends before it begins")
        return frozenset(map(chr, range(ord(character), ord(last) + 1)))

    def _class(self) -> frozenset[str]:
        name, closing, _ = self._pattern[self._at + 1 :].partition(":]")
        known = _CLASSES.get(name)
        if self._next() != ":" or not closing or known is None:
            raise BadExpression("an unknown class")
        self._at += len(name) + 3
        return known


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= 3
