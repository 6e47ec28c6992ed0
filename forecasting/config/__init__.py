"""Settings: config.toml, environment and command line become one frozen `Settings`."""

from forecasting.config.alerts import TERMINAL_KINDS, AlertSettings, SinkKind, SinkSettings
from forecasting.config.lists import lists_file, save_columns, save_lists
from forecasting.config.loading import default_file, is_default, load, user_file
from forecasting.config.settings import STARTER_LISTS, ModelSettings, Settings, SourceName

__all__ = [
    "STARTER_LISTS", "TERMINAL_KINDS", "AlertSettings", "ModelSettings", "Settings", "SinkKind", "SinkSettings",
    "SourceName", "default_file", "is_default", "lists_file", "load", "save_columns", "save_lists",
    "user_file",
]
