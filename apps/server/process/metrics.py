"""What the workflow does, in figures for Prometheus; no user and no text is in them."""

from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.models.calls import call_of

STAGES = ("recall", "digest", "merge", "profile", "respond", "review")
_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_DAY = 86_400
_AGES = (60, 3_600, _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY, 365 * _DAY)


class Metrics:
    """Counts what runs do, whichever way they came in."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.stage_seconds = Histogram(
            "guided_profile_stage_seconds",
            "Seconds that a stage took.",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.stage_errors = Counter(
            "guided_profile_stage_errors", "Stages that failed.", ["stage"], registry=registry
        )
        self.tokens = Counter(
            "guided_profile_tokens",
            "Tokens of model calls; `cached` are those of `input` that a prefix cache served.",
            ["kind"],
            registry=registry,
        )
        self.answers = Counter(
            "guided_profile_answers",
            "Answers and abstentions, by reason.",
            ["kind", "reason"],
            registry=registry,
        )
        self.profiles = Counter(
            "guided_profile_profile_uses",
            "Where an answer's profile came from; `standing` saved making it.",
            ["use"],
            registry=registry,
        )
        self.profile_age = Histogram(
            "guided_profile_profile_age_seconds",
            "How old the profile of an answer was.",
            buckets=_AGES,
            registry=registry,
        )
        self.callbacks = _Watching(self)

    def text(self) -> bytes:
        """Return the figures in Prometheus's text format."""
        return generate_latest(self.registry)

    def answered(self, answer: Answered | Abstained) -> None:
        """Count an answer."""
        reason = answer.reason if isinstance(answer, Abstained) else ""
        self.answers.labels(answer.kind, reason).inc()
        self.profiles.labels(answer.profile_use).inc()
        if answer.profile is not None and answer.profile.sentences:
            age = (datetime.now(UTC) - answer.profile.created).total_seconds()
            self.profile_age.observe(max(0.0, age))

    def called(self, message: AIMessage) -> None:
        """Count a model call's tokens."""
        call = call_of(message, "", 0.0)
        self.tokens.labels("input").inc(call.input_tokens)
        self.tokens.labels("output").inc(call.output_tokens)
        self.tokens.labels("cached").inc(call.cached_tokens)


class _Watching(BaseCallbackHandler):
    """Reports to the metrics what a run does."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._begun: dict[UUID, tuple[str, float]] = {}
        self._lock = Lock()

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        name = kwargs.get("name")
        if name in STAGES and (metadata or {}).get("langgraph_node") == name:
            with self._lock:
                self._begun[run_id] = (name, monotonic())

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        stage = self._ended(run_id)
        if stage is None or not isinstance(outputs, dict):
            return
        if isinstance(answer := outputs.get("answer"), Answered | Abstained):
            self._metrics.answered(answer)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        if stage := self._ended(run_id):
            self._metrics.stage_errors.labels(stage).inc()

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        for generations in response.generations:
            for made in generations:
                if isinstance(made, ChatGeneration) and isinstance(made.message, AIMessage):
                    self._metrics.called(made.message)

    def _ended(self, run_id: UUID) -> str | None:
        with self._lock:
            begun = self._begun.pop(run_id, None)
        if begun is None:
            return None
        stage, at = begun
        self._metrics.stage_seconds.labels(stage).observe(monotonic() - at)
        return stage
