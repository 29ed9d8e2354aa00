import pickle
import threading
import tracemalloc
from functools import partial

import numpy as np

from guided_profile.tools.text.cache import TextCache


def test_a_text_is_worked_out_once() -> None:
    made: list[str] = []

    def make(text: str) -> bytes:
        made.append(text)
        return text[:1].encode()

    cache = TextCache(partial(map, make), most_bytes=10_000)
    assert cache.of(["apple", "pear", "apple"]) == [b"a", b"p", b"a"]
    assert cache.of(["pear", "\ud800"[:0]]) == [b"p", b""]
    assert made == ["apple", "pear", ""]


def test_it_stays_within_its_bound_and_forgets_the_oldest() -> None:
    made: list[str] = []

    def make(text: str) -> bytes:
        made.append(text)
        return b"x" * 1000

    cache = TextCache(partial(map, make), most_bytes=10_000)
    for number in range(50):
        cache.of(["kept", f"text {number}"])
    assert 5 <= len(cache) <= 10
    assert made.count("kept") == 1
    made.clear()
    cache.of(["kept", "text 0"])
    assert made == ["text 0"]
    assert TextCache(partial(map, make), most_bytes=10).of(["a", "b"]) == [b"x" * 1000] * 2


def test_its_bound_is_what_arrays_take_rows_of_a_matrix_too() -> None:
    most = 1 << 20
    cache = TextCache(lambda texts: np.ones((len(texts), 384), np.float32), most_bytes=most)
    tracemalloc.start()
    try:
        for batch in range(20):
            cache.of([f"{batch}, text {number}" for number in range(100)])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.8 * most < held < 1.1 * most
    assert 0.8 * most < 384 * 4 * len(cache) < most


def test_it_holds_no_text() -> None:
    cache = TextCache(partial(map, len), most_bytes=10_000)
    cache.of(["a secret of anna"])
    assert b"secret" not in pickle.dumps(cache._kept)


def test_texts_are_worked_out_together_and_while_others_are_served() -> None:
    began, go_on = threading.Event(), threading.Event()

    def make(texts: list[str]) -> list[str]:
        if "slow" in texts:
            began.set()
            assert go_on.wait(5)
        return [f"{text} of {len(texts)}" for text in texts]

    cache = TextCache(make, most_bytes=10_000)
    slow = threading.Thread(target=cache.of, args=(["slow", "slower", "slow"],))
    slow.start()
    assert began.wait(5)
    assert cache.of(["quick"]) == ["quick of 1"]
    go_on.set()
    slow.join()
    assert cache.of(["quick", "slower"]) == ["quick of 1", "slower of 2"]
