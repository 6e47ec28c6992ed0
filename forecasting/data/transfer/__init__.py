"""A store's rows as files that other programs read, and back: CSV, JSON lines, Parquet.

What cannot be asked for again and what a person has typed leaves and comes back: instruments and bars, the forecast
ledger with its outcomes, signals, alert rules, lists, holdings. What follows from these (indicators, records) and what
is only of the moment (quotes, sessions, runs) does not.
"""
