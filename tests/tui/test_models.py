"""View 6: training, versions, record, band; and the keys of long work."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console, Group, RenderableType
from rich.text import Text
from textual.pilot import Pilot
from textual.widgets import Static

from forecasting.domain.snapshot import Health, JobStatus
from forecasting.errors import WorkerCrashed
from forecasting.service.model_board import AskBand, AskModels
from tests.support.fake_engine import NOW
from tests.support.fake_models import epochs, fill_models, training
from tests.support.tui import COLOURS, fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.charts.losses import loss_charts
from tui.format import UNICODE
from tui.screens.models import ModelsView
from tui.widgets.fitted_table import fitted_table
from tui.widgets.work_text import job_line, job_table


def modelling() -> TapecastApp:
    """An app whose engine knows its models, and trains one."""
    app = make_app()
    fill_models(fake(app))
    return app


def printed(what: RenderableType, width: int) -> str:
    """As it reads in so many cells."""
    paper = StringIO()
    Console(width=width, file=paper).print(what)
    return paper.getvalue()


def told(app: TapecastApp, *, width: int = 118) -> str:
    """The words of the part on screen."""
    shown = main_screen(app).query_one("#models-text", Static).content
    assert isinstance(shown, Group)
    return printed(shown, width)


async def opened(pilot: Pilot[None], *keys: str) -> None:
    await settle(pilot)
    await press(pilot, "6", *keys)
    await settle(pilot)


async def test_the_ensemble_is_shown_with_its_members_their_weights_and_how_far_a_training_is() -> None:
    app = modelling()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        fake(app).push(training)
        await settle(pilot)
        words = told(app)
        assert "3fa9c1d2e4b5  trained on 2016-01-14 .. 2026-02-26" in words
        assert "har-t    50.0%" in words
        assert "71% ETA 42s" in words
        assert "lstm-2: epoch 4 of at most 20" in words
        assert len([p for p in main_screen(app).query("#loss-charts ChartPane") if p.display]) == 3


async def test_h_and_l_lead_from_part_to_part() -> None:
    app = modelling()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "l")
        assert "in shadow, 2 of 5 sessions" in told(app)
        await press(pilot, "l")
        assert "coverage drift since 2026-02-12" in told(app)
        assert "issued 1.1 times as wide" in told(app)
        await press(pilot, "h", "h", "h")
        assert "member" in told(app)


async def test_the_band_under_the_cursor_is_taken_apart_and_the_next_symbols_after_it() -> None:
    app = modelling()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "l", "l", "l")
        assert "NVDA  80% band, 5 d ahead" in told(app)
        await press(pilot, "j")
        await settle(pilot)
        assert main_screen(app).place.symbol == "AAPL"
        assert "AAPL  80% band, 5 d ahead" in told(app)
        asked = [call[1] for call in fake(app).calls if call[0] == "inquire" and isinstance(call[1], AskBand)]
        assert [question.symbol for question in asked] == ["NVDA", "AAPL"]
        assert len(asked[0].symbols) == len(main_screen(app).place.snapshot.rows)


async def test_models_are_asked_about_once_and_again_when_a_long_job_has_ended() -> None:
    app = modelling()

    def asked() -> int:
        return sum(call[0] == "inquire" and isinstance(call[1], AskModels) for call in fake(app).calls)

    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        fake(app).push()
        await settle(pilot)
        assert asked() == 1
        fake(app).push(training)
        await settle(pilot)
        assert asked() == 2


async def test_why_there_is_no_answer_stands_where_the_answer_would() -> None:
    app = make_app()

    def crash(question: object, on_step: object) -> object:
        raise WorkerCrashed("ask: the worker ended with code 9; it is started anew at once")

    fake(app).answers[AskModels] = crash
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        assert "the worker ended with code 9" in told(app)


async def test_keys_train_stop_and_ask_for_everything_and_say_what_comes_of_it() -> None:
    app = modelling()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        await press(pilot, "R", "T")      # T is a key of the models alone
        assert [c[0] for c in fake(app).calls if c[0] in ("everything", "train", "cancel")] == ["everything"]
        await press(pilot, "6", "T", "x")
        assert [c[0] for c in fake(app).calls if c[0] in ("everything", "train", "cancel")] == [
            "everything", "train", "cancel"
        ]
        notes = [note.message for note in app._notifications]
        assert any("13 requests (1 for quotes, 12 for histories)" in note for note in notes)
        assert any(note.startswith("training has begun") for note in notes)
        assert any(note.startswith("train stops with its next step") for note in notes)


async def test_the_view_stands_at_every_size() -> None:
    for size in ((20, 6), (40, 16), (80, 24), (300, 100)):
        app = modelling()
        async with app.run_test(size=size) as pilot:
            await opened(pilot, "l", "l", "l", "h")
            assert isinstance(main_screen(app).view, ModelsView)


def test_a_job_without_a_measured_step_has_no_time_left() -> None:
    starting = JobStatus("train", Health.WORKING, "loading the network library")
    assert str(job_line(starting, (), COLOURS, UNICODE, 80)) == "ETA -  loading the network library"
    assert str(job_line(JobStatus("train", Health.OK, "done", last_run=NOW), (), COLOURS, UNICODE, 80)) == "done"


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (96, "train  working  ███████░░░ 71% ETA 42s  lstm-2: epoch 4 of at most 20, validation CRPS 1.0591"),
        (80, "train  working  ███████░░░ 71% ETA 42s  lstm-2: epoch 4 of at most 20  1h ago"),
        (66, "train  working  ███████░░░ 71% ETA 42s  1h ago"),
        (40, "train  working  ███████░░░ 71% ETA 42s"),
        (20, "train  working  71%"),
    ],
)
def test_a_job_is_one_line_and_what_does_not_fit_is_left_out_whole(width: int, line: str) -> None:
    job = JobStatus("train", Health.WORKING, "lstm-2: epoch 4 of at most 20, validation CRPS 1.0591",
                    last_run=NOW - timedelta(hours=1), progress=0.71, eta_s=42.0)
    assert printed(job_table((job,), NOW, COLOURS, UNICODE, width), width).rstrip() == line


def test_why_a_job_failed_is_told_to_the_end_in_further_lines() -> None:
    job = JobStatus("train", Health.FAILED, "no disc space left for a checkpoint; free some and press T")
    assert [line.rstrip() for line in printed(job_table((job,), NOW, COLOURS, UNICODE, 40), 40).splitlines()] == [
        "train  failed  no disc space left for a", "               checkpoint; free some and", "               press T",
    ]



def test_each_network_has_curves_of_its_own_and_only_the_last_may_go_on() -> None:
    charts = loss_charts((*epochs("lstm-0", 3), *epochs("lstm-1", 2)), running=True)
    assert [(c.network, c.last, c.running) for c in charts] == [("lstm-0", 3, False), ("lstm-1", 2, True)]
    assert charts[0].training[0] is None
    assert str(charts[0].heading(COLOURS, UNICODE, 80)) == "lstm-0 3/20 val 1.0616 ╌ train 1.0483 CRPS began 1.0900"


def test_columns_give_way_where_a_table_is_too_wide_and_the_last_one_wraps() -> None:
    rows = [[Text("lstm"), Text("12,345"), Text("2026-02-27"), Text("a long story of how it came about")]]
    shown = {}
    for width in (80, 30):
        table = fitted_table(("model", "rows", "to", "note"), rows, COLOURS, width, give_way=(1, 2))
        shown[width] = printed(table, width)
    assert "12,345" in shown[80]
    assert "12,345" not in shown[30]
    assert "came" in shown[30]
