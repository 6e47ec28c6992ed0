"""One self-contained page of what is known: watchlist, forecasts, track record and calibration.

It loads nothing from anywhere and runs no script; names and messages come from outside, so every text is escaped. What
it shows is what the store holds: no source is asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.forecast import BASELINE, Forecast, Origin, is_shown_skill
from forecasting.domain.market import Symbol
from forecasting.domain.report import Metric
from forecasting.domain.scorecard import Scorecard
from forecasting.domain.snapshot import Health, SourceHealth, SymbolRow
from forecasting.service.accuracy import Accuracy, AskAccuracy
from forecasting.service.backend import OnStep
from forecasting.service.headless import Answer
from forecasting.service.opened import watchlist
from forecasting.service.out_file import STDOUT, check_out_file, write_out_file
from forecasting.service.places import place
from forecasting.service.report_svg import fan, histogram
from forecasting.service.scoring import accuracy
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.view import shown_forecast

HORIZONS = (1, 5, 10)
CLOSES = 60
_LONG = 36
"""Letters of a cell that stay on one line: a name from outside may have two hundred."""
_WRAPPED = ' class="long"'
_NOTHING = "no bars are stored of what is watched, so the page says nothing; run tapecast first, then this with --force"
_STYLE = """
:root { color-scheme: light dark; --fg: #1f2328; --bg: #fbfaf7; --dim: #5f6770; --rule: #d9d5ca; --band: #6b3fa0 }
@media (prefers-color-scheme: dark) { :root { --fg: #d7dde4; --bg: #0f141a; --dim: #93a0ad; --rule: #2a3642;
  --band: #c9a6ff } }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--bg); color: var(--fg);
  font: 15px/1.45 system-ui, sans-serif }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child { text-align: left } th, small, .dim { color: var(--dim); font-weight: normal }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem; margin-top: 1rem }
th { white-space: normal; vertical-align: bottom } .named td:nth-child(2), .named th:nth-child(2) { text-align: left }
.long { white-space: normal; min-width: 16rem; text-align: left; overflow-wrap: anywhere }
figure { margin: 0 } svg { width: 100%; height: auto; border: 1px solid var(--rule) }
.b50, .b80, .b95 { fill: var(--band) } .b95 { opacity: .2 } .b80 { opacity: .35 } .b50 { opacity: .6 }
.median, .past { fill: none; stroke: var(--band); stroke-width: 1.5 } .past { stroke: var(--fg) }
.margin { fill: var(--fg); opacity: .12 }
@media print { .wide { overflow: visible; font-size: 8px } figure, tr { break-inside: avoid } }
"""
_LEGEND = (
    "In brackets are 95 % intervals, over days rather than rows; n counts rows. CRPS scores the whole forecast, and DM"
    f" t is Diebold and Mariano's test of it: below -2 a model beats {BASELINE}, above 2 it loses. A band is right"
    " where as many outcomes are held as its name says. The columns show where outcomes fell in their forecasts, from"
    " lowest to highest: those of a right forecast are as high as the line, or within the margin around it."
)


def report(settings: Settings, path: Path, *, force: bool, on_step: OnStep) -> Answer:
    """Write the page to `path`, whole or not at all, for its owner alone; for `STDOUT` its text is in the answer.

    Raises:
        ConfigError: If the file is there and `force` is not given, or cannot be written.
    """
    check_out_file("--html", path, "text/html", ".html", force=force)
    now = datetime.now(UTC)
    with Store.open(place(settings, demo=False).store, interval=settings.source.interval) as store:
        symbols = watchlist(settings, store, demo=False).symbols
        page = make_page(store, symbols, settings.display.currency, now, on_step)
        notices = store.notices if store.market.last_sessions(symbols) else (*store.notices, _NOTHING)
    value: dict[str, Any] = {"html": str(path), "bytes": len(page.encode())}
    if path == STDOUT:
        return Answer({**value, "page": page}, notices, 0)
    write_out_file(path, page.encode(), force=force)
    return Answer(value, notices, 0)


def make_page(
    store: Store, symbols: tuple[Symbol, ...], currency: str | None, now: datetime, on_step: OnStep
) -> str:
    """The page's text, from what the store holds of the watched symbols."""
    source = SourceHealth("store", Health.OK, "ok")
    rows = SnapshotReader(store, currency).read(1, Status(now, (), symbols, source, (), None, (), None)).rows
    latest = store.ledger.latest(symbols)
    fans = []
    for symbol in symbols:
        shown = shown_forecast({name: entry.forecast for name, entry in latest.get(symbol, {}).items()})
        closes = [close for day, close in store.market.adjusted_closes(symbol).items()
                  if shown is not None and day <= shown.as_of_session]
        if shown is not None and closes:
            fans.append(_fan(shown, closes[-CLOSES:]))
    records = [
        found
        for origin in Origin
        for horizon in HORIZONS
        if (found := accuracy(store.ledger, AskAccuracy(symbols, None, horizon, origin), on_step)).models
    ]
    body = [
        "<h1>tapecast</h1>",
        f'<p class="dim">{len(symbols)} symbols, as known on {now:%Y-%m-%d %H:%M} UTC. Forecasts are opinions of '
        "models with the record below; none of this is advice.</p>",
        "<h2>Watchlist</h2>", _watchlist(rows),
        "<h2>Forecasts</h2>", f'<div class="cards">{"".join(fans)}</div>' if fans else "<p>No forecast yet.</p>",
        "<h2>Track record</h2>",
        f'<p class="dim">{escape(_LEGEND)}</p>' if records else "",
        *([_record(found) for found in records] or ["<p>No forecast has been settled yet: nothing is known.</p>"]),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>tapecast</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    """A table of texts; all are escaped here."""
    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    lines = ("<tr>" + "".join(f"<td{_WRAPPED * (len(text) > _LONG)}>{escape(text)}</td>" for text in row) + "</tr>"
             for row in rows)
    return f'<div class="wide"><table class="{kind}"><tr>{head}</tr>{"".join(lines)}</table></div>'


def _watchlist(rows: Sequence[SymbolRow]) -> str:
    return _table(
        ("symbol", "name", "last", "change", "price of (UTC)", "state", "5 ahead", "80 % band", "model"),
        (
            (
                row.symbol, row.alias, _price(row), _percent(row.change_pct, 2), _time(row.data_time), row.state.value,
                _percent(row.forecast_pct, 2), _band(row.low_80_pct, row.high_80_pct), row.model or row.error or "-",
            )
            for row in rows
        ),
        "named",
    )


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _price(row: SymbolRow) -> str:
    price = row.display_price
    if price is None:
        return "-"
    cents = price >= 10.0 or round(price, 4) == round(price, 2) > 0.0      # a pair of currencies has more decimals
    return f"{f'{price:,.2f}' if cents else f'{price:.6g}'} {row.display_currency or ''}".rstrip()


def _fan(shown: Forecast, closes: Sequence[float]) -> str:
    horizon = len(shown.log_returns)
    band = _band(*(100.0 * math.expm1(shown.log_return(horizon, level)) for level in (0.1, 0.9)))
    words = f"{shown.symbol}: {shown.model}, made on {shown.as_of_session}; 80 % within {band} at {horizon} ahead"
    return f"<figure>{fan(closes, shown)}<figcaption>{escape(words)}</figcaption></figure>"


def _record(found: Accuracy) -> str:
    """One horizon of one origin: every model, and the calibration of the best expected one."""
    rows = []
    for card in (one.card for one in found.models):
        test = "-" if card.against is None or card.model == BASELINE else f"{card.against.t:+.1f}"
        rows.append((
            card.model, _skill(card.crps, card), test, *(_share(band.held) for band in card.coverage),
            f"{card.coverage[1].width.value:.1f} / {card.coverage[1].width.baseline:.1f}",
            "no claim" if card.claims_nothing else f"{_share(card.hit_rate)} / {card.hit_rate.baseline:.0%}",
            "no claim" if card.claims_nothing else _skill(card.brier, card), _skill(card.r2, card),
            str(card.n), str(card.n_days),
        ))
    headings = (
        "model", f"CRPS skill on {BASELINE}", "DM t", "50 % held", "80 % held", "95 % held",
        "80 % width / baseline's, %", "hit / always-up", "Brier skill on a half", "R2 on no change", "n", "days",
    )
    card = found.models[0].card
    test = (
        f"the test needs {card.pit.n_days_needed} days apart, has {card.pit.n_days}" if card.pit.p_value is None
        else f"p {'< 0.001' if card.pit.p_value < 0.0005 else f'= {card.pit.p_value:.3f}'} of a flat histogram"
    )
    title = f"{found.horizon} ahead, {found.origin.value}"
    caption = f"PIT of {card.model}: {test}, n = {card.pit.n} on {card.pit.n_days} days"
    return (
        f"<h3>{escape(title)}</h3>{_table(headings, rows, 'record')}"
        f'<div class="cards"><figure>{histogram(card.pit)}<figcaption>{escape(caption)}</figcaption></figure></div>'
    )


def _percent(value: float | None, decimals: int = 1) -> str:
    return "-" if value is None else f"{_signed(value, decimals)} %"


def _signed(value: float, decimals: int = 1) -> str:
    """With its sign; without one where it rounds to zero."""
    text = f"{value:+.{decimals}f}"
    return text if float(text) else text[1:]


def _band(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{_signed(low)} .. {_signed(high)} %"


def _share(metric: Metric) -> str:
    return f"{metric.value:.0%} [{metric.low * 100:.0f}..{metric.high * 100:.0f}]"


def _skill(metric: Metric, card: Scorecard) -> str:
    """A skill with its interval, and plainly whether there is one."""
    if card.model == metric.baseline_name:
        return "baseline"
    if not card.long_enough or not math.isfinite(metric.skill_low):
        return f"needs {card.n_days_needed} days, has {card.n_days}"
    verdict = "" if is_shown_skill(metric.skill_low) else ", worse" if metric.skill_high < 0.0 else ", no skill"
    low, high = _signed(metric.skill_low * 100), _signed(metric.skill_high * 100)
    return f"{_percent(metric.skill * 100)} [{low}..{high}]{verdict}"
