"""A request of the proxy: made personal, sent on, its reply passed on, and what was said kept."""

import asyncio
import logging
import re
from typing import NamedTuple

import aiohttp
from starlette.types import Scope, Send

from guided_profile.apps.assistants.conversation import Lookup, block_of
from guided_profile.apps.proxy.adding import Adds, AddsNothing, AddsToWhole, fixes_form
from guided_profile.apps.proxy.adding_stream import AddsToStream
from guided_profile.apps.proxy.answers import MOST_BYTES, read_answer
from guided_profile.apps.proxy.ids import conversation_id
from guided_profile.apps.proxy.memory import Memory
from guided_profile.apps.proxy.request import Asked, read_chat, read_response
from guided_profile.apps.proxy.said import Said
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.proxy.upstream import Upstream, returned
from guided_profile.apps.proxy.users import Headers, Sender, Users
from guided_profile.apps.server.access.guard import RateLimit
from guided_profile.apps.server.access.problems import has_too_many_parts

CHAT, RESPONSES, MODELS = "/chat/completions", "/responses", "/models"
STATE, ITEMS = b"x-guided-profile", b"x-guided-profile-items"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""An id that is shown: one that a file brought along may be anything, line ends and words too."""

_log = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What the proxy is made of."""

    settings: ProxySettings
    users: Users
    upstream: Upstream
    memory: Memory
    rate: RateLimit
    body_bytes: int

    async def close(self) -> None:
        """Close the connections to the upstream, and the companion."""
        await self.upstream.close()
        await asyncio.to_thread(self.memory.companion.close)


class Found(NamedTuple):
    """What goes to the upstream, and what is known of whose it is."""

    body: bytes
    state: str
    said: Said | None = None
    """None: nothing of it is to be remembered."""
    lookup: Lookup = Lookup()
    adds: bool = True
    """Whether what was done is added to the answer; if not, its model is asked to say it."""


async def serve(
    parts: Parts, sender: Sender, scope: Scope, path: str, body: bytes, send: Send
) -> None:
    """Serve a request whose sender is known.

    Raises:
        ProxyError: It is refused, or the upstream does not answer.
    """
    headers: Headers = scope["headers"]
    found = await _personal(parts, sender, headers, path, body)
    without = {*sender.ours, parts.settings.signed_header, parts.settings.chat_header}
    without |= {h for h in (parts.settings.user_header, parts.settings.task_header) if h}
    sent = parts.upstream.sent(headers, without)
    get = scope["method"] == "GET"
    async with parts.upstream.reply(
        scope["method"], path, scope["query_string"], sent, None if get else found.body
    ) as reply:
        ours = [] if get else [(STATE, found.state.encode())]
        items = found.lookup.known.items
        if ids := [item.id for item in items if _ID.fullmatch(item.id)]:
            ours.append((ITEMS, ",".join(ids).encode()))
        adds = _adds(found, path, reply)
        theirs = returned(reply)
        if not isinstance(adds, AddsNothing):
            theirs = [header for header in theirs if header[0] != b"content-length"]
        await _pass_on(parts, found, reply, adds, [*theirs, *ours], send)


async def _pass_on(
    parts: Parts,
    found: Found,
    reply: aiohttp.ClientResponse,
    adds: Adds,
    headers: Headers,
    send: Send,
) -> None:
    """Pass a reply on, with what was done if it is added, and keep what was said."""
    begun = noted = False
    read = bytearray()

    async def passed(piece: bytes) -> None:
        nonlocal noted
        if found.said and reply.status < 300 and (adds.added or not found.adds) and not noted:
            noted = True
            await parts.memory.note_reported(found.said, found.lookup)
        if piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    try:
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        begun = True
        async for piece in reply.content.iter_any():
            if len(read) < MOST_BYTES:
                read += piece
            await passed(adds.piece(piece))
        await passed(adds.end())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        _log.warning("an answer broke off: %s", type(error).__name__)
        return  # without its end: the server closes the connection, and the caller knows
    finally:
        if begun and found.said and reply.status < 300:
            answer = read_answer(bytes(read), reply.headers.get("content-type", ""))
            parts.memory.answered(found.said, answer)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _adds(found: Found, path: str, reply: aiohttp.ClientResponse) -> Adds:
    """Return what adds to a reply what was done."""
    packed = reply.headers.get("content-encoding", "identity") != "identity"
    if not (found.adds and found.lookup.acts) or reply.status >= 300 or packed:
        return AddsNothing()
    if "event-stream" in reply.headers.get("content-type", ""):
        return AddsToStream(found.lookup.acts, responses=path == RESPONSES)
    return AddsToWhole(found.lookup.acts)


