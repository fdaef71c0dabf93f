"""In go interactions of the demo's world with passages and a reference; out comes what each dimension asks of a model.

    python benchmarks/judge_cost.py [--interactions 100] [--json]

Calls are counted at the client, against an endpoint on loopback; tokens are characters / 4, of the messages that were
sent and of the replies. The endpoint's words are short and always the same, so that the output tokens are a floor.
`constant` is the share of the input that is the same for every interaction, which a provider's prompt cache can hold.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from demo.world import World, generate  # noqa: E402
from include.adapters.llm import EmbeddingClient, OpenAIClient  # noqa: E402
from include.adapters.llm.client import ModelClient  # noqa: E402
from include.adapters.yaml_file import load  # noqa: E402
from include.domain.interaction import Interaction  # noqa: E402
from include.domain.llm import LLMReply, LLMRequest  # noqa: E402
from include.domain.ports import Judge  # noqa: E402
from include.domain.price import BillableCall  # noqa: E402
from include.judges.build import Model, judging_bench  # noqa: E402
from include.judges.estimate import CHARACTERS_PER_TOKEN  # noqa: E402
from include.judges.judging import MAIN, Judging, JudgingFile  # noqa: E402
from include.judges.ledger import MemoryLedger  # noqa: E402
from include.judges.rubric import Rubric  # noqa: E402
from tests.fakes.openai_server import Endpoint, address, serve  # noqa: E402

AT = datetime(2026, 1, 31, tzinfo=UTC)


class Counting:
    """A client that counts what goes through it."""

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self.endpoint, self.provider, self.model = client.endpoint, client.provider, client.model
        self.seen: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def complete(self, request: LLMRequest) -> LLMReply:
        """The client's reply."""
        reply = await self._client.complete(request)
        constant = sum(len(message.content) for message in request.messages if message.role == "system")
        asked = sum(len(message.content) for message in request.messages)
        said = 0 if request.schema_name == "embedding" else len(reply.content)
        self.seen.update({"calls": 1, "asked": asked, "constant": constant, "said": said})
        return reply


class Unpriced:
    """A price book that knows no price: nothing is paid here."""

    def price(self, call: BillableCall) -> None:
        """None."""


def sample(count: int) -> list[Interaction]:
    """The first interactions of the world that every metric can judge."""
    return list(islice(_whole(), count))


def _whole() -> Iterator[Interaction]:
    for row, _ in generate(World(1, AT)):
        if row["retrieved_contexts"] and row["reference"] and row["response"] and row["user_input"]:
            yield Interaction(
                interaction_id=row["interaction_id"] or "",
                logged_at=AT,
                occurred_at=AT,
                project="",
                environment="",
                user_input=row["user_input"],
                response=row["response"],
                retrieved_contexts=tuple(row["retrieved_contexts"]),
                reference=row["reference"],
            )


async def measure(interactions: list[Interaction]) -> dict[str, dict[str, float]]:
    """Calls and tokens of one interaction, by dimension."""
    rubrics = [load(path, Rubric) for path in sorted((ROOT / "include/judges/rubrics").glob("*.yaml"))]
    judging = JudgingFile(judging=Judging(embeddings="vectors"))
    found = {}
    async with await serve(Endpoint()) as server:
        chat = Counting(OpenAIClient(address(server), "chat"))
        vectors = Counting(EmbeddingClient(address(server), "vectors"))
        models = {MAIN: Model(chat), "vectors": Model(vectors)}
        bench = judging_bench(rubrics, judging, models, MemoryLedger(0), Unpriced(), now=lambda: AT)
        async with bench.shared:
            for judge in (*bench.of(""), *bench.on_call[""]):
                found[judge.epoch.dimension] = await _of(judge, interactions, chat, vectors)
    return found


async def _of(judge: Judge, interactions: list[Interaction], *clients: Counting) -> dict[str, float]:
    for client in clients:
        client.seen.clear()
    for interaction in interactions:
        await judge.score(interaction)
    chat, vectors = (client.seen for client in clients)
    count = len(interactions) * CHARACTERS_PER_TOKEN
    return {
        "calls": chat["calls"] / len(interactions),
        "input_tokens": chat["asked"] / count,
        "output_tokens": chat["said"] / count,
        "constant": chat["constant"] / chat["asked"],
        "embedding_calls": vectors["calls"] / len(interactions),
        "embedding_tokens": vectors["asked"] / count,
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interactions", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    interactions = sample(given.interactions)
    found = asyncio.run(measure(interactions))
    if given.json:
        print(json.dumps(found, indent=2))
        return
    passages = sum(len(one.retrieved_contexts) for one in interactions) / len(interactions)
    answer = sum(len(one.response) for one in interactions) / len(interactions)
    print(f"{len(interactions)} interactions, {passages:.1f} passages and {answer:.0f} characters of answer on average")
    print(f"{'dimension':36} {'calls':>6} {'input':>8} {'output':>7} {'constant':>9} {'embeddings':>11}")
    for name, one in found.items():
        print(
            f"{name:36} {one['calls']:6.1f} {one['input_tokens']:8,.0f} {one['output_tokens']:7,.0f} "
            f"{one['constant']:9.0%} {one['embedding_calls']:11.1f}"
        )


if __name__ == "__main__":
    main()
