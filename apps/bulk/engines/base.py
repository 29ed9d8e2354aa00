"""What works on the users of a run: this process, Ray, or the files of a batch."""

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from guided_profile.apps import assembly
from guided_profile.apps.bulk.base import Engine
from guided_profile.apps.bulk.engines.batch import BatchMaker, Replies, Requests, batch_model
from guided_profile.apps.bulk.engines.local import LocalEngine
from guided_profile.apps.bulk.engines.ray import RayEngine
from guided_profile.apps.bulk.engines.ray_worker import Workplace
from guided_profile.apps.bulk.maker import Maker
from guided_profile.apps.settings import Settings
from guided_profile.graph.errors import SettingsError
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.weights.fetch import OnProgress


@dataclass(frozen=True, slots=True)
class Work:
    """What works on users, and the files that it works with, if it is for a batch."""

    engine: Engine
    requests: Requests | None = None
    replies: Replies | None = None


@contextmanager
def at_work(
    given: argparse.Namespace,
    settings: Settings,
    task: Task,
    embedder: Embedder,
    verifier: Verifier | None,
    on_progress: OnProgress,
) -> Iterator[Work]:
    """Set up what the command asks for.

    Args:
        given: With `ray`, `workers`, `concurrency`, `batch_in` and `batch_out`.
        settings: Which model is used.
        task: Whose profiles are made.
        embedder: Of this process's own workers.
        verifier: Likewise; None: the model itself judges.
        on_progress: Called while weights are fetched.

    Raises:
        SettingsError: No endpoint is set where one is needed, or two models for one batch.
    """
    if given.batch_in or given.batch_out:
        if not settings.model:
            raise SettingsError(
                "a batch is for an endpoint's model: set OPENAI_MODEL to its name, and "
                "OPENAI_API_KEY or OPENAI_BASE_URL."
            )
        if isinstance(verifier, ChatVerifier):
            raise SettingsError(
                "the requests of a batch are for one model, and GUIDED_PROFILE_VERIFIER names "
                "another: unset it, or set it to the folder of an NLI model."
            )
        with (
            closing(Replies(given.batch_in or ())) as replies,
            closing(Requests(given.batch_out)) as requests,
        ):
            chat = batch_model(
                settings.model, base_url=settings.base_url, replies=replies, requests=requests
            )
            maker = BatchMaker(chat, embedder, task, verifier)
            yield Work(LocalEngine(maker, given.concurrency), requests, replies)
        return
    if given.ray and given.ray != "local" and not settings.model:
        raise SettingsError(
            "the embedded model serves this machine alone; for a Ray cluster, set OPENAI_BASE_URL "
            "and OPENAI_MODEL to an endpoint that all of it reaches."
        )
    chat = assembly.chat_model(settings, on_progress)
    if not given.ray:
        yield Work(LocalEngine(Maker(chat, embedder, task, verifier), given.concurrency))
        return
    place = Workplace.of(settings, task, chat)
    workers = given.workers or os.cpu_count() or 1
    yield Work(RayEngine(place, workers=workers, concurrency=given.concurrency, address=given.ray))
