#!/bin/sh
# The application on uvicorn instead of daphne: `sh deploy/uvicorn.sh`, with more of uvicorn's
# options behind it. docs/running.md says when, what has to run beside it, and what it lacks.
set -eu
cd "$(dirname "$0")/.."

# Answers name no server, and the log no paths, in which the keys of webhooks stand. Who asks is
# what our own limits look up (docs/running.md, "Behind a proxy").
exec "${PYTHON:-.venv/bin/python}" -m uvicorn project.asgi:application \
	--host "${HOST:-127.0.0.1}" --port "${PORT:-8000}" \
	--log-level warning --no-access-log --no-server-header --no-proxy-headers \
	--ws-max-size 262144 --ws-per-message-deflate false \
	--ws-ping-interval 20 --ws-ping-timeout 15 \
	--timeout-graceful-shutdown 2 "$@"
