"""What people act on: signals and their outcomes."""
