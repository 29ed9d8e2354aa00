"""A LangSmith dataset of examples: created once, then reused, and only ever added to."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from langsmith import Client, schemas
from langsmith.utils import LangSmithConflictError, LangSmithNotFoundError

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.experiments.clients import explained
from guided_profile.evals.run.runner import digest_of

HERE = UUID("6f1f0c0e-5d3c-5b3a-9a53-6d0f6b1c7a10")
"""Stands for the dataset when there is none: nothing leaves the machine."""
AT_ONCE = 50
"""How many ids are asked for in one request."""


def example_id(dataset: UUID, example: Example) -> UUID:
    """Return an example's id in a dataset: the same as long as the example is the same."""
    return uuid5(dataset, f"{example.id} {digest_of([example])}")


def local_examples(examples: Sequence[Example]) -> list[schemas.Example]:
    """Return examples as `aevaluate` takes them, of no dataset."""
    now = datetime.now(UTC)
    return [_as_asked(HERE, example, now, None) for example in examples]


def uploaded_examples(
    client: Client, name: str, examples: Sequence[Example], *, hidden: bool = False
) -> list[schemas.Example]:
    """Return examples as they stand in a dataset; what it lacks is added, and nothing changed.

    Args:
        client: Of LangSmith.
        name: Of the dataset; created if there is none.
        examples: What is asked.
        hidden: Whether to keep histories, questions and references from LangSmith: an example is
            then its id and digest alone.

    Raises:
        SettingsError: The key was refused.
        ExperimentError: LangSmith could not be reached, or refused.
    """
    with explained():
        dataset = _dataset(client, name)
        ids = {example_id(dataset, example): example for example in examples}
        found = {row.id: row for row in _found(client, dataset, list(ids))}
        missing = [
            {"id": key} | _uploaded(example, hidden)
            for key, example in ids.items()
            if key not in found
        ]
        if missing:
            client.create_examples(dataset_id=dataset, examples=missing)
            found |= {
                row.id: row for row in _found(client, dataset, [row["id"] for row in missing])
            }
    now = datetime.now(UTC)
    return [
        _as_asked(dataset, example, found[key].created_at, found[key].modified_at)
        if key in found
        else _as_asked(dataset, example, now, None)
        for key, example in ids.items()
    ]


def _dataset(client: Client, name: str) -> UUID:
    try:
        found: schemas.Dataset = client.read_dataset(dataset_name=name)
        return found.id
    except LangSmithNotFoundError:
        pass
    try:
        return client.create_dataset(name, description="Examples of guided-profile eval.").id
    except LangSmithConflictError:  # another run was faster
        found = client.read_dataset(dataset_name=name)
        return found.id


def _found(client: Client, dataset: UUID, ids: Sequence[UUID]) -> Iterator[schemas.Example]:
    for start in range(0, len(ids), AT_ONCE):
        yield from client.list_examples(
            dataset_id=dataset, example_ids=ids[start : start + AT_ONCE], limit=AT_ONCE
        )


def _as_asked(
    dataset: UUID, example: Example, created: datetime, modified: datetime | None
) -> schemas.Example:
    return schemas.Example(
        id=example_id(dataset, example),
        dataset_id=dataset,
        inputs=_inputs(example),
        outputs={"reference": example.reference},
        metadata={"example": example.id},
        created_at=created,
        modified_at=modified,
    )


def _inputs(example: Example) -> dict[str, Any]:
    return {"question": example.question, "options": list(example.options)}


def _uploaded(example: Example, hidden: bool) -> dict[str, Any]:
    kept = {"example": example.id, "digest": digest_of([example]), "task": example.task}
    if hidden:
        return {"inputs": {"example": example.id}, "metadata": kept}
    history = [item.model_dump(mode="json", exclude_none=True) for item in example.history]
    return {
        "inputs": _inputs(example) | {"history": history},
        "reference_outputs": {"reference": example.reference, "answerable": example.answerable},
        "metadata": example.about | kept | {"user": example.user_id},
    }
