"""Attacks on who one is: each must be refused, without saying more than it should."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from endpoint import Endpoint
from server_client import SECRET, bearer, jwt_settings, served, token
from starlette.testclient import TestClient

from guided_profile.apps.server.access.guard import OPEN_PATHS
from guided_profile.apps.server.access.keys import KeyFile
from guided_profile.apps.server.access.tokens import UnauthorizedError, Verifier
from guided_profile.apps.server_settings import ServerSettings, read_server_settings
from guided_profile.graph.errors import SettingsError

NOW = datetime.now(UTC)
OTHER = "another secret, of more than 32 bytes as well"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


@pytest.fixture
def client(endpoint: type[Endpoint]) -> Iterator[TestClient]:
    with served(jwt_settings(audience="profiles", issuer="https://id.example")) as (outside, _):
        yield outside


def good(user: object = "anna", **claims: Any) -> str:
    return token(user, **{"aud": "profiles", "iss": "https://id.example"} | claims)


def unsigned(claims: dict[str, Any], algorithm: str = "none") -> str:
    parts = [{"alg": algorithm, "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b""]).decode()


def tampered(given: str) -> str:
    head, _, signature = given.split(".")
    body = base64.urlsafe_b64encode(b'{"sub":"bob","exp":9999999999}').rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


LATER = int((NOW + timedelta(hours=1)).timestamp())
CLAIMS = {"sub": "anna", "exp": LATER, "aud": "profiles", "iss": "https://id.example"}

FORGED = {
    "another secret": good(key=OTHER),
    "empty": "",
    "garbage": "garbage",
    "three garbage parts": "a.b.c",
    "none": unsigned(CLAIMS),
    "None": unsigned(CLAIMS, "None"),
    "nOnE": unsigned(CLAIMS, "nOnE"),
    "HS256 without a signature": unsigned(CLAIMS, "HS256"),
    "tampered": tampered(good()),
    "HS512 by the right secret": good(algorithm="HS512"),
    "RS256": good(key=RSA, algorithm="RS256"),
    "expired": good(exp=NOW - timedelta(minutes=2)),
    "no exp": good(exp=None),
    "exp is a text": good(exp="tomorrow"),
    "not yet": good(nbf=LATER),
    "made in the future": good(iat=LATER),
    "wrong audience": good(aud="another"),
    "no audience": good(aud=None),
    "wrong issuer": good(iss="https://evil.example"),
    "no issuer": good(iss=None),
    "no sub": good(None),
    "blank sub": good("  "),
    "empty sub": good(""),
    "sub with NUL": good("anna\0bob"),
    "sub with a line break": good("anna\nadmin"),
    "long sub": good("a" * 201),
    "an API key where there are none": "gp_0123456789ab_secret",
    "too long": good(filler="x" * 9000),
}


def test_a_forged_token_is_refused(client: TestClient) -> None:
    for name, forged in FORGED.items():
        answer = client.get("/v1/history", headers=bearer(forged))
        assert answer.status_code == 401, name
        assert answer.json()["error"] == "unauthorized", name
        assert answer.headers["www-authenticate"] == "Bearer", name
        assert len(forged) < 10 or forged[:10] not in answer.text, name


def test_a_good_token_is_let_in_also_with_clocks_a_little_apart(client: TestClient) -> None:
    for sent in (
        good(),
        good(exp=datetime.now(UTC) - timedelta(seconds=5)),
        good(aud=["other", "profiles"]),
    ):
        assert client.get("/v1/history", headers=bearer(sent)).status_code == 200


HEADERS: list[list[tuple[str, str]]] = [
    [],
    [("Authorization", "")],
    [("Authorization", f"Basic {good()}")],
    [("Authorization", good())],
    [("Authorization", f"Bearer {good()}"), ("Authorization", f"Bearer {good('bob')}")],
    [("X-Api-Key", good())],
    [("X-Api-Key", "gp_0123456789ab_secret"), ("X-Api-Key", "gp_0123456789ab_secret")],
    [("X-Auth-Scheme", "langsmith")],
    [("X-User-Id", "anna")],
    [("Cookie", f"authorization={good()}")],
]


def test_other_ways_of_saying_who_one_is_are_refused(client: TestClient) -> None:
    for headers in HEADERS:
        assert client.get("/v1/history", headers=headers).status_code == 401


def test_every_route_but_the_probes_wants_a_token(client: TestClient) -> None:
    paths = client.get("/v1/openapi.json", headers=bearer(good())).json()["paths"]
    assert len(paths) > 10
    for path in [*paths, "/v1", "/v1/", "/v1/openapi.json", "/v1/nothing", "/v1//history"]:
        for method in ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"):
            status = client.request(method, path).status_code
            assert (status == 401) == (path not in OPEN_PATHS), (method, path, status)


PATHS = [
    "/V1/history",
    "//v1/history",
    "/x/../v1/history",
    "/v1/health/../history",
    "/v1/health%2f..%2fhistory",
    "/v1/health;/history",
    "/v1/ready/",
    "/%761/history",
    "/v1%2fhistory",
    "/v1/history/",
    "/v1/./history",
    "/noauth/v1/history",
]


def test_no_way_of_writing_a_path_leads_around_the_guard(client: TestClient) -> None:
    for path in PATHS:
        client.post("/v1/history", json={"items": [{"text": "SECRET"}]}, headers=bearer(good()))
        answer = client.get(path)
        assert answer.status_code in (401, 404)
        assert "SECRET" not in answer.text


def test_a_preflight_is_answered_without_a_token_and_tells_nothing(client: TestClient) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    for path in ("/v1/history", "/v1/export", "/v1/nothing"):
        assert client.options(path, headers=headers).status_code in (404, 405)


def test_without_the_guard_a_route_serves_nobody(endpoint: type[Endpoint]) -> None:
    with served() as (client, _):
        app: Any = client.app
        app.user_middleware.clear()
        app.middleware_stack = None
        bare = TestClient(app)
        assert bare.get("/v1/history").status_code == 401


# RS256, by a PEM and by a JWKS file


def jwks(tmp_path: Path, *keys: Any) -> Path:
    listed = [
        json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key)) | {"kid": f"k{n}", "use": "sig"}
        for n, key in enumerate(keys)
    ]
    listed.append({"kty": "oct", "kid": "oct", "k": base64.urlsafe_b64encode(PEM).decode()})
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": listed}))
    return path


def rs256(path: Path) -> Verifier:
    return Verifier(jwt_settings(secret=None, public_key=path))


def says(verifier: Verifier, given: str) -> str:
    return verifier.caller([(b"authorization", f"Bearer {given}".encode())]).user_id


def signed(kid: str | None = None, key: Any = RSA, **claims: Any) -> str:
    body = {"sub": "anna", "exp": LATER} | claims
    return jwt.encode(body, key, "RS256", headers={"kid": kid} if kid else None)


def hmac_by(key: bytes, kid: str | None = None) -> str:
    """Sign with the public key as if it were a secret; PyJWT itself would refuse to."""
    import hashlib
    import hmac

    header = {"alg": "HS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
    parts = [header, {"sub": "anna", "exp": LATER}]
    text = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
    )
    signature = hmac.new(key, text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_rs256_takes_what_the_key_signed_and_nothing_else(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(PEM)
    by_pem, by_jwks = rs256(pem), rs256(jwks(tmp_path, RSA.public_key(), OTHER_RSA.public_key()))
    assert says(by_pem, signed()) == says(by_pem, signed("any")) == "anna"
    assert says(by_jwks, signed("k0")) == says(by_jwks, signed("k1", OTHER_RSA)) == "anna"
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_RSA.public_key()))
    embedded = jwt.encode({"sub": "anna", "exp": LATER}, OTHER_RSA, "RS256", headers={"jwk": own})
    linked = jwt.encode(
        {"sub": "anna", "exp": LATER}, OTHER_RSA, "RS256", headers={"jku": "http://127.0.0.1:1/"}
    )
    for verifier in (by_pem, by_jwks):
        for forged in (
            hmac_by(PEM),
            hmac_by(PEM.strip()),
            hmac_by(PEM, "k0"),
            hmac_by(PEM, "oct"),
            hmac_by(b"", "k0"),
            signed("k1"),
            signed("k0", OTHER_RSA),
            signed("../../../dev/null", OTHER_RSA),
            signed("k9", OTHER_RSA),
            signed(None, OTHER_RSA),
            signed("k0", exp=1),
            embedded,
            linked,
            unsigned(CLAIMS),
        ):
            if verifier is by_pem and forged == signed("k1"):
                continue  # a PEM file names no key: any name is that one's
            with pytest.raises(UnauthorizedError):
                says(verifier, forged)


def test_a_key_file_that_holds_no_rsa_key_ends_the_start(tmp_path: Path) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = curve.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for name, content in {
        "ec.pem": pem,
        "empty.pem": b"",
        "garbage.pem": b"garbage",
        "empty.json": b'{"keys": []}',
        "list.json": b'{"keys": 1}',
        "oct.json": b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SettingsError, match="GUIDED_PROFILE_JWT_KEY"):
            rs256(path)
    with pytest.raises(SettingsError, match="GUIDED_PROFILE_JWT_KEY"):
        rs256(tmp_path / "none.pem")


# API keys


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def test_an_api_key_is_let_in_until_it_is_revoked(endpoint: type[Endpoint], keys: KeyFile) -> None:
    made, key = keys.add("anna", admin=False, now=NOW)
    _, other = keys.add("bob", admin=False, now=NOW)
    settings = jwt_settings(auth=frozenset({"keys"}), secret=None, keys=keys.path)
    with served(settings) as (client, _):
        for headers in (bearer(key), {"X-Api-Key": key}):
            assert client.get("/v1/history", headers=headers).status_code == 200
        wrong = {
            "cut short": key[:-1],
            "longer": f"{key}x",
            "another case": key.swapcase(),
            "the secret of another": key[: len("gp_") + 12] + other[len("gp_") + 12 :],
            "only the id": f"gp_{made.id}",
            "an empty secret": f"gp_{made.id}_",
            "an unknown id": "gp_000000000000_" + key[16:],
            "no id": "gp__",
            "the digest": f"gp_{made.id}_{made.digest}",
            "the nobody": "gp__" + "0" * 64,
            "a token": token(),
        }
        for name, given in wrong.items():
            assert client.get("/v1/history", headers=bearer(given)).status_code == 401, name
        keys.revoke(made.id)
        assert client.get("/v1/history", headers=bearer(key)).status_code == 401
        assert client.get("/v1/history", headers=bearer(other)).status_code == 200


def test_a_file_of_keys_that_breaks_lets_nobody_in(endpoint: type[Endpoint], keys: KeyFile) -> None:
    _, key = keys.add("anna", admin=False, now=NOW)
    settings = jwt_settings(auth=frozenset({"keys"}), secret=None, keys=keys.path)
    with served(settings) as (client, _):
        for content in ("", "{", "[1]", '[{"id": ""}]'):
            keys.path.write_text(content)
            answer = client.get("/v1/history", headers=bearer(key))
            assert answer.status_code == 503
            assert answer.json()["error"] == "keys_unavailable"
            assert answer.headers["retry-after"] == "5"
            assert str(keys.path) not in answer.text
        keys.path.unlink()
        assert client.get("/v1/history", headers=bearer(key)).status_code == 401


def test_the_file_of_keys_holds_no_key_and_is_its_owners_alone(keys: KeyFile) -> None:
    _, key = keys.add("anna", admin=False, now=NOW)
    secret = key.split("_", 2)[2]  # which may hold "_" itself
    assert len(secret) > 40
    assert secret not in keys.path.read_text()
    assert keys.path.stat().st_mode & 0o077 == 0


def test_no_auth_is_for_this_machine_alone(endpoint: type[Endpoint]) -> None:
    settings = ServerSettings(keys=Path("none"))
    with served(settings, "127.0.0.1") as (client, _):
        assert client.get("/v1/history?user=anna").status_code == 200
        assert client.get("/v1/history").status_code == 422
        for headers in (
            {"Host": "evil.example"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
            {"Origin": "https://evil.example"},
            {"Origin": "https://127.0.0.1.evil.example"},
            {"Origin": "null"},
        ):
            assert client.get("/v1/history?user=anna", headers=headers).status_code == 401
        for origin in ("http://localhost:3000", "http://127.0.0.1:2024", "http://[::1]:80"):
            answer = client.get("/v1/history?user=anna", headers={"Origin": origin})
            assert answer.status_code == 200
    with served(settings, "203.0.113.7") as (client, _):
        assert client.get("/v1/history?user=anna").status_code == 401


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"AUTH": "jtw"}, "GUIDED_PROFILE_AUTH"),
        ({"AUTH": "none"}, "GUIDED_PROFILE_AUTH"),
        ({"AUTH": "jwt"}, "JWT_SECRET"),
        ({"AUTH": "jwt", "JWT_SECRET": SECRET, "JWT_KEY": "k.pem"}, "not both"),
        ({"AUTH": "jwt", "JWT_SECRET": "short"}, "32 bytes"),
        ({"JWT_SECRET": SECRET}, "GUIDED_PROFILE_AUTH"),
        ({"AUTH": "keys", "JWT_KEY": "k.pem"}, "GUIDED_PROFILE_AUTH"),
        ({"RATE": "0"}, "GUIDED_PROFILE_RATE"),
        ({"BODY_MB": "many"}, "GUIDED_PROFILE_BODY_MB"),
    ],
)
def test_half_a_configuration_is_refused(environment: dict[str, str], names: str) -> None:
    given = {f"GUIDED_PROFILE_{name}": value for name, value in environment.items()}
    with pytest.raises(SettingsError, match=names) as refused:
        read_server_settings(given)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(jwt_settings())
