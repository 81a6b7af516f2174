"""Sends the requests of browsers to the agent, and waits for the answers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

from edge.dashboard.broker_thread import BrokerThread, Outgoing

_PATIENCE = 10.0  # [s] for an answer, or for its next part


class AgentRefusalError(Exception):
    """The agent answers with an error, or cannot be asked.

    Parameters
    ----------
    status
        Status code of the page's answer.
    sentence
        What is wrong, with the fix.
    """

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class RequestDesk:
    """Requests of browsers; used on the loop's thread.

    Parameters
    ----------
    broker
        Sends them.
    patience
        How long to wait for an answer [s].
    """

    def __init__(self, broker: BrokerThread, patience: float = _PATIENCE) -> None:
        self._broker = broker
        self._patience = patience

    async def ask(self, base: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the data of its answer.

        Raises
        ------
        AgentRefusalError
            The agent refuses, or does not answer.
        """
        async for data in self.parts(base, verb, body):
            return data
        raise AgentRefusalError(504, "no answer")  # pragma: no cover  # parts yields or raises

    async def parts(self, base: str, verb: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Send a request and yield the data of each part of its answer; raises as :meth:`ask` does."""
        loop = asyncio.get_running_loop()
        answers: asyncio.Queue[dict[str, Any] | str] = asyncio.Queue()
        transaction = secrets.token_hex(8)

        def answered(answer: dict[str, Any] | str) -> None:
            loop.call_soon_threadsafe(answers.put_nowait, answer)

        self._broker.send(Outgoing(base, verb, {**body, "transaction": transaction}, answered))
        try:
            while True:
                answer = await self._next(answers, verb)
                if isinstance(answer, str):
                    raise AgentRefusalError(502, answer)
                data = answer.get("data")
                if answer.get("status") != "ok" or not isinstance(data, dict):
                    raise AgentRefusalError(409, str(answer.get("error")))
                yield data
                if data.get("part") == data.get("parts"):
                    return
        finally:
            self._broker.forget(transaction)

    async def _next(self, answers: asyncio.Queue[dict[str, Any] | str], verb: str) -> dict[str, Any] | str:
        try:
            return await asyncio.wait_for(answers.get(), self._patience)
        except TimeoutError:
            sentence = f"{verb}: no answer within {self._patience:g} s; fix: start the agent"
            raise AgentRefusalError(504, sentence) from None
