#!/bin/sh
# Sees to the programs that the tests drive and that no Python package brings: Chromium, a screen
# and a keyboard for it, Node, curl, nginx, Caddy, the servers of Redis and PostgreSQL, and the
# library that tells a process another time. With `peers`: to what the benchmarks compare us with.
# Installs what is missing where it may; elsewhere it prints the command that does, and fails: the
# tests never skip for want of a program.
set -eu

# Debian and Ubuntu keep a PostgreSQL server's programs out of PATH, by version.
has_postgresql() {
    command -v initdb || ls /usr/lib/postgresql/*/bin/initdb
}

has_chromium() {
    [ -n "${CHROMIUM:-}" ] || command -v chromium || command -v chromium-browser ||
        command -v google-chrome
}

# Debian's place is only in an administrator's PATH.
has_nginx() {
    command -v nginx || [ -x /usr/sbin/nginx ]
}

has_faketime() {
    ls /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1 2>/dev/null | grep .
}

has_rails() {
    command -v puma && ruby -e "gem 'actioncable'; gem 'railties'"
}

packages=
# The example clients of docs/protocol.md, and one of the peers.
command -v node >/dev/null || packages="$packages nodejs"
command -v npm >/dev/null || packages="$packages npm"

look_for_tests() {
    who="The tests need"
    wanted="Chromium, Xvfb, xdotool, Node with npm, curl, nginx, Caddy, a Redis and a PostgreSQL server"
    # Without a font of its own Chromium draws boxes; the emoji are for the screenshots.
    has_chromium >/dev/null || packages="$packages chromium fonts-dejavu-core fonts-noto-color-emoji"
    command -v redis-server >/dev/null || packages="$packages redis-server"
    has_postgresql >/dev/null 2>&1 || packages="$packages postgresql"
    has_faketime >/dev/null 2>&1 || packages="$packages libfaketime"
    has_nginx >/dev/null || packages="$packages nginx-light"
    command -v caddy >/dev/null || packages="$packages caddy"
    # A screen and a keyboard: what a browser shows outside of its page takes no other keys.
    command -v Xvfb >/dev/null || packages="$packages xvfb"
    command -v xdotool >/dev/null || packages="$packages xdotool"
    command -v curl >/dev/null || packages="$packages curl"
}

look_for_peers() {
    who="The peers need"
    wanted="Node with npm, puma, and the gems actioncable and railties"
    has_rails >/dev/null 2>&1 || packages="$packages puma ruby-actioncable ruby-railties"
}

"look_for_${1:-tests}"
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "$who $wanted in PATH. Missing here, by their Debian names:$packages. With Homebrew, what" \
        "the tests need: brew install --cask chromium && brew install node nginx caddy redis postgresql" >&2
    exit 1
fi

command="apt-get update && apt-get install --yes --no-install-recommends $packages"
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "$who system packages that only an administrator can install. Run:" >&2
    echo "    sudo sh -c '$command'" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing system packages: $packages ..."
$as_root sh -c "export DEBIAN_FRONTEND=noninteractive; $command" >"$log" 2>&1 </dev/null || {
    tail -20 "$log" >&2
    echo "That failed. To try again: $command" >&2
    exit 1
}
