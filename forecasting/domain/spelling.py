"""How Yahoo writes a symbol, and what a person may have meant by one written another way.

`yahoo_style` changes what can only mean one thing: class shares (`BRK.B`), the zeros of Hong Kong. `nearest` guesses,
for a message and for nothing else: who types `VOD LN` is told of `VOD.L`, not given it.
"""

from __future__ import annotations

import re

_CLASS = re.compile(r"([A-Z]{1,5})\.([A-E])")                            # BRK.B; other letters are exchanges
_PREFERRED = re.compile(r"([A-Z]{1,5})\.PR\.?([A-Z])")                   # BAC.PR.L
_CLASS_ABROAD = re.compile(r"([A-Z0-9]{1,6})\.([A-Z]{1,2})\.([A-Z]{1,3})")      # BBD.B.TO, REI.UN.TO, VOLV.B.ST
_HONG_KONG = re.compile(r"0*([1-9][0-9]{0,4})\.HK")

_ABROAD = {
    "L": ("LN", "UK", "LON", "LSE"), "DE": ("GR", "GY", "ETR", "XETRA", "XETR"), "F": ("GF", "FRA"),
    "PA": ("FP", "EPA", "FR"), "AS": ("NA", "AMS"), "BR": ("BB", "EBR"), "MI": ("IM", "BIT"), "MC": ("SM", "BME"),
    "SW": ("SE", "VX", "SWX"),
    "ST": ("STO",), "CO": ("DC", "CPH"), "HE": ("FH", "HEL"), "OL": ("NO", "OSL"), "T": ("JP", "JT", "TYO"),
    "HK": ("HKG", "HKEX", "SEHK"), "SS": ("CG", "SHA", "SSE"), "SZ": ("CS", "SHE", "SZSE"), "KS": ("KP", "KRX"),
    "KQ": ("KOSDAQ",), "TW": ("TT", "TPE"), "SI": ("SP", "SGX"), "AX": ("AU", "ASX"), "NZ": ("NZE", "NZX"),
    "TO": ("CT", "TSX"), "V": ("CV", "CVE", "TSXV"), "SA": ("BZ", "BVMF"), "MX": ("MM", "BMV"), "JO": ("SJ", "JSE"),
    "NS": ("NSE",), "BO": ("IB", "BOM", "BSE"),
    "": ("US", "UW", "UN", "UQ", "UR", "N", "O", "NYSE", "NASDAQ", "AMEX", "ARCA"),
}  # fmt: skip
_SUFFIX = {name: suffix for suffix, names in _ABROAD.items() for name in names}
"""What others call an exchange (a suffix, a prefix, a second word) -> Yahoo's suffix."""

_AFTER_A_DOT = frozenset("LN UK GR GY FP IM JP JT US O N AU LON LSE TYO HKG".split())
"""Those that follow a dot elsewhere and are no suffix of Yahoo's."""

_CURRENCIES = "USD EUR GBP JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF TRY ZAR MXN BRL CNY HKD SGD KRW INR ILS THB"
_COINS = "BTC ETH XRP SOL BNB ADA DOGE LTC DOT AVAX LINK TRX XLM BCH SHIB"
_PAIR = re.compile(rf"({_CURRENCIES.replace(' ', '|')})[/.\-_ ]?({_CURRENCIES.replace(' ', '|')})(?:=X)?")
_COIN = re.compile(rf"({_COINS.replace(' ', '|')})[/._ ]?({_CURRENCIES.replace(' ', '|')})T?")
_INDICES = {
    "SPX": "^GSPC", "INX": "^GSPC", "SP500": "^GSPC", "S&P500": "^GSPC", "GSPC": "^GSPC", "NDX": "^NDX",
    "IXIC": "^IXIC", "COMP": "^IXIC", "DJI": "^DJI", "DJIA": "^DJI", "RUT": "^RUT", "VIX": "^VIX", "GDAXI": "^GDAXI",
    "DAX": "^GDAXI", "FTSE": "^FTSE", "UKX": "^FTSE", "FTSE100": "^FTSE", "CAC40": "^FCHI", "CAC": "^FCHI",
    "STOXX50E": "^STOXX50E", "SX5E": "^STOXX50E", "N225": "^N225", "NKY": "^N225", "NIKKEI": "^N225", "HSI": "^HSI",
    "SMI": "^SSMI",
}  # fmt: skip
_JOINED = {"BRKA": "BRK-A", "BRKB": "BRK-B", "BFA": "BF-A", "BFB": "BF-B"}


def yahoo_style(symbol: str) -> str:
    """`symbol`, in capitals, as Yahoo writes it; unchanged where that is not certain."""
    if share := _CLASS.fullmatch(symbol):
        return f"{share[1]}-{share[2]}"
    if share := _PREFERRED.fullmatch(symbol):
        return f"{share[1]}-P{share[2]}"
    if share := _CLASS_ABROAD.fullmatch(symbol):
        return f"{share[1]}-{share[2]}.{share[3]}"
    if listed := _HONG_KONG.fullmatch(symbol):
        return f"{listed[1]:0>4}.HK"
    return symbol


def foreign(symbol: str) -> bool:
    """Whether `symbol` ends in an exchange's name that is in use elsewhere and not at Yahoo."""
    stem, dot, suffix = symbol.rpartition(".")
    return bool(stem and dot) and suffix in _AFTER_A_DOT


def nearest(text: str) -> str | None:
    """What `text` most likely means in Yahoo's spelling, if that is something else; None without a good guess."""
    typed = text.strip().upper().removeprefix("$").removesuffix(" EQUITY").strip()
    guess = _guess(typed)
    return guess if guess not in (None, text.strip().upper()) else None


def _guess(typed: str) -> str | None:
    if pair := _PAIR.fullmatch(typed):
        return f"{pair[1]}{pair[2]}=X"
    if coin := _COIN.fullmatch(typed):
        return f"{coin[1]}-{coin[2]}"
    if known := _INDICES.get(typed) or _JOINED.get(typed):
        return known
    if found := re.fullmatch(r"([A-Z]{2,6}):([A-Z0-9.\-]{1,10})", typed):             # LON:VOD
        return _at(found[2], found[1])
    if found := re.fullmatch(r"([A-Z0-9.\-/]{1,10})[ .]([A-Z]{1,6})", typed):         # VOD LN, VOD.LN
        return _at(found[1], found[2])
    if found := re.fullmatch(r"([A-Z]{1,5})[/ ]([A-E])", typed):                      # BRK/B
        return f"{found[1]}-{found[2]}"
    return typed if re.fullmatch(r"[A-Z]{1,5}", typed) else None                      # $AAPL


def _at(name: str, exchange: str) -> str | None:
    """`name` at an exchange as others call it, or as Yahoo does."""
    suffix = exchange if exchange in _ABROAD else _SUFFIX.get(exchange)
    if suffix is None:
        return f"{name}-{exchange}" if re.fullmatch(r"[A-E]", exchange) else None
    # Within a market a class share carries a dash: BRK.B US -> BRK-B, BT/A LN -> BT-A.L.
    stem = re.sub(r"[./]([A-Z]{0,2})$", lambda end: f"-{end[1]}" if end[1] else "", name)
    return yahoo_style(f"{stem}.{suffix}" if suffix else stem)
