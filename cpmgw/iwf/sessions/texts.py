"""The texts of one session, in its user's language (TS 6.2.2.1.3 to 6.2.2.1.6)."""

from __future__ import annotations

from functools import lru_cache

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.chat_content import ChatContent
from cpmgw.cpm.conference_info import ConferenceState
from cpmgw.iwf.sessions import wording
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.people import listed, people_of
from cpmgw.iwf.sessions.wording import Wording, person_at, person_of, shown
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.texts import SessionTexts


class Texts:
    """What the user of a session is told."""

    def __init__(self, membership: Membership, plan: DialPlan) -> None:
        self._membership = membership
        self._plan = plan
        self._policy = membership.policy.session
        self._texts = texts_for(membership)

    def question(self) -> str:
        """The invitation that wants an answer."""
        invitation = self._membership.invitation
        if not invitation.is_group:
            return wording.invitation(
                self._texts, sender=self._inviter, subject=invitation.subject
            )
        return wording.group_invitation(
            self._texts,
            sender=self._inviter,
            group=self._group,
            subject=invitation.subject,
            participants=self._invited,
        )

    def news(self) -> str:
        """The invitation that was accepted for the user."""
        invitation = self._membership.invitation
        if not invitation.is_group:
            return wording.invited(
                self._texts, sender=self._inviter, subject=invitation.subject
            )
        return wording.group_invited(
            self._texts,
            sender=self._inviter,
            group=self._group,
            subject=invitation.subject,
            participants=self._invited,
        )

    def late(self) -> str:
        """That an acceptance came too late."""
        return wording.late(
            self._texts,
            sender=self._inviter,
            group=self._group,
            subject=self._membership.invitation.subject,
        )

    def closed(self) -> str:
        """That the session is closed."""
        invitation = self._membership.invitation
        subject = invitation.subject
        if invitation.is_group:
            group = self._group
            return wording.group_closed(self._texts, group=group, subject=subject)
        sender = self._inviter
        return wording.closed(self._texts, sender=sender, subject=subject)

    def participants(self, state: ConferenceState) -> str:
        """Who takes part in the group; its name is that of the state, if it has one.

        Empty where there is nobody to name.
        """
        invitation = self._membership.invitation
        own = (invitation.user, self._membership.address)
        people = people_of(state, self._plan, own)
        if not people:
            return ""
        return wording.participants(
            self._texts,
            participants=listed(people, self._policy.participant_names),
            group=state.subject or self._group,
        )

    def message(
        self, content: ChatContent, place: int, state: ConferenceState | None
    ) -> str:
        """A chat message: with its author in a group, and what policy adds (Table 7).

        It is the `place`th of the session, from 1.
        """
        lines = (self.authored(content, content.text), self.added(place, state))
        return "\n".join(each for each in lines if each)

    def authored(self, content: ChatContent, text: str) -> str:
        """A text of a chat message with who wrote it, in a group.

        Without a text only that; a session of two names nobody.
        """
        sender = content.sender
        if not self._membership.invitation.is_group or sender is None:
            return text
        author = person_at(sender.uri, sender.name, self._plan)
        return wording.group_message(
            self._texts,
            sender=shown(author, self._policy.participant_names),
            text=text,
        )

    def added(self, place: int, state: ConferenceState | None) -> str:
        """What policy adds to the `place`th message, from 1 (Tables 7 and 29).

        How to leave, and who takes part, as far as that is known.
        """
        policy = self._policy
        lines = []
        instructions = policy.leave_instructions
        is_first = place == 1 and not self._membership.goes_on
        if instructions == "every" or (instructions == "first" and is_first):
            lines.append(wording.how_to_leave(self._texts, group=self._group))
        if policy.participants_in_messages and state is not None:
            lines.append(self.participants(state))
        return "\n".join(each for each in lines if each)

    @property
    def _inviter(self) -> str:
        person = person_of(self._membership.invitation.inviter)
        return shown(person, self._policy.participant_names)

    @property
    def _group(self) -> str:
        return self._membership.invitation.title

    @property
    def _invited(self) -> str:
        """Those who were invited with the user."""
        people = [
            person_at(each.uri, each.display_name, self._plan)
            for each in self._membership.invitation.invited
        ]
        return listed(people, self._policy.participant_names)


def texts_for(membership: Membership) -> SessionTexts:
    """The texts, and keywords, of the language that a session's user has."""
    return texts_of(membership.policy.session, membership.invitation.user.text)


def texts_of(policy: SessionPolicy, user: str) -> SessionTexts:
    """The texts, and keywords, of the language of a user."""
    return _wording(policy).of(user)


@lru_cache(maxsize=8)
def _wording(policy: SessionPolicy) -> Wording:
    return Wording(policy)
