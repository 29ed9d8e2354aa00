"""A profile is not written if what it was made from is deleted meanwhile, however late."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.records import HistoryItem, Sentence, Standing
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.plan import empty_profile, write_standing
from guided_profile.tools.profiles.sqlite import open_profiles
from guided_profile.tools.profiles.store import ProfileStore, everything, user_namespace
from guided_profile.tools.user_data.erase import forget_items

SECRET = "Xanthippe Quartermain"
ITEMS = [HistoryItem(id=id_, text=f"item {id_}") for id_ in ("covered", "cited", "other")]


def standing() -> Standing:
    made = empty_profile("dialogue", "", "m", datetime.now(UTC)).model_copy(
        update={
            "sentences": (Sentence(text="They have a cat.", evidence=("cited",)),),
            "guidance": SECRET,
        }
    )
    return Standing(profile=made, covered=("covered",), made_with="t")


@pytest.mark.parametrize("id_", ["covered", "cited", "other"])
@pytest.mark.parametrize("late", [False, True])
async def test_a_profile_of_deleted_items_does_not_stand(
    history: HistoryStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    id_: str,
    late: bool,
) -> None:
    history.add("anna", ITEMS)
    write = ProfileStore.write
    async with open_profiles(tmp_path / "profiles.db") as store:
        profiles = ProfileStore(store, "anna", "dialogue")

        async def delete() -> None:
            await forget_items("anna", [id_], history=history, store=store)

        async def too_late(self: ProfileStore, made: Standing) -> None:
            await delete()  # all of it after the first look and before the write
            await write(self, made)

        if late:
            monkeypatch.setattr(ProfileStore, "write", too_late)
        else:
            await delete()
        stands = id_ == "other"
        assert await write_standing(profiles, standing(), history) is stands
        assert bool(await everything(store, user_namespace("anna"))) is stands
        left = [(tmp_path / name).read_bytes() for name in ("profiles.db", "profiles.db-wal")]
        assert (SECRET.encode() in b"".join(left)) is stands
