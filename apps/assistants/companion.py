"""What a host assistant needs: look up what is known of a user, and remember what they say.

All of it is done on threads of its own, so that hosts with and without an event loop use it alike,
and profiles are made while nobody waits.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from time import monotonic
from typing import Any, Self

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.apps import assembly
from guided_profile.apps.assistants.known import Known, look_up
from guided_profile.apps.assistants.profiles import Profiles
from guided_profile.apps.assistants.remembering import Remembering
from guided_profile.apps.background import Background, done_at_once
from guided_profile.apps.privacy import limit_traces
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.build import build_graph, utc_now, verifiers_of
from guided_profile.graph.records import HistoryItem, MemoryAct
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import Task, builtin_tasks, by_name, find_task
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import undoing
from guided_profile.tools.requests.doing import Heeded
from guided_profile.tools.requests.heed import MemoryRequests
from guided_profile.tools.restraint.select import RECENT, Restraint
from guided_profile.tools.weights.fetch import OnProgress

EARLIER_SECONDS = 30.0
"""How long a request about the memory waits until earlier messages are judged and written."""


class Companion(AbstractContextManager["Companion"]):
    """Knows a host's users: reads and keeps what they said, and has their profiles made.

    What takes time returns at once, with a future: `future.result(timeout)` waits for it, and so
    does `await asyncio.wrap_future(future)` in an event loop.
    """

    def __init__(
        self,
        *,
        chat: BaseChatModel,
        history: HistoryStore,
        store: BaseStore | Callable[[], AbstractAsyncContextManager[BaseStore]],
        task: str = "assistant",
        tasks: Iterable[Task] = (),
        clock: Callable[[], datetime] = utc_now,
        verifier: Verifier | Mapping[str, Verifier] | None = None,
    ) -> None:
        """Make a companion of your own parts.

        Args:
            chat: The model that writes the profiles.
            history: What the users said and did; it stays yours to close.
            store: Where profiles are kept. One that belongs to an event loop is given as a function
                that opens it, such as `lambda: AsyncPostgresStore.from_conn_string(…)`, and is
                closed with the companion.
            task: The name of the task whose profile is kept.
            tasks: Your own tasks, beside the built-in ones.
            clock: The time, in UTC.
            verifier: Judges whether the history supports a profile's sentences; left out, `chat`
                does. See `build_graph`.

        Raises:
            TaskError: There is no task of that name.
        """
        known = builtin_tasks() | by_name(tasks)
        self.task = find_task(known, task)
        self.chat, self.history, self.clock = chat, history, clock
        self._restraint = Restraint(history, chat)
        self._requests = MemoryRequests(chat, history, known, clock, own_task=task)
        self._background = Background()
        self._remembering = Remembering(history, self._background, self.refresh)
        self._background.before_end(self._remembering.finish)
        try:
            self.store = store if isinstance(store, BaseStore) else self._background.enter(store())
        except BaseException:
            self.close()
            raise
        graph = build_graph(
            chat=chat,
            history=history,
            tasks=known.values(),
            store=self.store,
            clock=clock,
            verifier=verifier,
        )
        self._profiles = Profiles(
            graph,
            self.task,
            chat=chat,
            history=history,
            store=self.store,
            verifiers=verifiers_of(chat, verifier),
            clock=clock,
            background=self._background,
        )

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        chat: BaseChatModel | None = None,
        task: str = "assistant",
        on_progress: OnProgress | None = None,
    ) -> Self:
        """Open a companion as the settings say: model, embedder, history and profiles.

        Args:
            settings: Left out: from the environment.
            chat: The model that writes the profiles, instead of the one that the settings name.
            task: The name of the task whose profile is kept.
            on_progress: Called while weights are fetched.

        Raises:
            GuidedProfileError: A setting is wrong, or a part cannot be had.
        """
        settings = settings or read_settings()
        limit_traces(settings.traces)
        tasks = assembly.known_tasks(settings)
        find_task(tasks, task)
        assembly.check_folder(settings)
        verifier = assembly.verifier(settings)
        chat = chat or assembly.chat_model(settings, on_progress)
        history = assembly.open_history(settings, assembly.embedder(settings, on_progress))
        try:
            opened = cls(
                chat=chat,
                history=history,
                store=lambda: assembly.profile_store(settings),
                task=task,
                tasks=tasks.values(),
                verifier=verifier,
            )
        except BaseException:
            history.close()
            raise
        opened._background.at_end(history.close)
        return opened

    def known(
        self,
        user_id: str,
        text: str,
        tokens: int,
        recent: Iterable[str] = (),
        *,
        profile_tokens: int | None = None,
        within: float | None = None,
    ) -> Future[Known]:
        """Return what is known of a user, and what of it an answer uses.

        Two short calls at once ask the model whether a good answer would differ; see `Restraint`.

        Args:
            user_id: Whose.
            text: What they say now; history that bears on it is recalled. Blank: none is.
            tokens: About how many tokens of history may be recalled.
            recent: The conversation's last messages, in order; they are not recalled again.
            profile_tokens: About how many tokens of the profile are used; None: any number.
            within: Seconds that the model has to decide; None: it is waited for.
        """
        return self._background.start(
            look_up(
                self.history,
                self._restraint,
                self.task,
                lambda: self._profiles.standing(user_id),
                user_id,
                text,
                tokens,
                tuple(recent)[-RECENT:],
                profile_tokens=profile_tokens,
                until=None if within is None else monotonic() + within,
            )
        )

    def ask(
        self,
        user_id: str,
        question: str,
        options: Sequence[str] = (),
        *,
        on_event: Callable[[Any], None] | None = None,
    ) -> Future[Answered | Abstained]:
        """Run the whole workflow for a question, in a host without an event loop too.

        Args:
            user_id: Who asks.
            question: What is asked.
            options: What to choose among, for a task of kind `choice`.
            on_event: Called with each stage's event as it begins, on the companion's thread.
        """
        return self._background.start(
            self._profiles.ask(user_id, {"question": question, "options": [*options]}, on_event)
        )

    def heed(
        self,
        user_id: str,
        message: str,
        before: str = "",
        *,
        thread: str = "",
        reported: bool = True,
        remembers: bool = True,
    ) -> Future[Heeded | None]:
        """Do what a message asks of what is kept about its user, such as to forget something.

        Most messages cost no model call, a possible request costs a short one, and a request a few
        more. A request is not to be remembered: give the future to `remember`.

        Args:
            user_id: Whose message it is.
            message: What they say now.
            before: What they said before that, which "that" may mean.
            thread: The id of the conversation; empty if it has none.
            reported: Whether the next answer is certain to tell the user the outcome; if not, a
                Yes to a deletion confirms nothing until `asked` says where they are asked.
            remembers: Whether what they say is to be remembered; if not, a user who asks for
                it is told that it cannot be.

        Returns:
            What was done, to be shown to the user; None: the message is no such request.
        """
        earlier = self._remembering.of(user_id)

        async def written() -> None:
            all_of_it = asyncio.gather(*map(asyncio.wrap_future, earlier), return_exceptions=True)
            await asyncio.wait([all_of_it], timeout=EARLIER_SECONDS)

        async def heed() -> Heeded | None:
            if not message.strip():
                return None
            return await self._requests.heed(
                user_id,
                message,
                store=self.store,
                before=before,
                thread=thread,
                reported=reported,
                reports_unconfirmed=True,
                remembered=remembers,
                first=written if earlier else None,
            )

        begun = self._background.start(heed())
        return self._background.watched(begun, "what the user asks of what is kept is not done")

    def asked(self, user_id: str, thread: str, acts: Iterable[MemoryAct]) -> Future[None]:
        """Note in which conversation an answer asks a user about deletions: a Yes counts there.

        Args:
            user_id: Who is asked.
            thread: The id of the conversation.
            acts: What the answer reports.

        Returns:
            Done when a Yes counts, whichever process gets it.
        """
        questions = {act.items for act in acts if act.outcome == "asks"}
        if not questions:
            return done_at_once()
        noted = self._background.start(
            undoing.tell(self.store, user_id, questions, thread, self.clock())
        )
        return self._background.watched(noted, "a Yes to what a user is asked does not count")

    def remember(
        self,
        user_id: str,
        items: Sequence[HistoryItem],
        *,
        instead_of: Sequence[str] = (),
        heeded: Mapping[str, Future[Heeded | None]] | None = None,
    ) -> Future[None]:
        """Keep items, and then have the profile made if it is time.

        An id is kept once, unless its words are said again at a later time, after other words.

        Args:
            user_id: Whose.
            items: What they said or did.
            instead_of: The ids of items whose place they take, which are deleted.
            heeded: By an item's id, what `heed` returned for its words: a request is not kept, and
                an item that is not judged yet waits until it is.

        Returns:
            Done once all of them are written, those that are judged late too.
        """
        return self._remembering.remember(user_id, items, instead_of, heeded or {})

    def refresh(self, user_id: str) -> Future[None]:
        """Have a user's profile made, if the task's freshness says that it is time."""
        return self._profiles.refresh(user_id)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all work that was begun is done; return whether it is.

        Args:
            timeout: Seconds; None: however long it takes.
        """
        return self._background.flush(timeout)

    def close(self) -> None:
        """Write what is still to be written, and end; a profile being made is left for later.

        Messages that are not judged yet, whether they are requests, are waited for a few seconds,
        and then written too.
        """
        self._background.close()

    def __exit__(self, *failure: object) -> None:
        self.close()
