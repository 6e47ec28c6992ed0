"""The accuracy view in words and small tables. No figure without its interval, its baseline and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose, isfinite

from rich.text import Text

from forecasting.domain.forecast import BASELINE, is_shown_skill
from forecasting.domain.report import Metric
from forecasting.domain.scorecard import Pit, Scorecard
from forecasting.service.accuracy import Accuracy, ModelAccuracy, PastForecast
from tui import format as fmt
from tui.fitting import fitted
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.figure_table import figure_table


@dataclass(frozen=True, slots=True)
class Pen:
    """What words are written with."""

    palette: Palette
    glyphs: Glyphs
    room: int          # cells of a line
    unit: str          # what days are called: sessions, or bars where they are shorter

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> Text:
        """A table as wide as there is room."""
        return figure_table(headings, rows, self.room, self.palette.muted)

    def needs(self, card: Scorecard) -> str:
        """Why there is no interval yet."""
        return f"needs {card.n_days_needed} {self.unit}, has {card.n_days}"

    def model(self, card: Scorecard, shown: Scorecard) -> Text:
        """A model's name; that of the one shown stands out."""
        return Text(card.model, f"bold {self.palette.forecast}" if card is shown else self.palette.forecast)

    def skill(self, metric: Metric, card: Scorecard) -> Text:
        """A skill in per cent with its interval, crossed where it is not shown to be above zero."""
        if card.model == BASELINE and metric.baseline_name == BASELINE:
            return Text("baseline", self.palette.muted)
        if not card.long_enough or not isfinite(metric.skill_low):
            return Text(self.needs(card), self.palette.muted)
        proven = is_shown_skill(metric.skill_low)
        figure = fmt.percent(metric.skill * 100) + ("" if proven else self.glyphs.wrong)
        bounds = fmt.skill_interval(metric.skill_low, metric.skill_high)
        colour = self.palette.success if proven else self.palette.muted
        return Text.assemble((figure, colour), (f" {bounds}", self.palette.muted))

    def share(self, metric: Metric) -> Text:
        """A share with its interval; muted where that is too wide for the share to be read."""
        resolved = metric.high - metric.low < 0.10
        text = f"{fmt.share(metric.value)} {fmt.interval(metric.low, metric.high)}"
        return Text(text, "" if resolved else self.palette.muted)

    def hit(self, card: Scorecard) -> Text:
        """The hit rate of a model that claims a direction."""
        return Text("no claim", self.palette.muted) if card.claims_nothing else self.share(card.hit_rate)

    def beside_always_up(self, card: Scorecard) -> Text:
        """The hit rate, and always-up's on the same rows."""
        return self.hit(card).append(f" / {fmt.share(card.hit_rate.baseline)}", self.palette.muted)

    def judged(self, text: Text, metric: Metric, card: Scorecard) -> Text:
        """`text`, and what a skill comes to, plainly; why, where the line has room for it."""
        word, *why = self._verdict(metric, card)
        return fitted([(0, text, word), (1, *why)], self.room)

    def _verdict(self, metric: Metric, card: Scorecard) -> tuple[Text, ...]:
        if not card.long_enough or not isfinite(metric.skill_low):
            return (Text(f"cannot be told yet: {self.needs(card)}", self.palette.muted),)
        if is_shown_skill(metric.skill_low):
            return (Text("skill", f"bold {self.palette.success}"),)
        if metric.skill_high < 0.0:
            return (Text(f"worse than {metric.baseline_name}", f"bold {self.palette.warning}"),)
        none = f"bold {self.palette.muted}"
        return Text("no skill", none), Text(", its interval reaches zero", none)


def stays(card: Scorecard) -> bool:
    """Whether every median was no change."""
    return isclose(card.rmse.value, card.rmse.baseline, rel_tol=1e-12)


def _pair(metric: Metric, decimals: int = 2) -> Text:
    return Text(f"{metric.value:.{decimals}f} / {metric.baseline:.{decimals}f}")


def summary(accuracy: Accuracy, shown: ModelAccuracy, pen: Pen) -> Text:
    """Every model in one line, then what it comes to for the one shown."""
    rows = []
    for card in (m.card for m in accuracy.models):
        test = fmt.MISSING if card.against is None or card.model == BASELINE else f"{card.against.t:+.1f}"
        held = pen.share(card.coverage[1].held)
        rows.append((
            pen.model(card, shown.card), pen.skill(card.crps, card), Text(str(card.n_days)), held,
            pen.beside_always_up(card), Text(str(card.n)), Text(test), _pair(card.crps),
        ))
    headings = ("model", "CRPS skill", pen.unit, "80% held", "hit / always up", "n", "DM t", "CRPS% / RW")
    return Text("\n").join([pen.table(headings, rows), Text(), *_sentences(shown.card, pen)])


