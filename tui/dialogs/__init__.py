"""Small typed screens that ask one thing."""
