#!/bin/sh
# Says in one sentence why no window can open here, before anything is built for it.
if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    echo "There is no display to open the till on; \`make tour\` brings its own and leaves pictures in target/tour/." >&2
    exit 2
fi
