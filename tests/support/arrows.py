"""Which module imports which, read from the code."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = "guided_profile"
FRONT_DOOR = "package"
"""The folder that is imported as the package itself."""


@cache
def modules() -> dict[str, Path]:
    """Return the files of the package by their places: their modules' names without its own."""
    tops = [module.parent for module in ROOT.glob("*/__init__.py")]
    found = {}
    for path in (path for top in tops for path in top.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def arrows() -> set[tuple[str, str]]:
    """Return who imports whom, wherever in a file it is done."""
    known = modules()
    return {(name, other) for name, path in known.items() for other in imports(path, name, known)}


def imports(path: Path, name: str, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of this package that a file imports.

    Raises:
        LookupError: It imports one that is not there.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            asked = [(alias.name, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: 1 - node.level or None]
            above = [".".join([NAME, *parts])] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            asked = [(f"{source}.{alias.name}", source) for alias in node.names]
        else:
            continue
        for full, source in asked:
            if full.partition(".")[0] == NAME:
                found = [place for place in map(place_of, (full, source)) if place in known]
                if not found:
                    raise LookupError(f"{path}: there is no {source}")
                yield found[0]


def place_of(module: str) -> str:
    """Return where a module stands, with dots."""
    return FRONT_DOOR if module == NAME else module.removeprefix(f"{NAME}.")


def room(name: str) -> str:
    """Return the package within the top one that a module stands in, or the module itself."""
    return ".".join(name.split(".")[:2])


def package(name: str) -> str:
    """Return the package that a module stands in, however deep."""
    return name if modules()[name].name == "__init__.py" else name.rpartition(".")[0]
