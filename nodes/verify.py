"""verify: hold each sentence of the profile against the items, and make the profile of them."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from langgraph.runtime import Runtime

from guided_profile.graph.context import Context
from guided_profile.graph.records import Call, Cost, Draft, HistoryItem, Profile, Sentence, Standing
from guided_profile.graph.state import State
from guided_profile.graph.tasks import Task
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.evidence.comparing import Comparison
from guided_profile.tools.evidence.ended import ended_by
from guided_profile.tools.evidence.judging import Judge
from guided_profile.tools.fingerprints import fingerprint
from guided_profile.tools.profiles.plan import profiles_of, with_overrides, write_standing
from guided_profile.tools.profiles.renewal import renewed
from guided_profile.tools.profiles.revision import revise


class VerifyUpdate(TypedDict):
    """What verify writes."""

    profile: Profile | None
    """None: too little of the draft stood, and another is asked for."""
    judged: list[Sentence]
    calls: list[Call]


FEW = 4
"""With fewer sentences that stand, and as many that do not, the writer is asked once more."""


def make_verify(resources: Resources) -> Stage[State, VerifyUpdate]:
    """Return the stage that judges the sentences, joins them to the standing ones, and keeps them.

    If the verifier fails, that is an error of the run: no profile is made without evidence.
    """
    history, builds = resources.history, resources.builds

    async def verify(state: State, runtime: Runtime[Context]) -> VerifyUpdate:
        context, task = resources.asked(runtime)
        runtime.stream_writer({"stage": "verify"})
        profiles = profiles_of(runtime, task)
        making = profiles if state["building"] else None
        async with builds.stage(making):
            verifier = resources.verifier_of(task)
            judge = Judge(verifier, history, context.user_id, task, context.context_tokens)
            comparison = Comparison(verifier, history, judge.calls)
            overrides = await profiles.forbidden() if profiles else []
            forbidden = [override.text for override in overrides]
            fresh = await _judged(state, judge, comparison, forbidden)
            first = not state["judged"] and state["profile_use"] != "revised"
            if task.guided and first and _too_few(fresh):
                return {"profile": None, "judged": fresh, "calls": judge.calls}
            made = await _made(state, task, judge, comparison, fresh, forbidden)
            written = state["draft"] or state["judged"]  # a second draft may be empty
            if not written and state["standing"]:
                made = state["standing"].profile
            # a model that wrote nothing failed: what stood stands, and the next run tries again
            elif written and profiles and state["building"]:
                revisions = state["standing"].revisions if state["standing"] else 0
                stands = Standing(
                    profile=made,
                    covered=tuple(state["covered"]),
                    made_with=state["made_with"],
                    revisions=revisions + 1 if state["profile_use"] == "revised" else 0,
                )
                await write_standing(profiles, stands, history)
        if making:
            builds.release(making)
        profile = await with_overrides(profiles, made, history)
        return {"profile": profile, "judged": [], "calls": judge.calls}

    async def _judged(
        state: State, judge: Judge, comparison: Comparison, forbidden: Sequence[str]
    ) -> list[Sentence]:
        """Return the sentences of the draft with their verdicts, after those of a first draft."""
        before = {sentence.text: sentence for sentence in state["judged"]}
        drafts = [draft for draft in state["draft"] if draft.text not in before]
        held = await _held(judge, comparison, drafts, _items(state), forbidden, _stood(state))
        return [*before.values(), *held]

    async def _made(
        state: State,
        task: Task,
        judge: Judge,
        comparison: Comparison,
        fresh: Sequence[Sentence],
        forbidden: Sequence[str],
    ) -> Profile:
        items = _items(state)
        standing = state["standing"].profile if state["standing"] else None
        before: tuple[Sentence, ...] = ()
        over = None
        if standing and state["profile_use"] == "revised":
            before = _stood(state)
            over = await ended_by(judge, before, items)
            over, drafts = await _renewed(judge, comparison, task, before, over, fresh)
            fresh = [*fresh, *await _held(judge, comparison, drafts, items, forbidden)]
        revised = await revise(
            before,
            [sentence for sentence in fresh if sentence.evidence],
            standing.replaced if standing else (),
            over=over,
            comparison=comparison,
        )
        stand = await judge.with_uses(revised.sentences, resources.uses_of(task), known=before)
        struck = _struck(fresh, stand)
        return Profile(
            task=task.name,
            version=standing.version + 1 if standing else 1,
            sentences=(*stand, *struck),
            replaced=revised.replaced,
            guidance=state["guidance"],
            fingerprint=fingerprint(state["covered"], state["made_with"]),
            model=resources.model,
            created=resources.clock(),
            cost=Cost.of([*state["calls"], *judge.calls]),
        )

    async def _renewed(
        judge: Judge,
        comparison: Comparison,
        task: Task,
        before: Sequence[Sentence],
        over: Mapping[int, HistoryItem],
        fresh: Sequence[Sentence],
    ) -> tuple[dict[int, HistoryItem], list[Draft]]:
        """Return what is over, and how it is now where the writer passed over that.

        A sentence that comes out the same in the light of the item holds after all.
        """
        covered = {id_ for sentence in fresh for id_ in sentence.evidence}
        ended = {n: item for n, item in over.items() if item.id not in covered}
        written = {
            n: Draft(text=now, cited=(item.id,))
            for n, item in ended.items()
            if (now := judge.now(before[n]))
        }
        unjudged = {n: item for n, item in ended.items() if n not in written}
        drafts, calls = await renewed(
            resources.chat,
            [(before[n].text, item) for n, item in unjudged.items()],
            task.temperature,
        )
        judge.calls += calls
        written |= {n: draft for n, draft in zip(unjudged, drafts, strict=True) if draft}
        same = await comparison.same([(before[n].text, draft.text) for n, draft in written.items()])
        holds = {n for n, yes in zip(written, same, strict=True) if yes}
        still_over = {n: item for n, item in over.items() if n not in holds}
        return still_over, [draft for n, draft in written.items() if n not in holds]

    return verify


async def _held(
    judge: Judge,
    comparison: Comparison,
    drafts: Sequence[Draft],
    items: Sequence[HistoryItem],
    forbidden: Sequence[str],
    standing: Sequence[Sentence] = (),
) -> tuple[Sentence, ...]:
    """Return drafts as sentences with their verdicts, without what the user forbade."""
    judged = await judge.without_commonplaces(await judge.judge(drafts, items, standing))
    return await comparison.without_forbidden(judged, forbidden)


def _stood(state: State) -> tuple[Sentence, ...]:
    """Return the sentences that a revision starts from."""
    revises = state["standing"] and state["profile_use"] == "revised"
    return state["standing"].profile.supported if revises and state["standing"] else ()


def _items(state: State) -> list[HistoryItem]:
    return [item for part in state["material"] for item in part]


def _too_few(judged: Sequence[Sentence]) -> bool:
    stand = sum(bool(sentence.evidence) for sentence in judged)
    return stand < FEW <= len(judged) - stand


def _struck(fresh: Sequence[Sentence], stand: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return what was written and does not stand; it is kept in the record, marked."""
    standing = {sentence.text for sentence in stand}
    return tuple(
        sentence for sentence in fresh if not sentence.evidence and sentence.text not in standing
    )
