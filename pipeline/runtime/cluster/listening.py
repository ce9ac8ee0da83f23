"""What is heard about the pieces of one call: from workers, from the scheduler, and from futures; in one queue."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from distributed import Client, Future

from pipeline.runtime.cluster import admission

_TOPIC_OF_ALL: Final = "all"
"""Of the scheduler's own events."""


@dataclass(frozen=True)
class Event:
    """What was heard.

    Parameters
    ----------
    kind
        `said`: a worker's text about a piece. `ended`: the name in the cluster of a piece that is done, or lost.
        `gone`: a worker's address, and the names of the pieces that it did. `refused`: a worker's address, and why.
        `unsent`: the name of a piece whose files could not be sent, and the error.
    """

    kind: Literal["said", "ended", "gone", "refused", "unsent"]
    value: Any


@dataclass(frozen=True)
class Listener:
    """Receives events on Dask's own thread, for whoever takes them.

    Parameters
    ----------
    client
        The connection.
    passport_name
        Of the workers whose refusals matter.
    topic
        To which workers send what they say.
    """

    client: Client
    passport_name: str
    topic: str = field(default_factory=lambda: f"build-video-{uuid.uuid4().hex}")
    _events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Receive events while this lasts."""
        handlers = {
            self.topic: self._receive,
            _TOPIC_OF_ALL: self._receive_of_all,
            admission.REFUSED: self._receive_refusal,
        }
        for topic, handler in handlers.items():
            self.client.subscribe_topic(topic, handler)
        try:
            yield
        finally:
            for topic in handlers:
                with suppress(Exception):
                    self.client.unsubscribe_topic(topic)

    def watch(self, key: str, future: Future) -> None:
        """Hear of the end of a piece."""
        future.add_done_callback(lambda _future: self._events.put(Event("ended", key)))

    def put(self, event: Event) -> None:
        """Add what this process itself has noticed."""
        self._events.put(event)

    def take(self, timeout_s: float) -> Event | None:
        """Return the next event; None where none comes in that time."""
        with suppress(queue.Empty):
            return self._events.get(timeout=timeout_s)
        return None

    def words(self, longest_s: float, until: Callable[[], bool]) -> Iterator[Event]:
        """Offer what is said until something holds, for so many seconds at most; keep all other events for later."""
        limit, others = time.monotonic() + longest_s, list[Event]()
        try:
            while not until() and (left_s := limit - time.monotonic()) > 0:
                event = self.take(left_s)
                if event is not None and event.kind == "said":
                    yield event
                elif event is not None:
                    others.append(event)
        finally:
            for event in others:
                self._events.put(event)

    def _receive(self, event: tuple[float, Any]) -> None:
        self._events.put(Event("said", event[1]))

    def _receive_of_all(self, event: tuple[float, Any]) -> None:
        message = event[1]
        if isinstance(message, dict) and message.get("action") == "remove-worker":
            lost = [str(key) for key in message.get("processing-tasks", ())]
            self._events.put(Event("gone", (message["worker"], lost)))

    def _receive_refusal(self, event: tuple[float, Any]) -> None:
        message = event[1]
        if message.get("passport") == self.passport_name:
            self._events.put(Event("refused", (message["worker"], message["why"])))
