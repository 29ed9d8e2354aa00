"""Write `src/schema.ts`, the types of our routes: `make client` in the folder above runs it.

The file begins with a digest of the OpenAPI that it was made from, so that a test without Node sees
when the two differ.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from guided_profile.apps.server.app import make_app

HERE = Path(__file__).parent
SCHEMA = HERE / "src" / "schema.ts"
MARK = "// Made by `make client` from the OpenAPI with the SHA-256 "


TITLES = frozenset({"title"})
"""They say the names once more."""
WORDS = frozenset({"description", "summary", "examples"})
"""They change no type."""
LEFT_OUT = {"stays"}
"""What an answer leaves out where it is empty."""
PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


def openapi() -> dict[str, Any]:
    """Return what our routes say of themselves, whatever the version.

    Their refusals, which are all alike, stand once for each route: listed one by one, they would be
    half of the types. And what only comes in answers has all of its fields.
    """
    document = make_app().openapi()
    schemas = document["components"]["schemas"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    sent = _named([operation.get("requestBody") for operation in operations], schemas)
    for name in schemas.keys() - sent:  # what an answer has a default for, it has
        fields = schemas[name].get("properties", {})
        schemas[name]["required"] = [field for field in fields if field not in LEFT_OUT]
    for operation in operations:
        good = {
            status: answer for status, answer in operation["responses"].items() if status < "400"
        }
        refused = {"description": "Refused.", "content": {"application/json": PROBLEM}}
        operation["responses"] = {**good, "default": refused}
    untitled = _without(document, TITLES)
    return {**untitled, "info": {"title": document["info"]["title"], "version": ""}}


def _without(part: Any, names: frozenset[str]) -> Any:
    """Return a part without what these names say of it; a field may have such a name too."""
    if isinstance(part, list):
        return [_without(entry, names) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without(value, names)
        for name, value in part.items()
        if not (name in names and isinstance(value, str | list))
    }


def _named(part: Any, schemas: dict[str, Any]) -> set[str]:
    """Return the names of the schemas that a part of the OpenAPI leads to."""
    found: set[str] = set()
    while new := set(re.findall(r"#/components/schemas/(\w+)", json.dumps(part))) - found:
        found |= new
        part = [schemas[name] for name in new]
    return found


def first_line(document: dict[str, Any]) -> str:
    """Return what the file begins with, if it is made from this OpenAPI, in whatever words."""
    text = json.dumps(_without(document, WORDS), sort_keys=True)
    return f"{MARK}{hashlib.sha256(text.encode()).hexdigest()}"


def main() -> int:
    """Have the generator write the types, and put the digest before them."""
    command = HERE / "node_modules" / ".bin" / "openapi-typescript"
    if not command.exists():
        print("run `npm ci` in clients/typescript first", file=sys.stderr)
        return 1
    document = openapi()
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "openapi.json"), Path(folder, "schema.ts")
        source.write_text(json.dumps(document))
        options = ["--default-non-nullable=false", "--output", made]
        subprocess.run([command, source, *options], check=True, cwd=HERE)
        SCHEMA.write_text(f"{first_line(document)}\n{made.read_text()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
