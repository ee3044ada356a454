#!/bin/sh
# Starts Chromium with the arguments given, in a mount namespace of its own in which one USB serial adapter exists.
#   METERTWIN_PTY      the pseudo-terminal that the adapter is wired to
#   METERTWIN_ORIGIN   the origin whose pages may use it without asking
#   METERTWIN_SHIM     shim.c, compiled
#   METERTWIN_WORK     a folder for what this run needs; the caller removes it
#   METERTWIN_CHROMIUM the browser
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export HERE="$here"
# Chromium drops a tty whose driver is not listed as one of serial ports.
{
    cat /proc/tty/drivers
    echo "usbserial            /dev/ttyUSB   188 0-511 serial"
} >"$METERTWIN_WORK/drivers"
# Without a policy somebody would have to choose the port in a dialogue, which no test can.
mkdir -p "$METERTWIN_WORK/policies/managed"
printf '{"SerialAllowAllPortsForUrls": ["%s"]}\n' "$METERTWIN_ORIGIN" >"$METERTWIN_WORK/policies/managed/serial.json"
mkdir -p /etc/chromium/policies
if [ "$(id -u)" = 0 ]; then apart="unshare --mount"; else apart="unshare --mount --map-root-user"; fi
# $apart is two or three words.
# shellcheck disable=SC2086
exec $apart sh -c '
    mount --bind "$METERTWIN_WORK/drivers" /proc/tty/drivers
    mount --bind "$METERTWIN_WORK/policies" /etc/chromium/policies
    # umockdev-run closes the pipes 3 and 4 by which the test drives the browser. So it only makes the adapter and
    # keeps it, and the browser is started beside it.
    TMPDIR="$METERTWIN_WORK" umockdev-run --device "$HERE/adapter.umockdev" -- \
        sh -c "echo \"\$UMOCKDEV_DIR\" >\"$METERTWIN_WORK/made.part\"; mv \"$METERTWIN_WORK/made.part\" \"$METERTWIN_WORK/made\"; exec sleep 86400" \
        </dev/null >/dev/null 3>&- 4>&- &
    keeper=$!
    until [ -f "$METERTWIN_WORK/made" ] || ! kill -0 "$keeper" 2>/dev/null; do sleep 0.02; done
    UMOCKDEV_DIR=$(cat "$METERTWIN_WORK/made") \
        LD_PRELOAD="$METERTWIN_SHIM:libumockdev-preload.so.0" "$METERTWIN_CHROMIUM" "$@"
    status=$?
    kill "$keeper"
    wait "$keeper"
    exit "$status"
' sh "$@"
