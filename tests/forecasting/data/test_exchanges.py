from __future__ import annotations

import pytest

from forecasting.data import exchanges
from forecasting.data.exchanges import exchange_of, major_unit
from forecasting.domain.market import Symbol


@pytest.mark.parametrize(
    ("symbol", "exchange"),
    [
        ("AAPL", "XNYS"), ("BRK-B", "XNYS"), ("^GSPC", "XNYS"), ("^VIX", "XNYS"), ("SYN-ALFA", "XNYS"),
        ("VOD.L", "XLON"), ("^FTSE", "XLON"), ("SAP.DE", "XETR"), ("MC.PA", "XPAR"), ("7203.T", "XTKS"),
        ("^N225", "XTKS"), ("0700.HK", "XHKG"), ("SHOP.TO", "XTSE"), ("BHP.AX", "XASX"), ("NESN.SW", "XSWX"),
        ("ASML.AS", "XAMS"), ("ENI.MI", "XMIL"), ("SAN.MC", "XMAD"), ("BTC-USD", "24/7"), ("ETH-BTC", "24/7"),
        ("EURUSD=X", "FX"), ("JPY=X", "FX"), ("ES=F", "CMES"), ("WHAT.ZZ", "24/5"),
    ],
)  # fmt: skip
def test_a_symbol_names_its_exchange(symbol: str, exchange: str) -> None:
    assert exchange_of(Symbol(symbol)) == exchange


def test_every_exchange_in_the_tables_has_a_calendar() -> None:
    import exchange_calendars

    known = set(exchange_calendars.get_calendar_names())
    named = {*exchanges._BY_SUFFIX.values(), *exchanges._BY_INDEX.values(), "24/7", "24/5", "CMES", "XNYS"}
    assert named <= known


@pytest.mark.parametrize(
    ("currency", "major"),
    [
        ("GBp", ("GBP", 100.0)), ("ZAc", ("ZAR", 100.0)), ("ILA", ("ILS", 100.0)), ("GBP", ("GBP", 1.0)),
        ("USD", ("USD", 1.0)), ("usd", ("USD", 1.0)), ("KWF", ("KWD", 1000.0)),
        (None, ("", 1.0)), ("\x1b[31", ("", 1.0)), (7, ("", 1.0)),
    ],
)  # fmt: skip
def test_pence_cents_and_agorot_are_hundredths(currency: object, major: tuple[str, float]) -> None:
    assert major_unit(currency) == major
