"""What the proxy's settings refuse, each in one line that says what to do."""

import pytest

from guided_profile.apps.proxy.settings import read_proxy_settings
from guided_profile.graph.errors import SettingsError

KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"USER_HEADER": "X-User"}, "GUIDED_PROFILE_PROXY_KEY is not"),
        ({"USER_HEADER": "X User", "PROXY_KEY": KEY}, "GUIDED_PROFILE_USER_HEADER is 'X User'"),
        ({"USER_HEADER": "Authorization", "PROXY_KEY": KEY}, "GUIDED_PROFILE_USER_HEADER"),
        ({"PROXY_KEY": "short"}, "fewer than 16"),
        ({"PROXY_KEY": f"gp_{KEY}"}, "begins with gp_"),
        ({"OPENWEBUI_SECRET": "short"}, "fewer than 32 bytes"),
        ({"UPSTREAM_KEY": "sk-1"}, "GUIDED_PROFILE_UPSTREAM_URL is not"),
        ({"UPSTREAM_URL": "nowhere"}, "GUIDED_PROFILE_UPSTREAM_URL is no address"),
        ({"UPSTREAM_URL": "http://a:b@c/v1"}, "holds a name or a password"),
        ({"UPSTREAM_URL": "http://c/v1?api-key=sk-1"}, "goes on after its path"),
        ({"UPSTREAM_URL": "http://c/v1#x"}, "goes on after its path"),
    ],
)
def test_what_does_not_go_together_is_said(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_proxy_settings({f"GUIDED_PROFILE_{name}": value for name, value in given.items()})
    assert message in str(caught.value)
    assert "sk-1" not in str(caught.value)


def test_a_secret_is_not_shown() -> None:
    settings = read_proxy_settings({"GUIDED_PROFILE_PROXY_KEY": KEY})
    assert settings.key == KEY
    assert KEY not in repr(settings)


def test_with_admins_tokens_a_header_may_name_users() -> None:
    given = {"GUIDED_PROFILE_USER_HEADER": "X-User"}
    assert read_proxy_settings(given, authenticates=True).user_header == "x-user"
