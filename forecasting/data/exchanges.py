"""Which exchange a symbol trades on, and which currencies are quoted in hundredths.

Yahoo marks the exchange with a suffix (`VOD.L`); the names on the right are those of exchange_calendars (ISO 10383
where there is one).
"""

from __future__ import annotations

import re

from forecasting.domain.market import Symbol

US = "XNYS"                # NYSE and NASDAQ share their hours and holidays
ALWAYS_OPEN = "24/7"
WEEKDAYS = "24/5"
FX = "FX"                  # 24/5 from Sunday to Friday, 17:00 in New York

# .AT (Athens) and .TA (Tel Aviv) are left out: exchange_calendars 4.13 cannot compute them with pandas 3.1.
_BY_SUFFIX = {
    "L": "XLON", "IL": "XLON", "DE": "XETR", "F": "XFRA", "DU": "XDUS", "HM": "XHAM", "SG": "XSTU", "PA": "XPAR",
    "AS": "XAMS", "BR": "XBRU", "LS": "XLIS", "MI": "XMIL", "MC": "XMAD", "SW": "XSWX", "VI": "XWBO", "IR": "XDUB",
    "CO": "XCSE", "ST": "XSTO", "HE": "XHEL", "OL": "XOSL", "IC": "XICE", "WA": "XWAR", "PR": "XPRA", "BD": "XBUD",
    "IS": "XIST", "JO": "XJSE", "SR": "XSAU", "T": "XTKS", "HK": "XHKG", "SS": "XSHG",
    "SZ": "XSHG", "KS": "XKRX", "KQ": "XKRX", "TW": "XTAI", "TWO": "XTAI", "SI": "XSES", "KL": "XKLS", "JK": "XIDX",
    "BK": "XBKK", "BO": "XBOM", "NS": "XBOM", "AX": "XASX", "NZ": "XNZE", "TO": "XTSE", "V": "XTSE", "NE": "XTSE",
    "CN": "XTSE", "SA": "BVMF", "MX": "XMEX", "BA": "XBUE", "SN": "XSGO",
}  # fmt: skip
_BY_INDEX = {
    "^FTSE": "XLON", "^FTMC": "XLON", "^GDAXI": "XETR", "^MDAXI": "XETR", "^TECDAX": "XETR", "^FCHI": "XPAR",
    "^STOXX50E": "XETR", "^STOXX": "XETR", "^AEX": "XAMS", "^BFX": "XBRU", "^IBEX": "XMAD", "^SSMI": "XSWX",
    "^ATX": "XWBO", "^OMX": "XSTO", "^N225": "XTKS", "^HSI": "XHKG", "^KS11": "XKRX", "^TWII": "XTAI", "^STI": "XSES",
    "^BSESN": "XBOM", "^NSEI": "XBOM", "^AXJO": "XASX", "^AORD": "XASX", "^NZ50": "XNZE", "^GSPTSE": "XTSE",
    "^BVSP": "BVMF", "^MXX": "XMEX",
}  # fmt: skip
EXCHANGES = frozenset({US, ALWAYS_OPEN, WEEKDAYS, FX, "CMES", *_BY_SUFFIX.values(), *_BY_INDEX.values()})
"""Every exchange that `exchange_of` names."""

_CRYPTO = re.compile(r"[A-Z0-9]{2,10}-(USD|EUR|GBP|JPY|CAD|AUD|CHF|KRW|INR|BTC|ETH)")
_MINOR_UNITS = {
    "GBp": ("GBP", 100.0), "GBX": ("GBP", 100.0), "ZAc": ("ZAR", 100.0), "ZAC": ("ZAR", 100.0), "ILA": ("ILS", 100.0),
    "KWF": ("KWD", 1000.0),
}  # fmt: skip


def exchange_of(symbol: Symbol) -> str:
    """The exchange whose sessions `symbol` follows, as exchange_calendars names it.

    Crypto pairs trade always, currency pairs around the clock in the week, futures with CME. An unknown suffix follows
    weekdays: at worst it waits for a bar on a local holiday, but it never takes New York's hours for another place's.
    """
    if symbol in _BY_INDEX:
        return _BY_INDEX[symbol]
    if symbol.endswith("=X"):
        return FX
    if symbol.endswith("=F"):
        return "CMES"
    if _CRYPTO.fullmatch(symbol):
        return ALWAYS_OPEN
    _, dot, suffix = symbol.rpartition(".")
    return _BY_SUFFIX.get(suffix, WEEKDAYS) if dot else US


def has_minor_unit(currency: str) -> bool:
    """Whether prices in `currency` may be quoted in parts of it."""
    return any(major == currency for major, _ in _MINOR_UNITS.values())


def major_unit(currency: object) -> tuple[str, float]:
    """The ISO currency a source means, and what to divide its prices by: 100 for pence, cents, agorot, 1000 for fils.

    Anything that cannot be a currency code is taken as not said: "".
    """
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Za-z]{3}", currency):
        return "", 1.0
    return _MINOR_UNITS.get(currency, (currency.upper(), 1.0))
