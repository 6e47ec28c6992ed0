"""Keys that concern models and long work, and what the Models view asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from forecasting.errors import QuestionWithdrawn, TapecastError
from tui.screens.stage import Stage

if TYPE_CHECKING:
    from forecasting.service.backend import Step
    from tui.screens.models import ModelsView


class ModelActions(Stage):
    """Train, stop, ask for everything again."""

    def action_train(self) -> None:
        """Train the ensemble now."""
        self.done(self.engine.work.train)

    def action_cancel_work(self) -> None:
        """Stop the long jobs that run."""
        self.done(self.engine.work.cancel)

    def action_refresh_everything(self) -> None:
        """Ask the source again for all there is, histories too; say what it costs."""
        self.done(self.engine.work.ask_for_everything)

    def on_models_view_outdated(self) -> None:
        """Ask how the models stand."""
        from forecasting.service.model_board import AskModels

        view, engine = cast("ModelsView", self.query_one("#models")), self.engine
        self.fetch("models", lambda: engine.inquire(AskModels(), _silent), view.take_board, _told(view.take_board))

    def on_models_view_band_outdated(self, message: ModelsView.BandOutdated) -> None:
        """Ask why the band is this wide."""
        from forecasting.service.model_board import AskBand

        view, engine = cast("ModelsView", self.query_one("#models")), self.engine
        question = AskBand(message.symbol, tuple(row.symbol for row in self.place.snapshot.rows))
        self.fetch("band", lambda: engine.inquire(question, _silent), view.take_band, _told(view.take_band))


def _silent(step: Step) -> None:
    """Answers come within seconds; the view says that they are waited for."""


def _told(take: Callable[[str], None]) -> Callable[[TapecastError], None]:
    """Show an error in the view's own place; of a question that was taken back nobody wants to know."""
    def tell(error: TapecastError) -> None:
        if not isinstance(error, QuestionWithdrawn):
            take(str(error))

    return tell
