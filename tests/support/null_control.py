"""T4, the null control: the whole pipeline on markets of pure chance, where nothing can be found.

GARCH-t random walks with a common factor go from bars through features, fits, walk-forward and scores. What counts is
what was found all the same: badges for a direction, in an evaluation and by a ticker's own record; intervals of a hit
rate that do not hold a half; and skill against the true spread. The suite runs a few seeds, the benchmark thirty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.domain.forecast import Origin
from forecasting.domain.report import ModelScore
from forecasting.evaluation.leaks import null_market
from forecasting.evaluation.report import model_scores
from forecasting.evaluation.significance import Interval, row_mean
from forecasting.evaluation.tally import Tally
from forecasting.evaluation.track_record import record
from forecasting.evaluation.walk_forward import Plan, walk_forward
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.models.base import Fitted, Model
from forecasting.trading import signals
from tests.support.controls import MOMENTUM, Probe, Teller, installed, oracle
from tests.support.ledger_rows import forecast, outcome

HORIZONS = (1, 5, 10)
CLAIMANTS = ("ensemble", "lstm", "momentum", "probe")
"""Who calls a direction: networks whose median is not zero, yesterday's move again, and a probe of all features."""

SPREADS = ("ensemble", "har", "ewma-t")
_ORACLE = "oracle"
_RECORD_DAYS = 250       # of a ticker's own record: a year


@dataclass(frozen=True, slots=True)
class Control:
    """What was found in one market of chance."""

    scores: tuple[ModelScore, ...]        # of the claimants, at every horizon
    skill: dict[str, Interval]            # of each spread, one session ahead: 1 - crps / crps(truth)
    records: int                          # tickers' own records that were asked for a direction
    supported: int                        # .. and supported one

    @property
    def badges(self) -> list[ModelScore]:
        """Directions found by the evaluation where there are none."""
        return [s for s in self.scores if s.directional]

    @property
    def missed(self) -> list[ModelScore]:
        """Hit rates whose interval does not hold a half."""
        return [s for s in self.scores if not s.hit_rate.low <= 0.5 <= s.hit_rate.high]

    @property
    def skilled(self) -> list[str]:
        """Spreads that came out better than the truth, beyond luck."""
        return [name for name, (_, low, _) in self.skill.items() if low > 0.0]


def null_control(seed: int, *, symbols: int = 12, sessions: int = 900, networks: int | None = None) -> Control:
    """Run the pipeline once.

    Args:
        seed: Of the market.
        symbols: How many random walks.
        sessions: Of each; the second half is forecast, in two folds.
        networks: In the ensemble; None for its default.
    """
    series, sigma = null_market(seed, symbols, sessions)
    panel = build_panel(series)
    first, last = sessions // 2, sessions - 1
    ahead = np.concatenate([sigma[:, 1:], sigma[:, -1:]], axis=1)        # of the move after each session
    tellers: dict[str, Model] = {
        _ORACLE: Teller(_ORACLE, oracle(ahead), []), "momentum": Teller("momentum", MOMENTUM, []), "probe": Probe(),
    }
    wanted = tuple(dict.fromkeys((_ORACLE, *SPREADS, *CLAIMANTS)))
    plan = Plan(wanted, first, last, HORIZONS, refit_every=(last - first + 1) // 2, seeds=networks)
    with installed(tellers):
        tally = walk_forward(panel, plan)
    scores = tuple(s for s in model_scores(tally, baseline="ewma") if s.model in CLAIMANTS)
    claims = [tellers[name].fit(panel, cut=first - 1) for name in ("momentum", "probe")]
    records = [r for fitted in claims for r in _records(fitted, panel, first)]
    return Control(scores, {m: _skill(tally, m) for m in SPREADS}, len(records), sum(records))


def _skill(tally: Tally, model: str) -> Interval:
    """CRPS against that of the true distribution, one session ahead, on the days that have a row."""
    ours, truth = (tally.by_day["crps"][tally.models.index(m), :, 0] for m in (model, _ORACLE))
    rows = tally.rows[:, 0]
    held = rows > 0
    reference = truth.sum() / rows.sum()
    return row_mean((truth - ours)[held] / reference, rows[held], horizon=1)


def _records(fitted: Fitted, panel: Panel, first: int) -> list[bool]:
    """Whether each ticker's own record of a year, at one and at five sessions, supports a direction."""
    at = range(first, first + _RECORD_DAYS)
    claims = fitted.predict(panel, at).p_up
    supported = []
    for n, symbol in enumerate(panel.symbols):
        for horizon in (1, 5):
            rows = [
                outcome(i, symbol=symbol, horizon=horizon, p_up=float(claims[n, i, horizon - 1]), actual=actual)
                for i, actual in enumerate(panel.targets[n, at, horizon - 1].tolist())
            ]
            own = record(rows, [], symbol=symbol, model="har-t", horizon=horizon, origin=Origin.LIVE)
            asked = forecast(symbol=symbol, p_up=(0.6,) * 10)
            supported.append(signals.direction(asked, own, horizon) is not None)
    return supported
