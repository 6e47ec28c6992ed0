"""Figures as text: prices, percentages, ages, sparklines.

Pure and free of markup. A missing figure is "-", never 0; a figure that rounds to nothing carries no sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from math import floor, isfinite, log10

from forecasting.domain.decision import Signal, SignalKind
from forecasting.domain.forecast import BASELINE
from forecasting.domain.interval import Interval
from forecasting.frozen import dataclass

MISSING = "-"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The few characters outside ASCII that the screen uses, all one cell wide."""

    up: str
    down: str
    right: str
    wrong: str
    now: str           # the line between past and forecast
    spark: str         # eight heights
    bar_full: str
    bar_empty: str
    shades: str        # 95 %, 80 % and 50 % bands
    rule: str
    dash: str          # a line that another is measured by
    marker: str        # plotext marker for lines
    box: str           # plotext marker for bodies
    wick: str
    median: str        # plotext marker of a forecast's middle
    inside: str        # an outcome inside its band
    unseen: str        # an alert nobody has acknowledged
    sent: str          # from an alert to where it went
    halves: bool       # whether half cells can be drawn
    rising: str        # body of a candle that rose, where they cannot


UNICODE = Glyphs(
    "▲", "▼", "✓", "✗", "┆", "▁▂▃▄▅▆▇█", "█", "░", "░▒▓", "─", "╌", "braille", "█", "│", "━", "•", "●", "→", True, "█"
)
ASCII = Glyphs(
    "^", "v", "+", "x", "|", "_.,-=+*#", "#", ".", ".:%", "-", "-", ".", "#", "|", "=", "o", "*", "->", False, "+"
)


WHOLE = frozenset({"CLP", "HUF", "IDR", "KRW", "PYG", "VND"})
"""Currencies without a smaller unit in use, the yen aside."""
_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def price(value: float | None, currency: str = "", symbol: str = "") -> str:
    """A price with as many decimals as its market has: 183.22, 2871.5 (JPY), 58900 (KRW), 1.08512 (EURUSD=X), 1.23e-05.

    Where neither currency nor symbol says otherwise its size does. Never more than eight cells.
    """
    if value is None or not isfinite(value):
        return MISSING
    size = abs(value)
    if symbol.endswith("=X") and size >= 0.01:
        return f"{value:.{5 if size < 10 else 3 if size < 1_000 else 2}f}"
    if size >= 100_000 or (size >= 100 and currency in WHOLE):
        return f"{value:.0f}"
    if currency == "JPY" and size >= 100:       # Tokyo's ticks are half a yen below 3,000 and a yen above
        return f"{value:.{1 if size < 3_000 else 0}f}"
    if size >= 10_000:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.{3 if currency in _THOUSANDTHS else 2}f}"
    return f"{value:.4f}" if size >= 0.01 or size == 0 else f"{value:.3g}"


_SIGNS = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "KRW": "₩", "INR": "₹", "ILS": "₪", "CAD": "C$",
    "AUD": "A$", "NZD": "NZ$", "HKD": "HK$", "SGD": "S$", "TWD": "NT$", "BRL": "R$", "MXN": "MX$", "PLN": "zł",
}  # fmt: skip


def currency_sign(currency: str, glyphs: Glyphs) -> str:
    """What stands before an amount of a currency: €, or its code where there is no sign or no more than ASCII."""
    return currency if glyphs is ASCII else _SIGNS.get(currency, currency)


def signed_price(value: float | None, currency: str, room: int, glyphs: Glyphs) -> str:
    """A price behind the sign of its currency, in at most `room` cells: €239.57; decimals make room where they must."""
    if value is None or not isfinite(value):
        return MISSING
    sign = currency_sign(currency, glyphs)
    text = price(value, currency)
    decimals = len(text.partition(".")[2]) if "e" not in text else 0
    while len(sign + text) > room and decimals:
        decimals -= 1
        text = f"{value:.{decimals}f}"
    return sign + text


def in_currency(value: float | None, currency: str, symbol: str = "") -> str:
    """A price with its currency, where both are known: 240.10 EUR."""
    shown = price(value, currency, symbol)
    return shown if shown == MISSING or not currency else f"{shown} {currency}"


_MOST_DECIMALS = 6


