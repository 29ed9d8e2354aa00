"""What `guided-profile build` does, from its options to its report."""

import argparse
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.bulk import report
from guided_profile.apps.bulk.base import Failed, Limits, Tally, Users
from guided_profile.apps.bulk.engines.base import Work, at_work
from guided_profile.apps.bulk.plan import Estimate, Planner
from guided_profile.apps.bulk.results import Failures, Results
from guided_profile.apps.bulk.run import Run
from guided_profile.apps.bulk.users_in_file import FileUsers
from guided_profile.apps.bulk.users_in_store import StoredUsers
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.errors import InputError
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.progress import downloads


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, read and checked."""

    given: argparse.Namespace
    settings: Settings
    task: Task
    limits: Limits
    failures: Path
    verifier: Verifier | None
    """What judges sentences; None: the model itself."""

    @property
    def planner(self) -> Planner:
        """What plans with the same parts as the profiles are made with."""
        return Planner(self.task, self.settings.model_name, self.verifier)


async def build(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Make the profiles that are missing or stale, or say what that takes; 1 if some failed."""
    request = _request(given)
    if given.dry_run:
        return await _estimate(request, out, notes)
    with ExitStack() as stack:
        with downloads(notes) as on_progress:
            embedder = assembly.embedder(request.settings, on_progress)
            work = stack.enter_context(
                at_work(
                    given, request.settings, request.task, embedder, request.verifier, on_progress
                )
            )
        failures = Failures(request.failures)
        began = perf_counter()
        async with _users(request, embedder) as users:
            tally = await _built(request, users, work, failures, notes)
        _print(request, tally, perf_counter() - began, work, failures, out)
    return 1 if failures.count else 0


async def _built(
    request: Request, users: Users, work: Work, failures: Failures, notes: Console
) -> Tally:
    with report.progress(notes, request.limits) as watch:

        def on_failed(failed: Failed) -> None:
            failures.add(failed)
            watch.failed(failed)

        return await Run(
            users,
            request.planner,
            work.engine,
            limits=request.limits,
            on_failed=on_failed,
            on_progress=watch.so_far,
        ).finish()


def _request(given: argparse.Namespace) -> Request:
    """Read what was asked for; whatever can be wrong is found before the first call."""
    for name, least in {"concurrency": 1, "workers": 1, "limit_tokens": 1}.items():
        value = getattr(given, name)
        if value is not None and value < least:
            option = name.replace("_", "-")
            raise InputError(f"--{option} is {value}; set it to {least} or more.")
    for name in ("price_in", "price_out", "limit_cost"):
        value = getattr(given, name)
        if value is not None and not 0 <= value < float("inf"):
            option = name.replace("_", "-")
            raise InputError(f"--{option} is {value}; set it to 0 or more.")
    _check_together(given)
    settings = read_settings(data=given.data)
    _, task = assembly.known_task(settings, given.task)
    beside = given.out.with_suffix(".failures.jsonl") if given.out else None
    failures = given.failures or beside or Path("build-failures.jsonl")
    _check_apart({"--from": given.source, "--out": given.out, "--failures": failures})
    return Request(
        given,
        settings,
        task,
        Limits(
            tokens=given.limit_tokens,
            cost=given.limit_cost,
            price_in=given.price_in or 0.0,
            price_out=given.price_out or 0.0,
        ),
        failures,
        assembly.verifier(settings),
    )


def _check_together(given: argparse.Namespace) -> None:
    """Refuse options that do not go with one another."""
    limited = given.limit_tokens is not None or given.limit_cost is not None
    batch = given.batch_in or given.batch_out
    for is_wrong, message in (
        (
            given.limit_cost is not None and not (given.price_in or given.price_out),
            "--limit-cost needs --price-in and --price-out, of a million tokens.",
        ),
        (
            given.source and not given.out and not given.dry_run,
            "--from needs --out, the file that the profiles go to.",
        ),
        (
            given.out and not given.source,
            "--out goes with --from; with --all, profiles go to the data folder.",
        ),
        (
            given.workers and not given.ray,
            "--workers goes with --ray; without it, set --concurrency.",
        ),
        (
            batch and (given.ray or limited),
            "--batch-in and --batch-out call no model, so neither --ray nor a limit goes with "
            "them; see what a batch takes with --dry-run.",
        ),
    ):
        if is_wrong:
            raise InputError(message)


def _check_apart(files: Mapping[str, Path | None]) -> None:
    """Refuse files of which writing the one would spoil another."""
    named: dict[str, str] = {}
    for option, path in files.items():
        other = named.setdefault(os.path.realpath(path), option) if path else option
        if other != option:
            raise InputError(f"{other} and {option} are both {str(path)!r}; name another file.")


@asynccontextmanager
async def _users(request: Request, embedder: Embedder) -> AsyncIterator[Users]:
    """Open where the users come from, and where their profiles go."""
    given = request.given
    with ExitStack() as stack:
        if given.source:
            results = None
            if given.out and (given.out.exists() or not given.dry_run):
                results = Results(given.out, request.task.name, writes=not given.dry_run)
                stack.enter_context(closing(results))
            yield FileUsers(given.source, results)
            return
        history = stack.enter_context(assembly.open_history(request.settings, embedder))
        async with assembly.profile_store(request.settings) as store:
            yield StoredUsers(history, store, request.task)


async def _estimate(request: Request, out: Console, notes: Console) -> int:
    """Go through all users up to the first call of each, and print what the calls would take."""
    with downloads(notes) as on_progress:
        embedder = (
            LexicalEmbedder()
            if request.given.source
            else assembly.embedder(request.settings, on_progress)
        )
    planner, estimate = request.planner, Estimate()
    async with _users(request, embedder) as users:
        with report.progress(notes, request.limits) as watch:
            watch.so_far(Tally(total=await users.count()))
            async for found in users.inputs():
                if isinstance(found, Failed):
                    estimate.failed += 1
                    watch.failed(found)
                elif found:
                    estimate.add(found, await planner(found))
                watch.planned(estimate)
    price = request.limits.price(estimate.input_tokens, estimate.output_tokens)
    if request.given.json:
        priced = {"price": price} if request.limits.price_in or request.limits.price_out else {}
        out.print_json(json.dumps(asdict(estimate) | priced))
    else:
        out.print(report.estimated(estimate, request.limits), soft_wrap=True)
    return 0


def _print(
    request: Request, tally: Tally, seconds: float, work: Work, failures: Failures, out: Console
) -> None:
    written = work.requests.finish() if work.requests is not None else []
    if request.given.json:
        figures = {
            "users": tally.total,
            "built": tally.built,
            "revised": tally.revised,
            "fresh": tally.fresh,
            "too_little_history": tally.cold,
            "failed": tally.failed,
            "left": tally.total - tally.done,
            "stopped_at_limit": tally.limited,
            "cost": tally.spent.model_dump() | {"seconds": seconds},
            "failures": str(failures.path) if failures.count else None,
        }
        if work.requests is not None:
            figures |= {
                "requests": len(work.requests),
                "batch_out": [str(path) for path in written],
            }
        out.print_json(json.dumps(figures))
        return
    text = report.summary(tally, seconds, request.limits, failures)
    if work.requests is not None:
        text += "\n" + report.waiting(
            tally, len(work.requests), work.replies.refused if work.replies else 0, written
        )
    out.print(text, soft_wrap=True)
