"""Symbols as people write them, and as Yahoo does."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forecasting.domain.market import parse_symbol
from forecasting.domain.spelling import nearest
from forecasting.errors import SymbolError


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("brk.b", "BRK-B"), ("BRK-B", "BRK-B"), ("bf.b", "BF-B"), ("RDS.A", "RDS-A"), ("BAC.PR.L", "BAC-PL"),
        ("bac.prl", "BAC-PL"), ("BBD.B.TO", "BBD-B.TO"), ("REI.UN.TO", "REI-UN.TO"), ("VOLV.B.ST", "VOLV-B.ST"),
        ("700.HK", "0700.HK"), ("0700.hk", "0700.HK"), ("00700.HK", "0700.HK"), ("80737.HK", "80737.HK"),
        ("vod.l", "VOD.L"), ("7203.t", "7203.T"), ("^gspc", "^GSPC"), ("eurusd=x", "EURUSD=X"), ("es=f", "ES=F"),
        ("btc-usd", "BTC-USD"), ("vtsax", "VTSAX"), ("XYZ.F", "XYZ.F"), ("ABC.V", "ABC.V"), (" nvda ", "NVDA"),
        ("WHAT.ZZ", "WHAT.ZZ"), ("PETR4.SA", "PETR4.SA"), ("005930.KS", "005930.KS"),
    ],
)  # fmt: skip
def test_what_can_mean_one_thing_only_is_written_yahoos_way(typed: str, meant: str) -> None:
    assert parse_symbol(typed) == meant
    assert parse_symbol(parse_symbol(typed)) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("VOD LN", "VOD.L"), ("VOD LN Equity", "VOD.L"), ("VOD.LN", "VOD.L"), ("LON:VOD", "VOD.L"), ("vod.uk", "VOD.L"),
        ("SAP GR", "SAP.DE"), ("ETR:SAP", "SAP.DE"), ("MC FP", "MC.PA"), ("7203 JP", "7203.T"), ("TYO:7203", "7203.T"),
        ("700 HK", "0700.HK"), ("HKG:0700", "0700.HK"), ("AAPL US", "AAPL"), ("AAPL.US", "AAPL"), ("AAPL.O", "AAPL"),
        ("NASDAQ:AAPL", "AAPL"), ("NYSE:BRK.B", "BRK-B"), ("BRK/B", "BRK-B"), ("BRK B", "BRK-B"), ("$AAPL", "AAPL"),
        ("EUR/USD", "EURUSD=X"), ("eur usd", "EURUSD=X"), ("BTC/USD", "BTC-USD"), ("S&P500", "^GSPC"),
        ("BT/A LN", "BT-A.L"), ("ASX:BHP", "BHP.AX"),
    ],
)  # fmt: skip
def test_a_foreign_spelling_is_refused_with_the_right_one(typed: str, meant: str) -> None:
    with pytest.raises(SymbolError, match="did you mean") as caught:
        parse_symbol(typed)
    assert str(caught.value).endswith(f"did you mean {meant}?")
    assert parse_symbol(meant) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("EURUSD", "EURUSD=X"), ("BTCUSD", "BTC-USD"), ("BTCUSDT", "BTC-USD"), ("SPX", "^GSPC"), ("BRKB", "BRK-B")],
)
def test_what_looks_right_but_may_be_unknown_has_a_nearest_spelling_too(typed: str, meant: str) -> None:
    assert parse_symbol(typed) == typed
    assert nearest(typed) == meant


@pytest.mark.parametrize("symbol", ["AAPL", "BRK-B", "VOD.L", "0700.HK", "EURUSD=X", "BTC-USD", "^GSPC", "??", ""])
def test_there_is_nothing_nearer_than_what_is_right_or_hopeless(symbol: str) -> None:
    assert nearest(symbol) is None


@given(st.text(max_size=24))
def test_any_text_is_a_symbol_or_a_clear_refusal(text: str) -> None:
    try:
        symbol, message = parse_symbol(text), ""
    except SymbolError as error:
        symbol, message = None, str(error)
    assert message.isprintable()
    assert symbol is None or parse_symbol(symbol) == symbol


@pytest.mark.parametrize("typed", ["ß", "ſAP", "ıBM", "ＡＡＰＬ", "\u0410\u0410PL"])
def test_letters_that_only_look_like_a_symbol_s_or_become_some_in_capitals_are_refused(typed: str) -> None:
    with pytest.raises(SymbolError, match="no ticker symbol"):
        parse_symbol(typed)


LETTERS = st.sampled_from("ABCZ019.^=-") | st.sampled_from("/\\?#%&:@;,'\"<>[]{}|~$ \t\n\r\x00\x1b\x07\u202e\uff21ß東")


@given(st.text(LETTERS | st.characters(), max_size=18))
@example("../../v7/finance/quote")
@example("AAPL?range=max")
@example("..")
@example("A..")
@example("ﬀ")        # one character that becomes two capitals
def test_any_text_is_a_symbol_that_stays_in_its_place_or_one_line(text: str) -> None:
    symbol, message = None, ""
    try:
        symbol = parse_symbol(text)
    except SymbolError as error:
        message = str(error)
    if symbol is None:
        assert message.isprintable()
        assert len(message) < 200
        return
    assert parse_symbol(symbol) == symbol
    assert symbol.isascii()
    assert Path("/data", f"{symbol}.csv").resolve() == Path(f"/data/{symbol}.csv")
    url = urlsplit(f"https://host/chart/{symbol}")
    assert (url.hostname, url.path, url.query, url.fragment) == ("host", f"/chart/{symbol}", "", "")
    assert urljoin("https://host/chart/", symbol) == url.geturl()