def _sentences(card: Scorecard, pen: Pen) -> list[Text]:
    """Spread, band, direction and level of one model, a line each."""
    muted, crps, held, width = pen.palette.muted, card.crps, card.coverage[1].held, card.coverage[1].width
    spread = Text("spread     ", muted)
    if card.model == BASELINE:
        spread.append(f"{BASELINE} is the baseline the others are measured by")
    else:
        if card.long_enough:
            spread.append_text(pen.skill(crps, card)).append(" ")
        spread = pen.judged(spread.append(f"on {BASELINE}'s CRPS: "), crps, card)
    band = Text("80% band   ", muted).append_text(pen.share(held))
    band.append(f" of {card.n} held: ").append_text(_fits(held, pen, enough=card.long_enough))
    band.append(f"; {width.value:.1f}% wide, {BASELINE} {width.baseline:.1f}%")
    direction = Text("direction  ", muted)
    always_up = fmt.share(card.hit_rate.baseline)
    if card.claims_nothing:
        direction.append(f"claims none, P(up) is 50% throughout; always-up scored {always_up}")
    else:
        direction.append_text(pen.share(card.hit_rate)).append(f" against always-up's {always_up}: ")
        direction = pen.judged(direction, card.hit_rate, card)
    return [spread, band, direction, _level(card, pen)]


def _level(card: Scorecard, pen: Pen) -> Text:
    text, r2 = Text("level      ", pen.palette.muted), card.r2
    if stays(card):
        return text.append("the median is no change: nothing is claimed")
    bounds = fmt.skill_interval(r2.low, r2.high) if isfinite(r2.low) else ""
    text.append(f"R2 {fmt.percent(r2.value * 100)} {bounds} against no change: ")
    return pen.judged(text, r2, card)


def _fits(held: Metric, pen: Pen, *, enough: bool) -> Text:
    """What a band's coverage comes to."""
    if held.high < held.baseline:
        return Text("too narrow", f"bold {pen.palette.warning}")
    if held.low > held.baseline:
        return Text("too wide", f"bold {pen.palette.warning}")
    return Text("fits", pen.palette.success) if enough else Text("too few to tell", pen.palette.muted)


def calibration(accuracy: Accuracy, shown: ModelAccuracy, pen: Pen) -> Text:
    """Coverage against nominal with width beside the baseline's, of the one shown and of the others."""
    rows = [
        (
            Text(f"{band.level:.0%} band"), pen.share(band.held), _fits(band.held, pen, enough=shown.card.long_enough),
            Text(f"{band.width.value:.1f}% / {band.width.baseline:.1f}%"), pen.skill(band.score, shown.card),
            Text(str(band.held.n), pen.palette.muted),
        )
        for band in shown.card.coverage
    ]
    others = []
    for card in (m.card for m in accuracy.models):
        band, p_value = card.coverage[1], card.pit.p_value
        others.append((
            pen.model(card, shown.card), pen.share(band.held), Text(f"{band.width.value:.1f}%"),
            Text(fmt.MISSING if p_value is None else fmt.probability(p_value)), pen.skill(band.score, card),
            Text(str(card.n_days), pen.palette.muted),
        ))
    return Text("\n").join([
        pen.table((shown.card.model, "held", "", "width / RW", "Winkler skill", "n"), rows),
        _pit_sentence(shown.card.pit, pen), Text(),
        pen.table(("80% band", "held", "width", "PIT p", "Winkler skill", pen.unit), others),
    ])


def _pit_sentence(pit: Pit, pen: Pen) -> Text:
    text = Text("PIT  ", pen.palette.muted)
    if pit.p_value is None:
        return text.append(f"test needs {pit.n_days_needed} {pen.unit} that do not overlap, has {pit.n_days}",
                           pen.palette.muted)
    if pit.p_value >= 0.05:
        text.append("not told from flat", pen.palette.success)
    else:
        ends = (pit.shares[0] + pit.shares[-1]) * len(pit.shares) / 2.0
        text.append(f"not flat, {'too many at the ends' if ends > 1.0 else 'too few at the ends'}",
                    f"bold {pen.palette.warning}")
    return text.append(f"  p={fmt.probability(pit.p_value)}, n={pit.n} on {pit.n_days} {pen.unit} apart",
                       pen.palette.muted)


def errors(accuracy: Accuracy, shown: ModelAccuracy, pen: Pen) -> Text:
    """Errors of the median as a point forecast, each beside those of no change."""
    card = shown.card
    rows = [
        (Text(name), Text(f"{m.value:.3f}%"), Text(f"{m.baseline:.3f}%"), _moved(pen, m, card))
        for name, m in (("RMSE", card.rmse), ("MAE", card.mae), ("MAPE of the price", card.mape))
    ]
    rows.append((Text("R2 out of sample"), Text(fmt.percent(card.r2.value * 100, 2)), Text("0%"),
                 _moved(pen, card.r2, card)))
    others = [
        (
            pen.model(c, card), _moved(pen, c.r2, c), _pair(c.rmse), _pair(c.mae), _pair(c.mape),
            Text(str(c.n), pen.palette.muted), Text(str(c.n_days), pen.palette.muted),
        )
        for c in (m.card for m in accuracy.models)
    ]
    return Text("\n").join([
        pen.table((card.model, "median", "no change", "skill"), rows),
        _level(card, pen), Text(),
        pen.table(("beside RW", "R2 skill", "RMSE% / RW", "MAE% / RW", "MAPE% / RW", "n", pen.unit), others),
    ])


