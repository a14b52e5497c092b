#!/bin/sh
# Serves a chat that is already alive: an invented team, its rooms and its history.
# Called by `make demo` with the interpreter to use.
set -eu

python=$1
export DATA_DIR="${DATA_DIR:-var/demo}"
# The invented people have a known password: they never go where somebody else talks.
unset DATABASE_URL REDIS_URL

note=$DATA_DIR/demo.txt
if [ -z "$(ls -A "$DATA_DIR" 2>/dev/null)" ]; then
    # Filled beside its place and moved there when complete, so that an interrupted run leaves
    # nothing half-made to serve.
    filling=$DATA_DIR.filling
    rm -rf "$filling"
    mkdir -p "$filling"
    echo "Inventing a team and its history ..."
    DATA_DIR=$filling "$python" manage.py migrate --verbosity 0
    DATA_DIR=$filling "$python" manage.py populate \
        --people 12 --rooms 6 --messages 400 --password natterjack
    echo "Sign in as member1 (administrator), or as member2 to member12. Password: natterjack" \
        >"$filling/demo.txt"
    rmdir "$DATA_DIR" 2>/dev/null || true
    mv "$filling" "$DATA_DIR"
elif [ ! -f "$note" ]; then
    echo "DATA_DIR=$DATA_DIR holds data that is not the demo's. Name another directory," \
        "or serve it with: make run" >&2
    exit 1
fi

cat "$note"
exec "$python" manage.py serve
