"""Which site, and the token for it: from the environment, or as `natterjack login` kept them.

The token is never shown: not in an error, not in a repr, not in the list of processes.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from natterjack.addresses import site_address
from natterjack.errors import Refused

SITE, TOKEN = "NATTERJACK_SITE", "NATTERJACK_TOKEN"


@dataclass(frozen=True)
class Credentials:
    site: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def find(environment: Mapping[str, str] = os.environ) -> Credentials:
    """What to use now; raises Refused with what to do where there is nothing.

    A kept token goes to the site that it was kept for and to no other.
    """
    kept = _read(file(environment))
    site = site_address(environment[SITE]) if environment.get(SITE) else kept.get("site")
    if not site:
        raise Refused("Which site? `natterjack login` asks, and remembers.")
    token = environment.get(TOKEN) or (kept.get("token") if kept.get("site") == site else None)
    if not token:
        raise Refused(f"There is no token for {site}: `natterjack login {site}`.")
    return Credentials(site, checked_token(token))


def checked_token(text: str) -> str:
    """The token without the white space around it; raises Refused where it can't be one."""
    token = text.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Refused("That is no token: it is one word that begins with nj_.")
    return token


def keep(credentials: Credentials, environment: Mapping[str, str] = os.environ) -> Path:
    """Writes them where `find` looks, for nobody but this account; returns the place."""
    target = file(environment)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes it 0600, before there is anything in it.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as written:
                json.dump({"site": credentials.site, "token": credentials.token}, written)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Refused(f"It can't be kept: {error.strerror}: {target}") from None
    return target


def file(environment: Mapping[str, str] = os.environ) -> Path:
    """The file of this account's login, where the platform keeps such files."""
    if sys.platform == "win32":
        folder = Path(environment.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "natterjack" / "login.json"


def _read(kept: Path) -> dict[str, str]:
    try:
        if sys.platform != "win32" and kept.stat().st_mode & 0o077:
            raise Refused(f"Others may read {kept}, and it holds a token: chmod 600 {kept}")
        content = json.loads(kept.read_text(encoding="utf-8"))
        return {"site": str(content["site"]), "token": str(content["token"])}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Refused(f"{kept} can't be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        raise Refused(f"{kept} is damaged: `natterjack login` writes it anew.") from None
