"""The one place that starts and ends what runs side by side."""

import asyncio
from collections.abc import Coroutine
from typing import Any

GRACE_SECONDS = 1.0


async def first_of(*running: Coroutine[Any, Any, Any]) -> Any:
    """What the first of them to end returns, or raises. The others are cancelled and awaited.

    One that does not end when it is cancelled is left behind after a second.
    """
    tasks = [asyncio.create_task(each) for each in running]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=GRACE_SECONDS)
    return next(task for task in tasks if task in done).result()
