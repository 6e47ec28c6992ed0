"""The headless commands' answers as plain text, for people without `--json`."""

from __future__ import annotations

import csv
import io
from typing import Any

from tui import format as fmt


def rows(value: dict[str, Any]) -> str:
    """The watchlist, a line per symbol."""
    lines = [f"{'SYMBOL':10} {'LAST':>12} {'CHG%':>7}  {'STATE':5} {'FCST 5d':>8}  80% BAND"]
    for row in value["rows"]:
        fc, error = row["forecast"], row["error"]
        if error is not None and row["last"] is None:
            lines.append(f"{row['symbol']:10} {error['message']}")
            continue
        band = "" if fc is None else (
            f"{fmt.percent(fc['median_pct'], 2):>8}  {fmt.band(fc['low_80_pct'], fc['high_80_pct'])} {fc['model']}"
        )
        last = fmt.in_currency(row["display_price"], row["display_currency"] or "", row["symbol"])
        change = fmt.signed(row["change_pct"], 2)
        lines.append(f"{row['symbol']:10} {last:>12} {change:>7}  {row['state']:5} {band}".rstrip())
    return "\n".join(lines)


_COLUMNS = ("symbol", "last", "currency", "change_pct", "data_time", "age_s", "state", "source")


def csv_rows(value: dict[str, Any]) -> str:
    """The watchlist as comma-separated values, a row per symbol; what is missing is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_COLUMNS, "signal", "model", "median_pct", "low_80_pct", "high_80_pct", "p_up", "error"))
    for row in value["rows"]:
        forecast = row["forecast"] or {}
        writer.writerow((
            *(row[name] for name in _COLUMNS), (row["signal"] or {}).get("kind"),
            *(forecast.get(name) for name in ("model", "median_pct", "low_80_pct", "high_80_pct", "p_up")),
            (row["error"] or {}).get("message"),
        ))
    return text.getvalue().rstrip("\n")


def one_line(value: dict[str, Any]) -> str:
    """Symbols, prices and changes on one line; a price that is not live says what it is."""
    def cell(row: dict[str, Any]) -> str:
        if row["last"] is None:
            return f"{row['symbol']} {row['state']}"
        change = "" if row["change_pct"] is None else f" {fmt.percent(row['change_pct'])}"
        state = "" if row["state"] == "LIVE" else f" {row['state']}"
        return f"{row['symbol']} {fmt.price(row['last'], symbol=row['symbol'])}{change}{state}"

    return " | ".join(map(cell, value["rows"]))


def forecasts(value: list[dict[str, Any]]) -> str:
    """Forecasts, a line per target session."""
    lines = []
    for one in value:
        if "error" in one:
            lines.append(f"{one['symbol']}: {one['error']['message'].removeprefix(one['symbol'] + ': ')}")
            continue
        fit = f"{one['model']}, trained to {one['train_end']}"
        lines.append(f"{one['symbol']}  {fit}, last close {fmt.price(one['last_close'], symbol=one['symbol'])}")
        for step in one["horizons"]:
            by_level = zip(step["levels"], step["prices"], strict=True)
            price = {level: fmt.price(value, symbol=one["symbol"]) for level, value in by_level}
            when = _when(step["target_time"], one["interval"])
            lines.append(
                f"  {when}  {price[0.5]:>10}   80%  {price[0.1]} .. {price[0.9]}"
                f"   95%  {price[0.025]} .. {price[0.975]}   p(up) {step['p_up']:.2f}"
            )
    return "\n".join(lines)


def indicators(value: list[dict[str, Any]]) -> str:
    """Indicators, a line per bar."""
    def figure(number: float | None) -> str:
        return f"{'-':>9}" if number is None else f"{number:9.3f}"

    wide = max((len(r["time"][:16]) for r in value), default=10)
    head = f"{'SESSION':{wide}} {'CLOSE':>11} {'RSI':>9} {'MACD':>9} {'SIGNAL':>9} {'HIST':>9}"
    lines = (
        f"{r['time'][:16].replace('T', ' ')} {r['close']:11,.2f} {figure(r['rsi'])} {figure(r['macd'])}"
        f" {figure(r['macd_signal'])} {figure(r['macd_hist'])}"
        for r in value
    )
    return "\n".join((head, *lines))


def _when(time: str, interval: str) -> str:
    """The day of an ISO time, and its minute where bars are shorter than a session (UTC)."""
    return time[:10] if interval == "1d" else time[:16].replace("T", " ")
