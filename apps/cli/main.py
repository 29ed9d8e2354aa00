"""The command line: `guided-profile demo | add | ask | profile | forget | export | tasks | …`.

Exit codes: 0 done or answered; 1 a model, store or download failed; 2 the input is wrong;
3 an honest abstention; 130 interrupted; 141 whoever read the output stopped.

Tried on `ask` and `forget` (20 lines, help in 0.07 s with argparse), cyclopts takes 33 lines and
0.39 s and adds options like `--no-json`, and typer takes 22 and 0.35 s, but not `--options a b`.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from guided_profile.graph.errors import GuidedProfileError, InputError, SettingsError

TRACES_WITHIN = 1.0
"""Seconds that the end of a command waits for its traces to be sent."""


class Command(NamedTuple):
    """What the list of commands shows of one, before its module is imported."""

    summary: str
    example: str
    shared_options: bool = True
    """Whether it has the usual `--json` and `--data`, or defines its own."""


COMMANDS = {
    "demo": Command("Show what a guided profile does, on three invented people.", "demo --all"),
    "add": Command(
        "Add a file, or an export of chats, to a user's history.", "add purchases.csv --user anna"
    ),
    "formats": Command("List the kinds of files that `add` takes, and how to get each.", "formats"),
    "ask": Command(
        "Answer a question as it suits a user.",
        "ask 'Which would she buy?' --user anna --task preference "
        "--options 'a wok' 'a toaster' 'a blender'",
    ),
    "profile": Command(
        "Show a user's profile for a task, with its evidence, or change it.",
        "profile --user anna --correct 2 'I am vegan now.'",
    ),
    "held": Command(
        "List what of a user's history is held back from every prompt, or release some of it.",
        "held --user anna --release 851c0e955a96a428",
    ),
    "forget": Command(
        "Delete items of a user, or everything that is kept about them.",
        "forget --user anna 851c0e955a96a428",
    ),
    "export": Command(
        "Print everything that is kept about a user; `add` takes it back.",
        "export --user anna --out anna.json",
    ),
    "reindex": Command(
        "Embed the history again, for another embedder than it was written with.", "reindex"
    ),
    "backup": Command(
        "Copy all that is kept to a new folder, safely while it is in use.", "backup /backups/today"
    ),
    "restore": Command("Put a backup back into an empty data folder.", "restore /backups/today"),
    "migrate": Command(
        "Bring all that is kept from the data folder to a Chroma server and a Postgres, or back.",
        "migrate --data ~/profiles",
    ),
    "build": Command(
        "Make or refresh the profiles of all users, or of those in a file.",
        "build --all --task preference --dry-run --price-in 0.15 --price-out 0.6",
    ),
    "mcp": Command(
        "Serve a user's history and profile to an assistant that speaks MCP.", "mcp --user anna"
    ),
    "serve": Command("Run the server; nothing but what is set leaves the machine.", "serve"),
    "proxy": Command(
        "Make any chat personal: an OpenAI-compatible endpoint in front of another one.",
        "proxy --upstream https://api.openai.com/v1",
    ),
    "keys": Command("Make, list or revoke API keys of the server.", "keys add --user anna"),
    "tasks": Command("List the tasks.", "tasks --json"),
    "models": Command(
        "List the embedded models' weights, fetch some, or serve a chat model.",
        "models pull smollm2-135m",
    ),
    "eval": Command(
        "Measure what a guided profile is worth, on examples of one's own.",
        "eval --data mine.jsonl --methods dg,pg,gpg --out runs/1"
        " (and as LangSmith experiments: … --langsmith my-dataset)",
        shared_options=False,
    ),
    "tune": Command(
        "Look for a better guiding question for a task, on examples of one's own.",
        "tune --task preference --data mine.jsonl --out runs/tuned",
        shared_options=False,
    ),
}
"""Each is a module beside this one, with `arguments` and `run`."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        from guided_profile.apps.terminal import marked

        super().error(marked(message))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *given: Any) -> None:
        from importlib.metadata import version

        print(f"guided-profile {version('guided-profile')}")
        parser.exit()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; only the module of the command that it names is imported."""
    shared = _Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON instead of text")
    shared.add_argument(
        "--data", type=Path, metavar="DIR", help="where histories and profiles are kept"
    )
    root = _Parser(
        prog="guided-profile",
        description="Answer as it suits a person, from a short profile of their history.",
    )
    root.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, command in COMMANDS.items():
        parser = commands.add_parser(
            name,
            help=command.summary,
            description=command.summary,
            epilog=f"example: guided-profile {command.example}",
            parents=[shared] if command.shared_options else [],
        )
        if name == named:
            _module(name).arguments(parser)
    return root.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    given = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
        return code
    except GuidedProfileError as error:
        return failed(error, as_json=given.json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output stopped, as `head` does
        _discard_output()
        return 128 + signal.SIGPIPE


def failed(error: GuidedProfileError, *, as_json: bool) -> int:
    """Say in one line what went wrong, and return the exit code."""
    from guided_profile.apps.terminal import marked

    if as_json:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))
    print(f"guided-profile: {marked(' '.join(str(error).splitlines()))}", file=sys.stderr)
    return 2 if isinstance(error, InputError | SettingsError) else 1


def _discard_output() -> None:
    """Let what is still to be written go nowhere, also what Python writes when it ends."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _run(given: argparse.Namespace) -> int:
    # these take long to import, and whoever reads the help needs none of them
    import asyncio
    import logging

    from guided_profile.apps.privacy import limit_traces
    from guided_profile.apps.settings import read_log_level, read_traces
    from guided_profile.apps.terminal import MarkedFormatter, Terminal
    from guided_profile.tools.tracing import end_without_waiting, flush_own_tracing

    end_without_waiting(os.environ)
    before = os.umask(0o077)  # whatever a command writes is about somebody, and its owner's alone
    try:
        log = logging.StreamHandler()
        log.setFormatter(MarkedFormatter(logging.BASIC_FORMAT))
        logging.basicConfig(level=read_log_level(), handlers=[log])
        limit_traces(read_traces())
        command = _module(given.command).run(given, Terminal(), Terminal(stderr=True))
        code: int = asyncio.run(command)
        return code
    finally:
        os.umask(before)
        flush_own_tracing(TRACES_WITHIN)


def _module(command: str) -> ModuleType:
    return import_module(f"guided_profile.apps.cli.{command}")


if __name__ == "__main__":
    sys.exit(main())