def level(value: float, span: float) -> str:
    """A chart label: as many decimals as tell labels apart that are a fraction of `span` from each other."""
    if span >= 0.8:
        return f"{value:.0f}" if span >= 8 else f"{value:.1f}"
    decimals = 1 - floor(log10(span)) if span > 0 else _MOST_DECIMALS + 1
    return f"{value:.{decimals}f}" if decimals <= _MOST_DECIMALS else f"{value:.3g}"


def figure(value: float) -> str:
    """A figure of any size in few cells: 182.3, 0.0123, -45.2M."""
    if abs(value) >= 10_000:
        return ("-" if value < 0 else "") + quantity(abs(value))
    return f"{value:.0f}" if abs(value) >= 1_000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def signed(value: float | None, decimals: int = 1, unit: str = "") -> str:
    """A figure with its sign; without one where it rounds to zero."""
    if value is None or not isfinite(value):
        return MISSING
    text = f"{value:+.{decimals}f}"
    return (text if float(text) != 0 else f"{0:.{decimals}f}") + unit


def percent(value: float | None, decimals: int = 1) -> str:
    """Per cent with sign: +1.8%."""
    return signed(value, decimals, "%")


def share(value: float | None, decimals: int = 0) -> str:
    """A share of one as per cent: 0.78 -> 78%."""
    return MISSING if value is None else f"{value * 100:.{decimals}f}%"


def interval(low: float | None, high: float | None) -> str:
    """An interval of shares of one, in per cent: [46..58]."""
    return "" if low is None or high is None else f"[{low * 100:.0f}..{high * 100:.0f}]"


def probability(value: float) -> str:
    """A test's p value: 0.04, 0.003, <0.001."""
    return "<0.001" if value < 0.001 else f"{value:.3f}" if value < 0.01 else f"{value:.2f}"


def baseline(name: str) -> str:
    """What skill is measured against, where words are short: RW for the random walk."""
    return "RW" if name == BASELINE else name


def skill_interval(low: float | None, high: float | None) -> str:
    """An interval of skills, in per cent with signs: [-0.4..+2.8]."""
    return "" if low is None or high is None else f"[{signed(low * 100)}..{signed(high * 100)}]"


def band(low_pct: float | None, high_pct: float | None) -> str:
    """A band of per cent: -3.1..+4.8."""
    if low_pct is None or high_pct is None:
        return MISSING
    return f"{signed(low_pct)}..{signed(high_pct)}"


def arrow(value: float | None, glyphs: Glyphs, decimals: int = 1) -> str:
    """The direction of a figure as a glyph; nothing where the figure is missing or shown as zero."""
    if value is None or not isfinite(value) or round(value, decimals) == 0:
        return ""
    return glyphs.up if value > 0 else glyphs.down


def quantity(value: float | None) -> str:
    """A volume in thousands, millions or billions: 45.2M; nothing traded or not told is missing."""
    if not value:
        return MISSING
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return f"{value:.0f}"


def age(seconds: float | None) -> str:
    """How old something is, in its largest unit: 4s 3m 2h 5d. The future counts as now."""
    if seconds is None:
        return MISSING
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def countdown(seconds: float) -> str:
    """Time to go with two units: 2d4h, 2h10, 9m05, 42s."""
    whole = max(0, int(seconds))
    if whole >= 86_400:
        return f"{whole // 86_400}d{whole % 86_400 // 3_600}h"
    if whole >= 3_600:
        return f"{whole // 3_600}h{whole % 3_600 // 60:02d}"
    return f"{whole // 60}m{whole % 60:02d}" if whole >= 60 else f"{whole}s"


