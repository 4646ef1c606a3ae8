#!/bin/sh
# Installs what a task needs, Debian's packages and for the tests tauri-driver; silent and quick when it is there already.
# Usage: script/install.sh make|build|demo|test
set -eu

missing=""
program() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
package() {
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] || missing="$missing $1"
}

for_make() {
    program make make
}
for_build() {
    program cc gcc
    program pkg-config pkg-config
    package libc6-dev
    # Without them no HTTPS client can even be made, not for this machine's own simulator either.
    package ca-certificates
    package libwebkit2gtk-4.1-dev
    package fonts-noto-cjk
}
for_demo() {
    for_build
    package rabbitmq-server
}
for_test() {
    for_demo
    program Xvfb xvfb
    program WebKitWebDriver webkit2gtk-driver
    program chromium chromium
    # Reads back the PDFs we write.
    program pdftotext poppler-utils
    # Two monitors, a window manager and a session bus: what a desktop has besides a screen.
    package xserver-xorg-video-dummy
    program xrandr x11-xserver-utils
    program openbox openbox
    program dbus-daemon dbus-daemon
    program gnome-keyring-daemon gnome-keyring
    # The proxies of the operator's page. The first is not in every user's search path.
    [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
    program caddy caddy
}

install_missing() {
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    echo "Installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # Tests and demonstration start RabbitMQ themselves, tests also the proxies; what the system starts beside them would only
    # take memory and ports.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap '$as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
    fi
    $as_root apt-get update --quiet
    # The list is words by intent.
    # shellcheck disable=SC2086
    $as_root apt-get install --yes --quiet --no-install-recommends $missing
}

# What starts the program's windows for the tests (tests/src/app.rs). No Debian package has it. Into the target folder, nothing
# on the machine changes; this very version, because tests that passed yesterday should not meet another driver today.
install_tauri_driver() {
    version=2.1.0
    tools="${CARGO_TARGET_DIR:-$(dirname "$0")/../target}/tools"
    if ! grep -qs "^\"tauri-driver $version " "$tools/.crates.toml"; then
        echo "Installing: tauri-driver $version"
        cargo install --quiet --locked --root "$tools" --version "$version" tauri-driver
    fi
}

case "${1:-}" in
    make) for_make ;;
    build) for_build ;;
    demo) for_demo ;;
    test) for_test ;;
    *)
        echo "usage: $0 make|build|demo|test" >&2
        exit 2
        ;;
esac
if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not a Debian machine: please see to it that WebKitGTK 4.1, a C compiler and a Chinese font are installed (for the demonstration also RabbitMQ, for the tests also Xvfb, WebKitWebDriver, Chromium, poppler's programs, nginx, Caddy and gnome-keyring)."
elif [ -n "$missing" ]; then
    install_missing
fi
[ "$1" != test ] || install_tauri_driver
