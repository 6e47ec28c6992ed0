"""Where prices come from and where they stay."""
