"""`guided-profile models`: the weights of the embedded models, listed, fetched and served."""

import argparse
import asyncio
import json
import os

from rich.console import Console

from guided_profile.apps.cli.serve import check_address
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import QuestionError, SettingsError
from guided_profile.tools.assembly import context_of, model_file
from guided_profile.tools.models.local import LocalServer
from guided_profile.tools.progress import downloads
from guided_profile.tools.weights.catalogue import CATALOGUE
from guided_profile.tools.weights.fetch import ensure, is_here


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `models` takes."""
    parser.add_argument("action", nargs="?", choices=["list", "pull", "serve"], default="list")
    parser.add_argument("name", nargs="?", help="of the weights; to serve, a GGUF file's path too")
    parser.add_argument("--host", default="127.0.0.1", help="the address that `serve` listens on")
    parser.add_argument("--port", type=int, default=8080, help="its port (default: 8080)")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List the weights, fetch some, or serve a chat model to other processes."""
    if given.action == "serve":
        return await _serve(given, out, notes)
    if given.action == "pull":
        if not given.name:
            raise QuestionError(f"name the weights to pull: {', '.join(CATALOGUE)}.")
        with downloads(notes) as on_progress:
            folder = ensure(given.name, progress=on_progress)
        out.print(f"{given.name} is in {folder}")
        return 0
    listed = [
        {
            "name": weights.name,
            "megabytes": round(sum(file.size for file in weights.files) / 1e6),
            "licence": weights.licence,
            "here": is_here(weights.name),
        }
        for weights in CATALOGUE.values()
    ]
    if given.json:
        out.print_json(json.dumps(listed))
        return 0
    for entry in listed:
        here = "here" if entry["here"] else "not fetched"
        out.print(f"{entry['name']}  {entry['megabytes']} MB  {entry['licence']}  {here}")
    return 0


async def _serve(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Serve a chat model as an OpenAI-compatible endpoint, until the process ends.

    Raises:
        SettingsError: There is no key, nothing can listen there, or the extra is not installed.
    """
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise SettingsError(
            "set OPENAI_API_KEY to the key that callers need; make one with `openssl rand -hex 24`."
        )
    check_address(given.host, given.port)
    settings = read_settings(  # of the embedded model: OPENAI_… is what callers have
        {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    )
    with downloads(notes) as on_progress:
        model = given.name or settings.local_model
        gguf = model_file(model, on_progress)
    served = LocalServer(
        gguf,
        context_tokens=context_of(model),
        host=given.host,
        port=given.port,
        key=key,
        slots=settings.local_slots,
    )
    out.print(f"{gguf.stem} at {served.base_url}", soft_wrap=True)
    try:
        await asyncio.Event().wait()
    finally:
        served.close()
    return 0
