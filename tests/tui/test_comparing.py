"""Symbols beside each other: chart, legend, matrix and readout, by keyboard."""

from __future__ import annotations

from forecasting.domain.comparison import AskComparison, AskCorrelations
from tests.support.fake_comparison import answer_comparisons, made_link
from tests.support.tui import fake, make_app, press, settle
from tui.app import TapecastApp
from tui.dialogs.compare import link_text
from tui.widgets.chart_pane import ChartPane
from tui.widgets.words import Words

SIZE = (120, 35)


def comparing(*symbols: str) -> TapecastApp:
    app = make_app(*symbols)
    answer_comparisons(fake(app))
    return app


def text(app: TapecastApp, where: str) -> str:
    return app.screen.query_one(where, Words).text.plain


def asked(app: TapecastApp, kind: type) -> list[object]:
    return [call[1] for call in fake(app).calls if call[0] == "inquire" and isinstance(call[1], kind)]


async def test_the_symbol_under_the_cursor_comes_first_and_the_others_are_set_against_it() -> None:
    app = comparing("NVDA", "AAPL", "TSM")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "j", "w")
        await settle(pilot)
        assert asked(app, AskComparison) == [AskComparison(("AAPL", "NVDA", "TSM"), 126)]  # type: ignore[arg-type]
        lines = text(app, "#legend").splitlines()
        assert [line.split()[:2] for line in lines] == [["a", "AAPL"], ["b", "NVDA"], ["c", "TSM"]]
        assert lines[1].endswith(f"with AAPL {link_text(made_link('AAPL', 'NVDA'))}")
        assert "100 on" in app.screen.query_one(ChartPane).render().plain
        await press(pilot, "full_stop")
        await settle(pilot)
        assert asked(app, AskComparison)[-1] == AskComparison(("AAPL", "NVDA", "TSM"), 252)  # type: ignore[arg-type]
        await press(pilot, "escape")
        assert len(app.screen_stack) == 1


async def test_more_symbols_than_can_be_told_apart_are_said_to_be_left_out() -> None:
    app = comparing()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "w")
        await settle(pilot)
        assert "8 of 9; a filter (/) chooses others" in text(app, "#keys-here")


async def test_a_worker_that_cannot_answer_is_told_in_the_place_of_the_chart() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "w")
        await settle(pilot)
        assert "no worker process" in app.screen.query_one(ChartPane).render().plain


async def test_one_symbol_alone_is_not_compared() -> None:
    app = comparing("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "w", "W")
        assert len(app.screen_stack) == 1


async def test_the_matrix_names_the_chosen_pair_with_interval_and_n() -> None:
    app = comparing("NVDA", "AAPL", "TSM")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "W")
        await settle(pilot)
        assert asked(app, AskCorrelations) == [AskCorrelations(("NVDA", "AAPL", "TSM"), 252)]  # type: ignore[arg-type]
        assert text(app, "#matrix").split()[:4] == ["TSM", "AAPL", "NVDA", "TSM"]      # clustered, as the answer says
        assert text(app, "#pair") == f"AAPL with TSM: {link_text(made_link('AAPL', 'TSM'))}, 95% interval"
        await press(pilot, "l")
        assert text(app, "#pair") == "AAPL with itself"
        await press(pilot, "o", "l")
        assert text(app, "#matrix").split()[:3] == ["NVDA", "AAPL", "TSM"]
        assert text(app, "#pair").startswith("AAPL with TSM")
        assert "list order" in text(app, "#heading")


async def test_a_matrix_larger_than_the_screen_scrolls_with_the_pair() -> None:
    symbols = [f"S{i:02d}" for i in range(50)]
    app = comparing(*symbols)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "W")
        await settle(pilot)
        await press(pilot, "o", *"j" * 60, *"l" * 60)
        matrix = text(app, "#matrix").splitlines()
        assert len(matrix) <= 24 - 5
        assert all(len(line) <= 76 for line in matrix)
        assert matrix[-1].startswith("S49")
        assert matrix[0].rstrip().endswith("S49")
