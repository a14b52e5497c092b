"""How the processes of one site reach each other: the settings of Channels' layer."""

from typing import Any


def channel_layers(redis_url: str) -> dict[str, dict[str, Any]]:
    """Django's CHANNEL_LAYERS: in this Redis, or within this process where there is none."""
    if not redis_url:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    host = {
        "address": redis_url,
        # With protocol 3, redis-py 8.1.0 uses connections that Redis has ended meanwhile, as after
        # a restart or when they were idle: the first bell for each of them would be lost.
        "protocol": 2,
        # redis-py 8 ends a read after 5 s by default, exactly as long as the layer's blocking pop
        # waits: every idle connection would break.
        "socket_timeout": 10,
        "socket_connect_timeout": 1,
    }
    return {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                "hosts": [host],
                "capacity": 1500,
                # Each process joins every few seconds again; one that is gone is soon forgotten.
                "group_expiry": 600,
                "prefix": "natterjack",
            },
        }
    }
