"""Traces to an OpenTelemetry collector instead of LangSmith."""

from typing import Any

from endpoint import Endpoint
from langsmith_endpoint import langsmith
from otel_collector import collector
from traced import ask, traced

from guided_profile.apps.cli.main import main


def exported(url: str) -> dict[str, str]:
    return {"LANGSMITH_TRACING_MODE": "otel", "OTEL_EXPORTER_OTLP_ENDPOINT": url}


def facts(span: Any) -> dict[str, Any]:
    return {
        attribute.key.removeprefix("langsmith.metadata.guided_profile_"): getattr(
            attribute.value, attribute.value.WhichOneof("value")
        )
        for attribute in span.attributes
    }


def test_every_stage_arrives_as_a_span_of_one_trace_and_langsmith_hears_nothing(
    added: type[Endpoint],
) -> None:
    with langsmith() as (kept, url), collector() as (spans, otel):
        _, done = ask(**traced(url), **exported(otel))
    assert done.returncode == 0
    (root,) = [span for span in spans if not span.parent_span_id]
    assert root.name == "guided_profile"
    assert len({span.trace_id for span in spans}) == 1
    stages = {span.name for span in spans if span.parent_span_id == root.span_id}
    assert {"recall", "digest", "profile", "verify", "respond", "review"} <= stages
    assert facts(root)["task"] == "dialogue"
    assert facts(root)["calls"] == 14
    assert facts(root)["profile_version"] == 1
    assert "Miso" in str(spans)
    assert kept.requests == []


def test_hidden_spans_hold_no_text_of_anybody(added: type[Endpoint]) -> None:
    with collector() as (spans, otel):
        _, done = ask(**traced(otel), **exported(otel), GUIDED_PROFILE_TRACES="hide")
    assert done.returncode == 0
    (root,) = [span for span in spans if span.name == "guided_profile"]
    assert facts(root)["calls"] == 14
    sent = str(spans)
    for word in ("Miso", "anna", "Whose cat", "bicycle"):
        assert word not in sent


def test_a_collector_out_of_reach_holds_no_command_up(added: type[Endpoint], silent: str) -> None:
    assert main(["ask", "Whose cat?", "--user", "anna"]) == 0  # makes the profile
    untraced, plain = ask()
    for url in (silent, "http://127.0.0.1:9"):
        took, done = ask(**traced(url), **exported(url))
        assert done.returncode == 0
        assert done.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
        assert "Traceback" not in done.stderr
        assert took < 2 * untraced + 2  # it waits one second; a slow machine takes more to trace
