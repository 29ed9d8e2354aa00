from scripted import ScriptedChat

from guided_profile.evals.benches.limits import found, table
from guided_profile.tools.standards import limits

CASES = [
    {"limit": "No emoji.", "request": "?", "reply": reply, "broken": broken, "countable": True}
    for reply, broken in (("Hi 🎉", True), ("Hi", False), ("Hi ;-)", True))
]


async def test_what_is_detected_is_counted_by_kind() -> None:
    limits._readings.cache_clear()
    detected = await found(
        ScriptedChat(
            script=lambda prompt: {"A" if "that say of" in prompt else "D": 0.9, "E": 0.1}
        ),
        CASES,
    )
    assert detected == [True, False, False]
    assert table(CASES, detected).splitlines() == [
        "countable, broken: 1 of 2 judged correctly (50 % [9, 91])",
        "countable, kept: 1 of 1 judged correctly (100 % [21, 100])",
    ]