def _moved(pen: Pen, metric: Metric, card: Scorecard) -> Text:
    """A skill of the median; none where that is no change itself."""
    return Text("no change", pen.palette.muted) if stays(card) else pen.skill(metric, card)


def direction(accuracy: Accuracy, shown: ModelAccuracy, pen: Pen) -> Text:
    """Hits beside always-up, the Brier score of P(up), and its reliability."""
    card = shown.card
    rows = [
        (
            pen.model(c, card), pen.beside_always_up(c), _claimed(pen, c.hit_rate, c), Text(str(c.n)),
            _claimed(pen, c.brier, c), _mcc(pen, c), Text(f"{c.brier.value:.4f}"),
        )
        for c in (m.card for m in accuracy.models)
    ]
    bins = [
        (Text(fmt.share(b.said, 1)), Text(fmt.share(b.came)), Text(fmt.interval(b.low, b.high), pen.palette.muted),
         Text(str(b.n)))
        for b in card.reliability
    ]
    headings = ("model", "hit / always up", "gain", "n", "Brier on a half", "MCC", "Brier")
    return Text("\n").join([
        pen.table(headings, rows), Text(), *_brier_sentences(card, pen), Text(),
        pen.table(("P(up) said", "came up", "95%", "n"), bins),
    ])


def _claimed(pen: Pen, metric: Metric, card: Scorecard) -> Text:
    """A skill of claiming; none where nothing is claimed."""
    return Text(fmt.MISSING, pen.palette.muted) if card.claims_nothing else pen.skill(metric, card)


def _mcc(pen: Pen, card: Scorecard) -> Text:
    mcc = card.mcc
    if card.claims_nothing or not isfinite(mcc.low):
        return Text(fmt.MISSING, pen.palette.muted)
    return Text(f"{mcc.value:+.2f}").append(f" [{mcc.low:+.2f}..{mcc.high:+.2f}]", pen.palette.muted)


def _brier_sentences(card: Scorecard, pen: Pen) -> list[Text]:
    if card.claims_nothing:
        return [Text(f"{card.model} claims no direction: P(up) is 50% throughout", pen.palette.muted)]
    text = Text("Brier  ", pen.palette.muted).append(f"{card.brier.value:.4f}")
    if card.long_enough:
        text.append(", ").append_text(pen.skill(card.brier, card))
    lines = [pen.judged(text.append(f" on a half's {card.brier.baseline:.4f}: "), card.brier, card)]
    if card.murphy is not None:
        parts = card.murphy
        lines.append(Text(
            f"Murphy  reliability {parts.reliability:.4f} - resolution {parts.resolution:.4f} + uncertainty "
            f"{parts.uncertainty:.4f}", pen.palette.muted,
        ))
    return lines


def past(shown: ModelAccuracy, pen: Pen, *, named: bool) -> Text:
    """The newest settled forecasts, newest first; `named` where they are of several symbols."""
    if not shown.past:
        return Text("nothing settled yet", pen.palette.muted)
    rows = [_past_cells(one, pen, named=named) for one in reversed(shown.past)]
    headings = ("settled", *(("symbol",) if named else ()), "came", "", "80% band", "median", "P(up)", "", "CRPS / RW",
                "made")
    return pen.table(headings, rows)


def _past_cells(one: PastForecast, pen: Pen, *, named: bool) -> tuple[Text, ...]:
    palette, glyphs = pen.palette, pen.glyphs
    low, high = one.bands[1]
    held = low <= one.actual <= high
    claim = (one.p_up > 0.5) - (one.p_up < 0.5)
    moved = (one.actual > 0.0) - (one.actual < 0.0)
    right = Text(fmt.MISSING, palette.muted)
    if claim and moved:
        right = Text(glyphs.right, palette.success) if claim == moved else Text(glyphs.wrong, palette.down)
    rival = fmt.MISSING if one.crps_baseline is None else f"{one.crps_baseline * 100:.2f}"
    return (
        Text(fmt.bar_name(one.target)), *((Text(one.symbol, "bold"),) if named else ()),
        Text(fmt.percent(one.actual * 100, 2)), Text("in", palette.muted) if held else Text("OUT", palette.warning),
        Text(fmt.band(low * 100, high * 100)), Text(fmt.percent(one.median * 100, 2)), Text(fmt.share(one.p_up)), right,
        Text(f"{one.crps * 100:.2f} / {rival}"), Text(fmt.bar_name(one.made), palette.muted),
    )
