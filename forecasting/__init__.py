"""Everything of tapecast that is true without a screen."""
