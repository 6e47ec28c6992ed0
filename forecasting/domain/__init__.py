"""Values anyone may hold: frozen dataclasses on the standard library, no I/O, cheap to import."""
