"""What yfinance and curl raise, told in tapecast's own errors.

yfinance has no public error map: beside its own exceptions curl's, json's and plain KeyErrors escape. Anything not
known here is taken for data that could not be understood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from curl_cffi.requests import exceptions as curl
from yfinance import exceptions as yf

from forecasting.data.sources.yahoo_quotes import error_text
from forecasting.data.text import clean_text
from forecasting.domain.market import Symbol
from forecasting.errors import (
    DataError,
    SourceBroken,
    SourceError,
    SourceOffline,
    SourceRateLimited,
    SourceRefused,
    TapecastError,
)

_NO_BARS = ("Bad Request", "Unprocessable Entity")
"""Codes of a chart answer that speak of the range that was asked for; others but "Not Found" speak of Yahoo."""


class SaidNo(DataError):
    """Yahoo is well and has nothing to give."""


class NoSuchSymbol(SaidNo):
    """Yahoo says that it has nothing under this symbol."""

    kind = "unknown-symbol"


class NoBars(SaidNo):
    """Yahoo knows the symbol but sent no bars for the range."""

    kind = "no-data"


def chart_error(symbol: Symbol, error: object) -> DataError:
    """The error of our own that says what a chart answer's `error` means."""
    code = error.get("code") if isinstance(error, Mapping) else None
    told = f"{symbol}: Yahoo says '{error_text(error)}'"
    if code == "Not Found":
        return NoSuchSymbol(f"{told}; check the symbol's spelling")
    return (NoBars if code in _NO_BARS else DataError)(f"{told}; it is asked again later")


def classify(error: Exception, asked: str) -> TapecastError:
    """The error of our own that says what `error` means.

    Args:
        error: What came out of yfinance, curl or the reading of an answer.
        asked: What was asked of Yahoo, for the message: "quotes", "AAPL bars".

    Returns:
        A `SourceError` if Yahoo as a whole is concerned, a `DataError` if one answer is.
    """
    found = _reason(error)
    match error:
        case TapecastError():
            return error
        case yf.YFRateLimitError():
            return SourceRateLimited(f"yahoo: {asked}: asked for fewer requests; wait some minutes")
        case json.JSONDecodeError():
            return SourceBroken(f"yahoo: {asked}: unreadable answer ({_no_json(error)}); it is asked again later")
        case yf.YFDataException() | curl.IncompleteRead() | curl.ChunkedEncodingError():
            return SourceBroken(f"yahoo: {asked}: unreadable answer ({found}); it is asked again later")
        case curl.TooManyRedirects():
            return SourceBroken(f"yahoo: {asked}: sent from page to page; it is asked again later")
        case curl.HTTPError() if error.code:      # what came could not be unpacked, whatever its status says
            return SourceBroken(f"yahoo: {asked}: unreadable answer ({found}); it is asked again later")
        case curl.HTTPError():
            return from_status(error.response.status_code if error.response is not None else 0, asked)
        case curl.Timeout():
            return SourceOffline(f"yahoo: {asked}: no answer in time; check the network")
        case OSError():
            return SourceOffline(f"yahoo: {asked}: no answer ({found}); check the network")
        case _:
            found = f"{type(error).__name__}: {found}"
            return DataError(f"{asked}: answer not understood ({found}); it is asked again later")


def _no_json(error: json.JSONDecodeError) -> str:
    """What came in place of JSON, in a few words."""
    match error.doc.lstrip()[:1]:
        case "":
            return "nothing came"
        case "<":
            return f"a page, no data: {clean_text(error.doc, limit=40)}"
        case _:
            return f"no JSON: {clean_text(str(error), limit=100)}"


def _reason(error: Exception) -> str:
    """What the error says, without curl's preamble and its pointer to a manual."""
    said = str(error).partition("curl: ")[2].partition(". See http")[0] or str(error)
    return clean_text(said, limit=100) or type(error).__name__


def from_status(status: int, asked: str) -> SourceError:
    """The error behind an HTTP status of 400 and above."""
    match status:
        case 429 | 999:    # 999 is Yahoo's own "request denied"
            return SourceRateLimited(f"yahoo: {asked}: asked for fewer requests (HTTP {status})")
        case 401 | 403:
            return SourceRefused(f"yahoo: {asked}: cookie or key refused (HTTP {status}); it is asked again later")
        case _:
            return SourceBroken(f"yahoo: {asked}: server error (HTTP {status}); it is asked again later")
