from guided_profile.graph import records, state


def test_threads_that_name_their_records_by_the_module_of_the_state_are_still_read() -> None:
    """A checkpoint names the class of each value of the state, as it was when it was kept."""
    for name in ("Call", "Draft", "HistoryItem", "Profile", "Sentence", "Standing"):
        assert getattr(state, name) is getattr(records, name)