async def _personal(
    parts: Parts, sender: Sender, headers: Headers, path: str, body: bytes
) -> Found:
    """Return the body with what is known of its user, or as it is, and why."""
    if path not in (CHAT, RESPONSES):
        return Found(body, "")
    if has_too_many_parts(body):  # to read it would hold everybody up
        return Found(body, _without("too-many-parts"))
    asked = read_chat(body) if path == CHAT else read_response(body)
    if asked is None:
        return Found(body, _without("unreadable"))
    named = parts.users.named(sender, headers, asked.fields)
    if not named.user_id:
        return Found(body, _without("no-user"))
    state = f"user={named.way}"
    own_call = parts.users.is_own_call(headers)
    if own_call or parts.memory.asides.is_aside(named.user_id, asked.messages):
        return Found(body, _without("own-call", state))
    said = _said(parts, headers, asked, named.user_id)
    if not said.own:
        return Found(body, _without("no-words", state))
    try:
        return await _with_known(parts, asked, said, body, state)
    except Exception as error:  # noqa: BLE001  # a failing memory never fails the chat
        _log.error("an answer does without what is known: %s", type(error).__name__)
        return Found(body, _without(type(error).__name__, state))


async def _with_known(parts: Parts, asked: Asked, said: Said, body: bytes, state: str) -> Found:
    """Return the body with what is known of its user before their last words."""
    lookup = await parts.memory.look(said)
    adds = not fixes_form(asked.fields)
    block = block_of(lookup, adds=adds)
    state += "".join(f"; memory={act.kind}:{act.outcome}" for act in lookup.acts)
    known = lookup.known
    if not (known.used or known.items):
        state = _without(_short(lookup.failure) or "nothing-bears", state)
    else:
        version = f"; profile={known.profile.version}" if known.profile else ""
        state = (
            f"personalised; {state}; sentences={len(known.used)}; items={len(known.items)}"
            f"; held-back={len(known.held_back)}{version}"
        )
    if block:
        body = asked.with_words_before(said.place, block)
    return Found(body, state, said, lookup, adds)


def _said(parts: Parts, headers: Headers, asked: Asked, user_id: str) -> Said:
    """Return the conversation, with the ids that the front end names it by."""
    said = Said(user_id, asked.messages)
    name = parts.settings.chat_header.encode()
    for text in (value.decode("latin-1") for header, value in headers if header == name):
        said.chat = said.chat or conversation_id(text)
    named = asked.fields.get("conversation")
    named = named.get("id") if isinstance(named, dict) else named
    if isinstance(named, str) and (held := conversation_id(named)):
        said.chat, said.holds_all = said.chat or held, False
    before = asked.fields.get("previous_response_id")
    if isinstance(before, str) and (after := conversation_id(before)):
        said.after, said.begins, said.holds_all = after, parts.memory.thread_of(after), False
    return said


def _short(failure: str) -> str:
    """Return a failure without what an error says of it, which may be somebody's words."""
    return re.sub(r"[^A-Za-z0-9]+", "-", failure.partition(":")[0])[:60]


def _without(why: str, more: str = "") -> str:
    return f"unpersonalised; why={why}" + (f"; {more}" if more else "")
