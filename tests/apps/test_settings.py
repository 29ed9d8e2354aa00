import sys
from pathlib import Path

import pytest

from guided_profile.apps import assembly
from guided_profile.apps.server_settings import read_server_settings
from guided_profile.apps.settings import read_log_level, read_settings
from guided_profile.graph.errors import SettingsError
from guided_profile.tools import assembly as models
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.embedders.e5 import E5Embedder
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder


def test_the_worth_of_profiles_is_measured_for_the_tasks_that_do_not_say_as_the_setting_says(
    tmp_path: Path,
) -> None:
    own = "name: {}\ndescription: d\nkind: text\nguiding_question: q\nprofile_instruction: p\n"
    (tmp_path / "tasks").mkdir()
    for name, said in (("mine", ""), ("unmeasured", "worth: 'off'\n")):
        text = own.format(name) + "response_instruction: r\n" + said
        (tmp_path / "tasks" / f"{name}.yaml").write_text(text)
    known = assembly.known_tasks(read_settings({"GUIDED_PROFILE_WORTH": "require"}, data=tmp_path))
    assert known["dialogue"].worth == known["mine"].worth == "require"
    assert known["unmeasured"].worth == "off"
    plain = assembly.known_tasks(read_settings({}, data=tmp_path))
    assert {task.worth for task in plain.values()} == {"off"}
    assert known["dialogue"].recipe == plain["dialogue"].recipe
    with pytest.raises(SettingsError, match="GUIDED_PROFILE_WORTH is 'yes'; it may be off, mea"):
        read_settings({"GUIDED_PROFILE_WORTH": "yes"})


def test_there_is_a_default_user_only_where_nobody_is_asked_who_they_are() -> None:
    assert read_server_settings({}).default_user == "me"
    named = {"GUIDED_PROFILE_DEFAULT_USER": "anna"}
    assert read_server_settings(named).default_user == "anna"
    keys = {"GUIDED_PROFILE_AUTH": "keys"}
    assert read_server_settings(keys).default_user is None
    with pytest.raises(SettingsError, match="DEFAULT_USER is set, and GUIDED_PROFILE_AUTH too"):
        read_server_settings(named | keys)


def test_with_nothing_set_the_embedded_models_are_used() -> None:
    settings = read_settings({})
    assert (settings.model, settings.embedder) == (None, "minilm")
    assert settings.data.name == "guided-profile"


