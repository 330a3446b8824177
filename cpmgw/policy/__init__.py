"""Every "service provider policy" of the TS as one frozen value, and its profiles."""

from cpmgw.policy.email import EmailPolicy
from cpmgw.policy.file_transfer import FileTransferPolicy
from cpmgw.policy.in_force import NOT_IN_FORCE, without_effect
from cpmgw.policy.large import LargePolicy
from cpmgw.policy.mms import MmsPolicy
from cpmgw.policy.policy import (
    PROFILES,
    Policy,
    PolicySource,
    contradictions,
    profile_text,
)
from cpmgw.policy.selection import SelectionPolicy, TargetRule
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.simple_im import SimpleImPolicy
from cpmgw.policy.sms import SmsPolicy
from cpmgw.policy.texts import LanguageRule, SessionTexts

__all__ = [
    "NOT_IN_FORCE",
    "PROFILES",
    "EmailPolicy",
    "FileTransferPolicy",
    "LanguageRule",
    "LargePolicy",
    "MmsPolicy",
    "Policy",
    "PolicySource",
    "SelectionPolicy",
    "SessionPolicy",
    "SessionTexts",
    "SimpleImPolicy",
    "SmsPolicy",
    "TargetRule",
    "contradictions",
    "profile_text",
    "without_effect",
]
