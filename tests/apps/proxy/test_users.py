"""Who may name a user, and which name counts."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from proxied import KEY, jwt_settings
from server_client import token

from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.proxy.users import ISSUER, Named, Users
from guided_profile.apps.server.access.keys import KeyFile
from guided_profile.apps.server.access.tokens import ADMIN, Verifier
from guided_profile.apps.server_settings import ServerSettings

SIGNING = "the secret that Open WebUI signs its users with"
HEADER = "x-user-id"
ALL = ProxySettings(key=KEY, user_header=HEADER, signed_secret=SIGNING, task_header="x-task")
BODY = {
    "safety_identifier": "of safety",
    "user": "of user",
    "metadata": {"user_id": "of metadata"},
}
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.7"


def users(settings: ProxySettings = ALL, server: ServerSettings | None = None) -> Users:
    return Users(settings, Verifier(server or ServerSettings(keys=Path("none"))))


def named(of: Users, body: Any = None, client: str = ELSEWHERE, **headers: str) -> Named:
    given = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    sender = asyncio.run(of.sender(given, client))
    return of.named(sender, given, BODY if body is None else body)


def refused(of: Users, body: Any = None, client: str = ELSEWHERE, **headers: str) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        named(of, body, client, **headers)
    return caught.value


def bearer(text: str) -> str:
    return f"Bearer {text}"


def signed(user: object = "of webui", **claims: Any) -> str:
    return token(user, key=claims.pop("key", SIGNING), **({"iss": ISSUER} | claims))


def test_the_first_way_in_the_order_counts() -> None:
    both = users(server=jwt_settings())
    key = {"x_guided_profile_key": KEY}
    own = {"authorization": bearer(token("of token"))}
    webui, header = {"x_openwebui_user_jwt": signed()}, {HEADER.replace("-", "_"): "of header"}
    assert named(both, **own, **webui, **header) == Named("of token", "token")
    assert named(both, **key, **webui, **header) == Named("of webui", "signed")
    assert named(both, **key, **header) == Named("of header", "header")
    assert named(both, **key) == Named("of safety", "safety_identifier")
    less = {name: value for name, value in BODY.items() if name != "safety_identifier"}
    assert named(both, less, **key) == Named("of user", "user")
    assert named(both, {"metadata": BODY["metadata"]}, **key) == Named(
        "of metadata", "metadata.user_id"
    )
    assert named(both, {"user": "", "metadata": None}, **key) == Named()


@pytest.mark.parametrize("name", ["authorization", "x_api_key", "x_guided_profile_key"])
def test_the_proxys_own_key_lets_a_front_end_name_users(name: str) -> None:
    key = bearer(KEY) if name == "authorization" else KEY
    assert named(users(), **{name: key}).way == "safety_identifier"
    assert refused(users(), **{name: key[:-1]}).status == 401


def test_who_has_no_key_names_nobody_and_reads_nobody() -> None:
    assert refused(users()).status == 401
    assert refused(users(), client=HERE).status == 401
    assert refused(users(), x_user_id="anna", authorization=bearer("sk-of-another")).status == 401


def test_a_users_own_token_cannot_name_another() -> None:
    of = users(server=jwt_settings())
    own = {"authorization": bearer(token("anna"))}
    assert named(of, **own, x_user_id="bob") == Named("anna", "token")


def test_an_admin_may_name_a_user_and_is_nobody_otherwise() -> None:
    of = users(server=jwt_settings())
    admin = {"authorization": bearer(token("root", scope=ADMIN))}
    assert named(of, **admin, x_user_id="bob") == Named("bob", "header")
    assert named(of, {}, **admin) == Named()


def test_a_token_may_stand_in_our_own_header_beside_the_key_of_the_upstream() -> None:
    of = users(server=jwt_settings())
    upstream = {"authorization": bearer("sk-of-the-upstream")}
    assert named(of, x_guided_profile_key=token("anna"), **upstream) == Named("anna", "token")
    given = [(b"x-guided-profile-key", token("anna").encode())]
    assert asyncio.run(of.sender(given, ELSEWHERE)).ours == {"x-guided-profile-key"}
    assert refused(of, x_guided_profile_key=f"{token('anna')}x", **upstream).status == 401


def test_a_users_key_is_theirs_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    _, key = KeyFile(tmp_path / "keys.json").add("anna", admin=False, now=datetime.now(UTC))
    of = users(ALL, ServerSettings(auth=frozenset({"keys"}), keys=tmp_path / "keys.json"))
    assert named(of, authorization=bearer(key)) == Named("anna", "token")
    assert named(of, x_guided_profile_key=key, authorization=bearer("sk-of-the-upstream")) == Named(
        "anna", "token"
    )
    assert refused(of, authorization=bearer(f"{key}x")).status == 401
    assert refused(of, x_guided_profile_key=KEY, authorization=bearer("gp_un_known")).status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        signed(key="another secret that is long enough as well"),
        signed(iss="someone"),
        signed(exp=datetime(2020, 1, 1, tzinfo=UTC)),
        signed(exp=None),
        signed(None),
        signed("two\nlines"),
        "not a token",
        token("anna", key="", algorithm="none", iss=ISSUER),
    ],
)
def test_a_signed_header_that_is_not_right_is_refused_even_with_the_key(wrong: str) -> None:
    error = refused(users(), x_openwebui_user_jwt=wrong, authorization=bearer(KEY))
    assert error.status == 401
    assert "FORWARD" not in error.message
    assert "signed" in error.message


def test_a_signed_header_lets_its_user_in_beside_a_key_of_the_upstream() -> None:
    webui = signed()
    assert named(users(), x_openwebui_user_jwt=webui, authorization=bearer("sk-x")).way == "signed"
    of = users(server=jwt_settings())
    assert named(of, x_openwebui_user_jwt=webui, authorization=bearer("sk-x")).way == "signed"


def test_without_its_secret_a_signed_header_says_nothing() -> None:
    of = users(ProxySettings(key=KEY))
    assert named(of, {}, x_openwebui_user_jwt=signed(), authorization=bearer(KEY)) == Named()


@pytest.mark.parametrize(
    "text",
    [
        "{{LIBRECHAT_USER_ID}}",
        "u-{{USER_ID}}",
        "${USER}",
        "{user}",
        "<user id>",
        "%USER%",
        "[object Object]",
    ],
)
def test_a_placeholder_that_was_not_filled_in_is_refused(text: str) -> None:
    error = refused(users(), authorization=bearer(KEY), x_user_id=text)
    assert (error.status, error.error) == (400, "unfilled_placeholder")
    assert text in error.message
    error = refused(users(), {"user": text}, authorization=bearer(KEY))
    assert error.error == "unfilled_placeholder"


@pytest.mark.parametrize("value", ["   ", "x" * 201, "two\nlines", "null", 7, ["anna"], False])
@pytest.mark.parametrize("way", ["safety_identifier", "user", "metadata.user_id"])
def test_a_field_of_the_body_that_names_nobody_is_refused_as_a_header_is(
    way: str, value: Any
) -> None:
    body = {"metadata": {"user_id": value}} if "." in way else {way: value}
    error = refused(users(), body, authorization=bearer(KEY))
    assert (error.status, error.error) == (400, "bad_user")
    assert way in error.message
    assert error.response().headers["x-guided-profile"] == "refused; why=bad-user"


def test_a_field_that_is_empty_names_nobody() -> None:
    body = {"safety_identifier": None, "user": "", "metadata": {"user_id": "anna"}}
    assert named(users(), body, authorization=bearer(KEY)) == Named("anna", "metadata.user_id")


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "null", "Undefined", "None"])
def test_a_header_that_names_nobody_is_refused(text: str) -> None:
    error = refused(users(), authorization=bearer(KEY), x_user_id=text)
    assert (error.status, error.error) == (400, "bad_user")
    assert HEADER in error.message


def test_two_ids_that_cannot_be_read_are_not_one_user() -> None:
    of, key = users(), (b"authorization", bearer(KEY).encode())
    for raw in (b"caf\xe9", b"caf\xe8"):
        sender = asyncio.run(of.sender([key], ELSEWHERE))
        with pytest.raises(ProxyError):
            of.named(sender, [key, (HEADER.encode(), raw)], {})


def test_where_nobody_is_asked_this_machine_alone_may_name_users() -> None:
    of = users(ProxySettings())
    assert named(of, client=HERE, host="localhost:8100") == Named("of safety", "safety_identifier")
    assert refused(of).status == 401
    assert refused(of, client=HERE, host="localhost", x_forwarded_for="203.0.113.9").status == 401
    assert refused(of, client=HERE, host="localhost", origin="https://else.example").status == 401
    assert refused(of, client=HERE, host="else.example").status == 401


def test_a_front_end_says_which_calls_are_its_own() -> None:
    def own(text: str) -> bool:
        return users().is_own_call([(b"x-task", text.encode())])

    assert own("title_generation")
    assert not own("")
    assert not own("None")
    assert not users().is_own_call([])
    with pytest.raises(ProxyError, match="x-task"):
        own("{{TASK}}")
