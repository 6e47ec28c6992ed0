"""Settings: config.toml, environment and command line become one frozen `Settings`."""

from forecasting.config.lists import lists_file, save_lists
from forecasting.config.loading import default_file, load, user_file
from forecasting.config.settings import STARTER_LISTS, ModelSettings, Settings, SourceName

__all__ = [
    "STARTER_LISTS", "ModelSettings", "Settings", "SourceName", "default_file", "lists_file", "load", "save_lists",
    "user_file",
]
