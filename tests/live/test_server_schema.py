"""The routes held against their own OpenAPI, by made-up requests over a real socket."""

import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import schemathesis
import uvicorn
from endpoint import Endpoint
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from server_client import ANNA, ROOT, jwt_settings

from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server.app import make_app
from guided_profile.apps.server.process.resources import ServerResources
from guided_profile.apps.settings import read_settings

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def schema_of_the_routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    handler = type("Handler", (Endpoint,), {"prompts": []})
    chosen = jwt_settings(rate=1_000_000)
    verifier = Verifier(chosen)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as endpoint:
        Thread(target=endpoint.serve_forever, args=(0.01,), daemon=True).start()
        environment = {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{endpoint.server_port}/v1",
            "OPENAI_MODEL": "m",
            "GUIDED_PROFILE_DATA": str(tmp_path_factory.mktemp("data")),
        }
        made = ServerResources.assembled(read_settings(environment))

        async def parts() -> ServerResources:
            return made

        app = make_app(parts, lambda: verifier, lambda: chosen)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        running = Thread(target=server.run)
        running.start()
        while not server.started:
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/v1/openapi.json"
        yield schemathesis.openapi.from_url(url, headers=ANNA)
        server.should_exit = True
        running.join(30)
        made.history.close()
        endpoint.shutdown()


OPERATIONS = 21


@pytest.mark.parametrize(("headers", "examples"), [(ANNA, 60), (ROOT, 20)], ids=["user", "admin"])
def test_every_answer_is_one_that_the_openapi_names(
    schema_of_the_routes: Any, headers: dict[str, str], examples: int
) -> None:
    thorough = settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    operations = [one.ok() for one in schema_of_the_routes.get_all_operations()]
    assert len(operations) == OPERATIONS
    sent = 0
    for operation in operations:

        @thorough
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def valid(case: schemathesis.Case) -> None:
            nonlocal sent
            sent += 1
            # what is valid by the schema may name a task, a key or a file that is none
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        @thorough
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def wrong(case: schemathesis.Case) -> None:
            nonlocal sent
            sent += 1
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        valid()
        if operation.definition.raw.get("parameters") or operation.body:
            wrong()
    print(f"{sent} requests")
