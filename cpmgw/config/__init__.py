"""etc/*.toml as frozen values; every fault names its file and key."""

from cpmgw.config.loading import load, loads
from cpmgw.config.sections import (
    Config,
    CredentialsConfig,
    GatewayConfig,
    LimitsConfig,
    LogConfig,
    SipConfig,
    SmscConfig,
    SmscText,
    SmscTlsConfig,
    UserConfig,
    WebConfig,
)

__all__ = [
    "Config",
    "CredentialsConfig",
    "GatewayConfig",
    "LimitsConfig",
    "LogConfig",
    "SipConfig",
    "SmscConfig",
    "SmscText",
    "SmscTlsConfig",
    "UserConfig",
    "WebConfig",
    "load",
    "loads",
]
