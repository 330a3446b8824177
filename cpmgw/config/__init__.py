"""etc/*.toml as frozen values; every fault names its file and key."""

from cpmgw.config.loading import Loaded, load, loads, read
from cpmgw.config.sections import (
    Config,
    CredentialsConfig,
    GatewayConfig,
    IwfConfig,
    LimitsConfig,
    LogConfig,
    MsrpConfig,
    MsrpRelayConfig,
    NumberPoolConfig,
    SipConfig,
    SmscConfig,
    SmscText,
    SmscTlsConfig,
    UserConfig,
    WebConfig,
    XdmsConfig,
)

__all__ = [
    "Config",
    "CredentialsConfig",
    "GatewayConfig",
    "IwfConfig",
    "LimitsConfig",
    "Loaded",
    "LogConfig",
    "MsrpConfig",
    "MsrpRelayConfig",
    "NumberPoolConfig",
    "SipConfig",
    "SmscConfig",
    "SmscText",
    "SmscTlsConfig",
    "UserConfig",
    "WebConfig",
    "XdmsConfig",
    "load",
    "loads",
    "read",
]