def span(seconds: float) -> str:
    """A length of time in the largest unit that tells it whole: 15 min, 1 h, 90 s."""
    whole = round(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= size and whole % size == 0:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def seconds_between(earlier: datetime | None, later: datetime) -> float | None:
    """Seconds from `earlier` to `later`, or None where there is no earlier."""
    return None if earlier is None else (later - earlier).total_seconds()


def sparkline(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """Values as `width` heights between their own lowest and highest, the newest at the right.

    Of more values than cells evenly spaced ones are shown, the newest among them; fewer leave blanks in front.
    """
    if not values or width < 1:
        return " " * width
    step = max(1.0, (len(values) - 1) / max(1, width - 1))
    shown = [values[len(values) - 1 - round(i * step)] for i in range(min(width, len(values)))][::-1]
    low, high = min(shown), max(shown)
    steps = len(glyphs.spark) - 1
    if high == low:
        line = glyphs.spark[steps // 2] * len(shown)
    else:
        line = "".join(glyphs.spark[round((v - low) / (high - low) * steps)] for v in shown)
    return line.rjust(width)


def progress_bar(done: float, width: int, glyphs: Glyphs) -> str:
    """A bar of `width` cells, `done` in 0..1."""
    full = round(min(max(done, 0.0), 1.0) * width)
    return glyphs.bar_full * full + glyphs.bar_empty * (width - full)


def clip(text: str, width: int) -> str:
    """`text` in at most `width` cells, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…" if width > 0 else ""


def local_time(moment: datetime) -> str:
    """The time of day on this machine's clock."""
    return moment.astimezone().strftime("%H:%M:%S")


def bars_ahead(count: int, interval: Interval) -> str:
    """How far ahead so many bars are: 5 d, 5 x 15m."""
    return f"{count} d" if interval is Interval.DAY else f"{count} x {interval}"


def bar_name(key: date) -> str:
    """A bar's session, or where bars are shorter the local time it opens."""
    return local_minute(key) if isinstance(key, datetime) else key.isoformat()


def bar_label(key: date, *, one_day: bool = False) -> str:
    """The same, short enough for an axis; where all are of one day, without it."""
    if not isinstance(key, datetime):
        return f"{key:%m-%d}"
    return key.astimezone().strftime("%H:%M" if one_day else "%d %H:%M")


def local_minute(moment: datetime) -> str:
    """Month, day, hour and minute on this machine's clock."""
    return moment.astimezone().strftime("%m-%d %H:%M")


def moment(time: datetime, now: datetime) -> str:
    """A time near now on this machine's clock: the time of day, with its date where that is not clear."""
    return local_minute(time)[6:] if abs((time - now).total_seconds()) < 43_200 else local_minute(time)


def local_second(moment: datetime) -> str:
    """Month, day and time of day on this machine's clock."""
    return moment.astimezone().strftime("%m-%d %H:%M:%S")


_OPINION = {1: "BUY", -1: "SELL", 0: "ODD"}

_KIND = {
    SignalKind.RSI_OVERSOLD: "RSI below 30",
    SignalKind.RSI_OVERBOUGHT: "RSI above 70",
    SignalKind.RSI_OVERSOLD_EXIT: "RSI back above 30",
    SignalKind.RSI_OVERBOUGHT_EXIT: "RSI back below 70",
    SignalKind.MACD_GOLDEN: "MACD golden cross",
    SignalKind.MACD_DEATH: "MACD death cross",
    SignalKind.MACD_TURN_UP: "MACD turns up",
    SignalKind.MACD_TURN_DOWN: "MACD turns down",
    SignalKind.DIVERGENCE_UP: "RSI higher, low lower",
    SignalKind.DIVERGENCE_DOWN: "RSI lower, high higher",
    SignalKind.VOLATILITY_HIGH: "volatility high",
    SignalKind.VOLATILITY_LOW: "volatility low",
    SignalKind.BAND_BREACH: "left the 95% band",
    SignalKind.BAND_RUN_80: "2 x outside 80% band",
    SignalKind.BAND_RUN_50: "3 x outside 50% band",
    SignalKind.FORECAST_UP: "forecast up",
    SignalKind.FORECAST_DOWN: "forecast down",
}


def opinion(signal: Signal) -> str:
    """A signal's direction in one word: BUY, SELL, or ODD where it only says "unusual"."""
    return _OPINION.get(signal.direction, "ODD")


def kind_name(kind: SignalKind) -> str:
    """A signal's kind in words."""
    return _KIND[kind]


def exchange_name(code: str) -> str:
    """A market's short name for a person: XNYS -> NYSE."""
    return _EXCHANGES.get(code, code)


_EXCHANGES = {
    "XNYS": "NYSE", "XNAS": "NASDAQ", "XLON": "LSE", "XETR": "XETRA", "XTKS": "TSE", "XPAR": "PARIS", "XAMS": "AMS",
    "XHKG": "HKEX", "XSWX": "SIX", "XTSE": "TSX", "XASX": "ASX", "XBOM": "BSE", "XSHG": "SSE", "XSTO": "STO",
    "XMIL": "MILAN", "XMAD": "BME", "XKRX": "KRX", "XTAI": "TWSE", "XSES": "SGX", "BVMF": "B3", "XJSE": "JSE",
    "CMES": "CME",
}


