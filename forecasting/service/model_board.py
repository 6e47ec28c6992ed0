"""Questions about the models: which there are and how they stand, and what one band is made of. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.training import Epoch
from forecasting.service.backend import Key


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """One member of an ensemble."""

    label: str
    weight: float                   # in the ensemble's mean; all weights sum to 1
    seed: int
    rows: int | None = None         # trained on; None for members that are not trained by epochs
    kept: int | None = None         # the epoch whose weights it has
    warm_from: str | None = None    # model id it went on from; None: it began anew
    losses: tuple[Epoch, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One fit."""

    name: str
    model_id: str
    role: str                       # "champion", "challenger", "former"; "at work" of a model without rivals
    train_end: Key
    made_at: datetime | None = None         # None of what lives in memory alone
    train_start: Key | None = None          # first session trained on
    note: str = ""                          # expired; or how the challenger does
    members: tuple[MemberStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class CalibrationStatus:
    """What the tracker does to the ensemble's bands at one horizon. Factors on widths; 1: nothing."""

    horizon: int
    common: float           # on the 80 % band of every symbol
    middle: float           # on that of the middle symbol, the common one included
    narrowest: float
    widest: float
    lean: float             # reach of the upper 95 % tail over that of the lower one, of the middle symbol


@dataclass(frozen=True, slots=True)
class PastRun:
    """One long job that has been done, or tried."""

    kind: str
    started_at: datetime
    finished_at: datetime | None
    ok: bool | None                 # None: it runs, or its process died
    message: str


@dataclass(frozen=True, slots=True)
class ModelBoard:
    """How the models stand."""

    versions: tuple[Version, ...]               # champion, challenger, others at work, former ones; newest first
    calibration: tuple[CalibrationStatus, ...]  # empty before the tracker has been run in
    calibrated_symbols: int                     # that the tracker has learnt about
    alarms: tuple[str, ...]                     # that ring, with since when
    answers: tuple[str, ...]                    # what is done about them
    watched: int                                # live sessions settled that the watches rest on
    runs: tuple[PastRun, ...]                   # newest first
    trials: int                                 # trainings ever made with this store


@dataclass(frozen=True, slots=True)
class AskModels(Question[ModelBoard]):
    """How do the models stand?"""


@dataclass(frozen=True, slots=True)
class Part:
    """Why log sigma is what it is: baseline plus blocks plus gap. Sigma is that of the 80 % band, as a normal's."""

    name: str                               # the model itself, or one half of an ensemble
    weight: float
    log_sigma: float
    baseline: float                         # on the symbol's usual training day
    blocks: tuple[tuple[str, float], ...]   # kind of facts and what it adds in log sigma
    gap: float                              # what the blocks miss; 0 for HAR


@dataclass(frozen=True, slots=True)
class Band:
    """What the newest band of one symbol is made of."""

    symbol: Symbol
    as_of: Key
    horizon: int
    model: str
    model_id: str
    train_end: Key
    parts: tuple[Part, ...]                     # the model's own first, then its halves if it has any
    issued: tuple[float, float] | None = None   # the 80 % band in the ledger, log returns; None where there is none
    widened: float | None = None                # its width over the model's own: what calibration and alarms have done


@dataclass(frozen=True, slots=True)
class AskBand(Question[Band]):
    """Why is the band of `symbol` this wide, `horizon` bars ahead?"""

    symbol: Symbol
    symbols: tuple[Symbol, ...]     # all that are watched: some features are the market's
    horizon: int = 5
