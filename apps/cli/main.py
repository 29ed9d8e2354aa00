"""The command line: `guided-profile demo | add | ask | profile | forget | export | tasks | …`.

Exit codes: 0 done or answered; 1 a model, store or download failed; 2 the input is wrong;
3 an honest abstention; 130 interrupted.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console

from guided_profile.apps.cli import (
    add,
    ask,
    build,
    demo,
    eval,
    keys,
    models,
    profile,
    tasks,
    tune,
)
from guided_profile.apps.privacy import limit_traces
from guided_profile.apps.settings import read_log_level, read_traces
from guided_profile.graph.errors import GuidedProfileError, InputError, SettingsError
from guided_profile.tools.tracing import end_without_waiting, flush_own_tracing

TRACES_WITHIN = 1.0
"""Seconds that the end of a command waits for its traces to be sent."""
EPILOGS = {
    "demo": "example: guided-profile demo --all",
    "add": "example: guided-profile add purchases.csv --user anna",
    "ask": "example: guided-profile ask 'Which would she buy?' --user anna --task preference "
    "--options 'a wok' 'a toaster' 'a blender'",
    "profile": "example: guided-profile profile --user anna --correct 2 'I am vegan now.'",
    "forget": "example: guided-profile forget --user anna 851c0e955a96a428",
    "export": "example: guided-profile export --user anna > anna.json",
    "mcp": "example, in an assistant's configuration: guided-profile mcp --user anna",
    "keys": "example: guided-profile keys add --user anna",
    "tasks": "example: guided-profile tasks --json",
    "models": "example: guided-profile models pull smollm2-135m",
    "build": "example: guided-profile build --all --task preference --dry-run --price-in 0.15 "
    "--price-out 0.6",
    "eval": "example: guided-profile eval --data mine.jsonl --methods dg,pg,gpg --out runs/1"
    " (and as LangSmith experiments: … --langsmith my-dataset)",
    "tune": "example: guided-profile tune --task preference --data mine.jsonl --out runs/tuned",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON instead of text")
    common.add_argument(
        "--data", type=Path, metavar="DIR", help="where histories and profiles are kept"
    )
    root = argparse.ArgumentParser(
        prog="guided-profile",
        description="Answer as it suits a person, from a short profile of their history.",
    )
    commands_ = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands_.add_parser(
            name, help=summary, description=summary, epilog=EPILOGS[name], parents=[common]
        )

    demo.arguments(command("demo", "Show what a guided profile does, on three invented people."))
    add.arguments(command("add", "Add a file, or an export of chats, to a user's history."))
    ask.arguments(command("ask", "Answer a question as it suits a user."))
    profile.profile_arguments(
        command("profile", "Show a user's profile for a task, with its evidence, or change it.")
    )
    profile.forget_arguments(
        command("forget", "Delete items of a user, or everything that is kept about them.")
    )
    export = command("export", "Print everything that is kept about a user; `add` takes it back.")
    export.add_argument("--user", required=True)
    build.arguments(
        command("build", "Make or refresh the profiles of all users, or of those in a file.")
    )
    mcp = command("mcp", "Serve a user's history and profile to an assistant that speaks MCP.")
    mcp.add_argument("--user", required=True, help="whose; no other's can be reached")
    mcp.add_argument("--task", default="assistant", help="the task whose profile is shown")
    keys.arguments(command("keys", "Make, list or revoke API keys of the server."))
    command("tasks", "List the tasks.")
    models.arguments(command("models", "List the embedded models' weights, or fetch some."))
    summary = "Measure what a guided profile is worth, on examples of one's own."
    eval.arguments(
        commands_.add_parser("eval", help=summary, description=summary, epilog=EPILOGS["eval"])
    )
    summary = "Look for a better guiding question for a task, on examples of one's own."
    tune.arguments(
        commands_.add_parser("tune", help=summary, description=summary, epilog=EPILOGS["tune"])
    )
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    given = parser().parse_args(arguments)
    out = Console(highlight=False)
    notes = Console(stderr=True, highlight=False)
    end_without_waiting(os.environ)
    try:
        logging.basicConfig(level=read_log_level())
        return asyncio.run(_run(given, out, notes))
    except (InputError, SettingsError) as error:
        return _refuse(error, given, 2)
    except GuidedProfileError as error:
        return _refuse(error, given, 1)
    except KeyboardInterrupt:
        return 130
    finally:
        flush_own_tracing(TRACES_WITHIN)


async def _run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    limit_traces(read_traces())
    return await _COMMANDS[given.command](given, out, notes)


def _refuse(error: Exception, given: argparse.Namespace, code: int) -> int:
    if given.json:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))
    print(f"guided-profile: {error}", file=sys.stderr)
    return code


async def _mcp(given: argparse.Namespace, out: Console, notes: Console) -> int:
    try:
        from guided_profile.apps.assistants.mcp import serve
    except ImportError as error:
        raise SettingsError(
            f"{error.name} is not installed; install it with pip install 'guided-profile[mcp]'."
        ) from error
    return await serve(given, notes)


Command = Callable[[argparse.Namespace, Console, Console], Awaitable[int]]

_COMMANDS: dict[str, Command] = {
    "demo": demo.demo,
    "add": add.add,
    "ask": ask.ask,
    "profile": profile.profile,
    "forget": profile.forget,
    "export": profile.export,
    "build": build.build,
    "mcp": _mcp,
    "keys": keys.keys,
    "tasks": tasks.tasks,
    "models": models.models,
    "eval": eval.evaluate,
    "tune": tune.tune_task,
}

if __name__ == "__main__":
    sys.exit(main())
