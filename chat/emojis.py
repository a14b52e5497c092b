"""Emoji: which there are, what they are called, and which people look for first. Pure."""

from functools import lru_cache

import emoji

_VARIATION = "\ufe0f"
_FULLY_QUALIFIED = emoji.STATUS["fully_qualified"]
# What teams answer with most, for who has not chosen any yet.
COMMON = (
    "👍",
    "👎",
    "❤️",
    "😂",
    "😄",
    "🎉",
    "🙏",
    "👏",
    "🔥",
    "🚀",
    "👀",
    "✅",
    "❌",
    "💯",
    "🤔",
    "😮",
    "😢",
    "😅",
    "🙌",
    "💪",
    "👋",
    "⏳",
    "🐸",
    "☕",
    "🐛",
    "💡",
    "📌",
    "❓",
    "❗",
    "🤷",
    "🙈",
)


def qualified(text: str) -> str | None:
    """The emoji as it is stored; None when the text is not exactly one."""
    return _by_bare_form().get(text.replace(_VARIATION, ""))


def name_of(character: str) -> str:
    """Its name in words, as Unicode has it: "thumbs up"."""
    return _names(character)[0].replace("_", " ")


def named(name: str) -> str | None:
    """The emoji of a name as it is written between colons: `tada`, `+1`, `thumbs_up`."""
    return _by_name().get(name.lower())


def find(words: str, limit: int) -> list[tuple[str, str]]:
    """(name, emoji) of those whose names hold all the words, the likeliest first.

    Skin tones are found where they are asked for.
    """
    wanted = words.lower().replace("_", " ").split()
    if not wanted:
        return []
    found: dict[str, tuple[bool, int, str]] = {}
    for name, character in _by_name().items():
        if "skin_tone" in name and "skin" not in wanted and "tone" not in wanted:
            continue
        if all(word in name for word in wanted):
            rank = (not name.startswith(wanted[0]), len(name), name)
            found[character] = min(found.get(character, rank), rank)
    best = sorted(found.items(), key=lambda each: each[1])[:limit]
    return [(rank[2], character) for character, rank in best]


@lru_cache(maxsize=1)
def _by_bare_form() -> dict[str, str]:
    return {
        character.replace(_VARIATION, ""): character
        for character, details in emoji.EMOJI_DATA.items()
        if details["status"] == _FULLY_QUALIFIED
    }


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    return {name: character for character in _by_bare_form().values() for name in _names(character)}


def _names(character: str) -> list[str]:
    details = emoji.EMOJI_DATA[character]
    return [name.strip(":").lower() for name in (details["en"], *details.get("alias", ()))]
