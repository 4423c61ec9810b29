"""Places that peers share."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from app.listen.places import PeerPlaces, has_room


@pytest.mark.parametrize(("peers", "left"), [(1, 1_024), (2, 256), (3, 64), (6, 1), (7, 0)])
def test_few_peers_leave_places_to_others(peers: int, left: int) -> None:
    """However many connections each of them opens."""

    async def open_all() -> int:
        places = PeerPlaces(4_096, 3_072, lambda: None)
        async with AsyncExitStack() as stack:
            for peer in range(peers):
                while True:
                    asking = asyncio.ensure_future(stack.enter_async_context(places.place(f"10.0.0.{peer}")))
                    await asyncio.sleep(0)
                    if not asking.done():
                        asking.cancel()
                        break
            return places.free

    assert asyncio.run(open_all()) == left


def test_bytes_have_no_bound_of_their_own() -> None:
    """One peer may have all but the last sixteenth, of which others get three quarters."""
    assert has_room(59, 5, 64)
    assert not has_room(60, 4, 64)
    assert has_room(2, 2, 64)
    assert not has_room(0, 0, 64)


def test_peers_that_wait_get_places_in_turns() -> None:
    """Those that many connections of another wait before too; one that gives up takes none along."""
    came: list[str] = []

    async def hold(places: PeerPlaces, name: str, until: asyncio.Event) -> None:
        async with places.place(name[0]):
            came.append(name)
            await until.wait()

    async def ask() -> None:
        places, leave, stay = PeerPlaces(2, 1, lambda: None), asyncio.Event(), asyncio.Event()
        names = ["x1", "y1", "a1", "a2", "a3", "b1"]
        tasks = [asyncio.ensure_future(hold(places, name, leave if name[0] in "xy" else stay)) for name in names]
        await asyncio.sleep(0)
        assert places.waiting() == ({}, 4)
        tasks[3].cancel()
        leave.set()
        await asyncio.gather(*tasks[:2])
        while len(came) < 4:
            await asyncio.sleep(0)
        assert places.waiting() == ({"a": 1}, 0)
        stay.set()
        await asyncio.gather(tasks[2], *tasks[4:])
        assert places.free == 2

    asyncio.run(asyncio.wait_for(ask(), 60))
    assert came == ["x1", "y1", "a1", "b1", "a3"]
