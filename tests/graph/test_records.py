from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from guided_profile.graph.records import HistoryItem


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2025", datetime(2025, 1, 1, tzinfo=UTC)),
        (2025, datetime(2025, 1, 1, tzinfo=UTC)),
        ("2024-05", datetime(2024, 5, 1, tzinfo=UTC)),
        ("20240517", datetime(2024, 5, 17, tzinfo=UTC)),
        ("2024-05-17", datetime(2024, 5, 17, tzinfo=UTC)),
        ("2024-05-17T10:00:00+02:00", datetime(2024, 5, 17, 8, tzinfo=UTC)),
        (1_718_000_000, datetime(2024, 6, 10, 6, 13, 20, tzinfo=UTC)),
        ("1718000000000", datetime(2024, 6, 10, 6, 13, 20, tzinfo=UTC)),
        ("Wed May 27 07:19:30 PDT 2009", datetime(2009, 5, 27, 14, 19, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_it_is_meant(time: object, read: datetime) -> None:
    assert HistoryItem.model_validate({"text": "x", "time": time}).time == read


@pytest.mark.parametrize("time", ["12", 99, "20240231", "20241301", "yesterday", True])
def test_what_is_no_time_is_refused(time: object) -> None:
    with pytest.raises(ValidationError, match="time"):
        HistoryItem.model_validate({"text": "x", "time": time})


def test_what_has_a_category_was_done_and_the_rest_was_said_unless_given() -> None:
    bought = HistoryItem(text="rye flour", category="Baking")
    said = HistoryItem(text="i bake")
    assert (bought.kind, said.kind) == ("did", "said")
    assert HistoryItem(text="rye flour", category="Baking", kind="said").kind == "said"
    watched = HistoryItem(text="i bake", kind="did")
    assert watched.kind == "did"
    assert watched.id == said.id, "the same item is not added twice"
    assert HistoryItem.model_validate(bought.model_dump(mode="json")) == bought