@pytest.mark.parametrize(
    ("environment", "embedder"),
    [
        ({"OPENAI_API_KEY": "k"}, "endpoint"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "lexical"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_EMBEDDING_MODEL": "e"}, "endpoint"),
        ({"OPENAI_API_KEY": "k", "GUIDED_PROFILE_EMBEDDER": "minilm"}, "minilm"),
        ({"OPENAI_API_KEY": "k", "GUIDED_PROFILE_EMBEDDER": "multilingual"}, "multilingual"),
    ],
)
def test_an_endpoint_is_used_where_one_is_set_and_nothing_else_is_fetched(
    environment: dict[str, str], embedder: str
) -> None:
    settings = read_settings({**environment, "OPENAI_MODEL": "m"})
    assert (settings.model, settings.embedder) == ("m", embedder)


@pytest.mark.parametrize(
    ("said", "used"),
    [("minilm", MiniLMEmbedder), ("multilingual", E5Embedder), ("lexical", LexicalEmbedder)],
)
def test_the_embedder_that_is_named_is_the_one_that_is_used(
    said: str, used: type[Embedder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def ensure(name: str, progress: object) -> Path:
        fetched.append(name)
        return tmp_path

    monkeypatch.setattr(models, "ensure", ensure)
    embedder = assembly.embedder(read_settings({"GUIDED_PROFILE_EMBEDDER": said}))
    assert type(embedder) is used
    assert fetched == ([] if said == "lexical" else [embedder.id])


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OPENAI_API_KEY": "k"}, "OPENAI_MODEL is not"),
        ({"OPENAI_BASE_URL": "u"}, "OPENAI_MODEL is not"),
        ({"OPENAI_BASE_URL": "https://u:p@h/v1", "OPENAI_MODEL": "m"}, "a name or a password"),
        ({"OPENAI_BASE_URL": "http://[::1/v1", "OPENAI_MODEL": "m"}, "BASE_URL is no address"),
        ({"OPENAI_BASE_URL": "http://h:x/v1", "OPENAI_MODEL": "m"}, "BASE_URL is no address"),
        ({"GUIDED_PROFILE_CHROMA_URL": "http://[::1"}, "CHROMA_URL is no address"),
        ({"GUIDED_PROFILE_EMBEDDER": "best"}, "minilm, multilingual, lexical or endpoint"),
        ({"GUIDED_PROFILE_EMBEDDER": "endpoint"}, "OPENAI_EMBEDDING_MODEL"),
    ],
)
def test_a_setting_that_is_wrong_or_missing_is_named(
    environment: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read_settings(environment)


@pytest.mark.parametrize(
    ("said", "level"),
    [(None, "ERROR"), ("", "ERROR"), (" ", "ERROR"), ("debug", "DEBUG"), ("Warning", "WARNING")],
)
def test_the_log_shows_errors_unless_another_level_is_named(said: str | None, level: str) -> None:
    environment = {} if said is None else {"GUIDED_PROFILE_LOG": said}
    assert read_log_level(environment) == level


def test_a_log_level_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match="'loud'; it may be debug, info, warning, error or"):
        read_log_level({"GUIDED_PROFILE_LOG": "loud"})


def test_a_model_name_alone_does_not_send_anything_anywhere() -> None:
    assert read_settings({"OPENAI_MODEL": "m", "OPENAI_API_KEY": " "}).model is None


def test_the_data_folder_is_the_options_then_the_variables(tmp_path: Path) -> None:
    environment = {"GUIDED_PROFILE_DATA": "/somewhere"}
    assert read_settings(environment).data == Path("/somewhere")
    assert read_settings(environment, data=tmp_path).data == tmp_path


def test_the_effort_of_reasoning_is_a_word_of_the_endpoints() -> None:
    environment = {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m", "OPENAI_REASONING_EFFORT": "low"}
    settings = read_settings(environment)
    assert settings.reasoning_effort == "low"
    chat = assembly.chat_model(settings)
    assert chat.reasoning_effort == "low"  # type: ignore[attr-defined]
    assert read_settings({"OPENAI_REASONING_EFFORT": "low"}).reasoning_effort is None
    with pytest.raises(SettingsError, match="a word that its endpoint knows"):
        read_settings(environment | {"OPENAI_REASONING_EFFORT": "0.5 s"})


@pytest.mark.parametrize(
    "wrong", ["hidden@host", "mysql://a:hidden@host/db", "postgresql://a:hidden@host:port/db"]
)
def test_an_address_of_no_postgres_is_refused_and_never_shown(wrong: str) -> None:
    given = {"GUIDED_PROFILE_DATABASE_URL": wrong}
    for read in (read_settings, read_server_settings):
        with pytest.raises(SettingsError, match="DATABASE_URL is no address") as raised:
            read(given)
        assert "hidden" not in str(raised.value)


def test_the_password_of_a_postgres_is_in_no_setting_that_is_shown() -> None:
    given = {"GUIDED_PROFILE_DATABASE_URL": "postgresql://anna:hidden@host:5432/profiles"}
    for settings in (read_settings(given), read_server_settings(given)):
        assert settings.database_url
        assert "hidden" not in repr(settings)
    with pytest.raises(SettingsError, match="unset one of the two"):
        read_server_settings(given | {"GUIDED_PROFILE_KEYS": "keys.json"})


async def test_what_reaches_a_postgres_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "guided_profile.tools.profiles.postgres", None)
    settings = read_settings({"GUIDED_PROFILE_DATABASE_URL": "postgresql://host/profiles"})
    with pytest.raises(SettingsError, match=r"pip install 'guided-profile\[postgres\]'"):
        async with assembly.profile_store(settings):
            pass


def test_the_embedded_model_may_be_a_file_which_other_processes_find_too() -> None:
    settings = read_settings({"GUIDED_PROFILE_LOCAL_MODEL": "models/Mine-7B.GGUF"})
    assert settings.local_model == str(Path("models/Mine-7B.GGUF").absolute())
    assert settings.model_name == "Mine-7B"
    assert read_settings({}).model_name == "qwen2.5-coder-1.5b"
    named = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "theirs"}
    assert read_settings(named).model_name == "theirs"


def test_slots_are_a_small_number() -> None:
    assert read_settings({}).local_slots == 1
    assert read_settings({"GUIDED_PROFILE_LOCAL_SLOTS": "4"}).local_slots == 4
    for wrong in ("0", "-1", "65", "two", "1.5"):
        with pytest.raises(SettingsError, match=f"LOCAL_SLOTS is '{wrong}'; set it to a number"):
            read_settings({"GUIDED_PROFILE_LOCAL_SLOTS": wrong})
