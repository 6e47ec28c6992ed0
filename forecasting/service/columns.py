"""Which columns of the watch table a person has chosen, kept where the settings are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class ColumnChoice:
    """The columns in their order; none where the default is shown."""

    def __init__(
        self, keys: Sequence[str] = (), save: Callable[[Sequence[str]], None] = lambda keys: None
    ) -> None:
        self._keys = tuple(keys)
        self._save = save

    @property
    def keys(self) -> tuple[str, ...]:
        """See `forecasting.domain.columns`."""
        return self._keys

    def choose(self, keys: Sequence[str]) -> None:
        """Show just these from now on; none: the default again.

        Raises:
            ConfigError: If that cannot be written down; the columns stay as they were.
            StoreError: The same, where the store keeps them.
        """
        self._save(keys)
        self._keys = tuple(keys)

    def take(self, keys: Sequence[str]) -> None:
        """Show what has been written down already, by whoever edited the file."""
        self._keys = tuple(keys)
