"""What users think of answers, and what they correct, on the traces of the answers' runs."""

from collections.abc import Iterator
from uuid import uuid4

import langsmith
import pytest
from endpoint import Endpoint
from langsmith import Client
from langsmith_endpoint import LangSmith
from langsmith_endpoint import langsmith as a_langsmith
from server_client import ANNA, served

ASKED = {"question": "Whose cat?"}


@pytest.fixture
def traced() -> Iterator[tuple[LangSmith, Client]]:
    """Tracing is on, and what is sent is kept."""
    with a_langsmith() as (kept, url):
        client = Client(api_url=url, api_key="key")
        langsmith.configure(client=client, enabled=True, project_name="served")
        try:
            yield kept, client
        finally:
            langsmith.configure(client=None, enabled=None, project_name=None)
            client.close()


def test_thumbs_and_corrections_arrive_on_the_answers_trace(
    added: type[Endpoint], traced: tuple[LangSmith, Client]
) -> None:
    kept, langsmith_client = traced
    with served() as (client, _):
        run_id = client.post("/v1/ask", json=ASKED, headers=ANNA).json()["run_id"]
        langsmith_client.flush()
        thumbs = {"run_id": run_id, "thumbs": "up"}
        assert client.post("/v1/feedback", json=thumbs, headers=ANNA).status_code == 202
        said = client.patch(
            "/v1/profile",
            params={"run_id": run_id},
            json={"do": "forbid", "text": "This person has a cat named Miso."},
            headers=ANNA,
        )
        assert said.status_code == 200
        langsmith_client.flush()
    assert kept.runs[run_id]["name"] == "guided_profile"
    given = {feedback["key"]: feedback for feedback in kept.feedback}
    assert set(given) == {"thumbs", "profile_correction"}
    assert {feedback["trace_id"] for feedback in kept.feedback} == {run_id}
    assert {feedback["session_id"] for feedback in kept.feedback} == {kept.sessions["served"]["id"]}
    assert given["thumbs"]["score"] == 1
    assert given["profile_correction"]["value"] == "forbid"
    assert "Miso" not in str(kept.feedback)


def test_where_nothing_is_traced_feedback_goes_nowhere(added: type[Endpoint]) -> None:
    with a_langsmith() as (kept, url):
        langsmith.configure(client=Client(api_url=url, api_key="key"))
        try:
            with served() as (client, _):
                thumbs = {"run_id": str(uuid4()), "thumbs": "down"}
                assert client.post("/v1/feedback", json=thumbs, headers=ANNA).status_code == 202
        finally:
            langsmith.configure(client=None)
    assert kept.feedback == []


@pytest.mark.parametrize(
    "body", [{}, {"run_id": "1", "thumbs": "up"}, {"run_id": str(uuid4()), "thumbs": "sideways"}]
)
def test_wrong_feedback_is_refused(added: type[Endpoint], body: dict[str, str]) -> None:
    with served() as (client, _):
        assert client.post("/v1/feedback", json=body, headers=ANNA).status_code == 422
        assert client.post("/v1/feedback", json=body).status_code == 401
