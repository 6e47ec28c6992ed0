"""One small language for alert rules and filters: `rsi crosses above 30 and last > 100 for 2 bars`.

`fields` names what may be asked, `syntax` is the tree a text becomes, `tokens` and `parser` read it; `traits` says what
a rule looks at, `truth` is its conditions at work, and `evaluate` runs it over columns. It has no loops, no names
of its own and no way to reach anything but the columns it is given.
"""
