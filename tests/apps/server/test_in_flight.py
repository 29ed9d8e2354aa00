"""Those who ask the model take turns, and who waits too long gets an error."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faults
import pytest
from endpoint import Endpoint
from server_client import ANNA, jwt_settings, served

from guided_profile.apps.server.access import in_flight

QUESTION = {"question": "Which pet do I have?"}


def test_so_many_ask_the_model_at_once_and_the_others_wait(added: type[Endpoint]) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def counted(server: Endpoint, asked: dict[str, Any]) -> bool:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with lock:
            inside -= 1
        return False

    with served(jwt_settings(at_once=3)) as (outside, _), ThreadPoolExecutor(20) as pool:
        assert outside.post("/v1/ask", json=QUESTION, headers=ANNA).status_code == 200
        added.fault = counted
        asked = [
            pool.submit(outside.post, "/v1/ask", json=QUESTION, headers=ANNA) for _ in range(20)
        ]
        assert [request.result().status_code for request in asked] == [200] * 20
    assert 1 < most <= 3


def test_who_waits_too_long_for_a_turn_gets_an_error_and_the_other_routes_are_quick(
    added: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "TURN_SECONDS", 0.2)
    added.fault = faults.times(1, faults.hangs)
    with served(jwt_settings(at_once=1)) as (outside, _), ThreadPoolExecutor(1) as pool:
        first = pool.submit(outside.post, "/v1/ask", json=QUESTION, headers=ANNA)
        while len(added.prompts) < 1:
            time.sleep(0.01)
        for headers in (ANNA, ANNA | {"Accept": "text/event-stream"}):
            answer = outside.post("/v1/ask", json=QUESTION, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (503, "busy")
            assert answer.headers["retry-after"] == "10"
        assert outside.post("/v1/profile", headers=ANNA).json()["error"] == "busy"
        assert outside.get("/v1/history", headers=ANNA).status_code == 200
        added.over.set()
        assert first.result(60).status_code == 200  # the call that hung was dropped, and repeated
        assert outside.post("/v1/ask", json=QUESTION, headers=ANNA).status_code == 200
