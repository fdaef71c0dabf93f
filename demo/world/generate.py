"""Enters: a world. Leaves: every row of its log with the truth about it, in the order of logging."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from demo.world import disturbances
from demo.world.conversation import Conditions, begin
from demo.world.fleet import GPT_41_MINI, PROFILES, Profile
from demo.world.incidents import EFFECTS, Effect, incidents
from demo.world.knowledge import knowledge_of
from demo.world.model import Incident, LogRow, Truth, World
from demo.world.traffic import conversation_starts, pause, turn_count

Logged = tuple[LogRow, Truth]

QUIET = Effect()


def generate(world: World) -> Iterator[Logged]:
    """All rows, ordered by `logged_at`; the same world gives the same rows, byte for byte."""
    happenings = {incident.name: incident for incident in incidents(world)}
    logged: list[Logged] = []
    for profile in PROFILES:
        rng = Random(f"{world.seed}/{world.end.date()}/{profile.project}")
        logged += _project(world, profile, tuple(happenings.values()), rng)
    logged.sort(key=lambda pair: (pair[1].logged_at, pair[1].interaction_id))
    rng = Random(f"{world.seed}/{world.end.date()}/corrupt")
    disturbed = disturbances.corrupt(logged, happenings["corrupt-rows"], rng)
    return disturbances.silence(disturbed, happenings["silence"])


def _project(world: World, profile: Profile, happenings: tuple[Incident, ...], rng: Random) -> Iterator[Logged]:
    mine = tuple(incident for incident in happenings if incident.project == profile.project)
    knowledge = knowledge_of(profile.project)
    for start in conversation_starts(world, profile, rng):
        conversation, moment = begin(profile, knowledge, rng), start
        for _ in range(turn_count(rng)):
            if moment < world.end:
                yield conversation.turn(moment, _conditions(world, profile, mine, moment), rng)
            moment += pause(rng)
    for incident in mine:
        if incident.name == "retry-loop":
            calm = replace(profile, defect_rate=0.0)
            looping = replace(begin(calm, knowledge, rng), language="en", deployment=GPT_41_MINI)
            conditions = _conditions(world, profile, (), incident.starts_at)
            yield from disturbances.retry_loop(looping, incident, replace(conditions, incident=incident.name), rng)


def _conditions(world: World, profile: Profile, mine: tuple[Incident, ...], moment: datetime) -> Conditions:
    day = (moment - world.start) / timedelta(days=1)
    deployed = (incident.name for incident in mine if incident.covers(profile.project, moment))
    name = next((name for name in deployed if name in EFFECTS), None)
    effect = EFFECTS[name] if name else QUIET
    return Conditions(
        prompt_version=effect.prompt_version or profile.prompt_on(day),
        release=profile.release_on(day),
        effect=effect,
        incident=name,
    )
