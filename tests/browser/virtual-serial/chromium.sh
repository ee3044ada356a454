#!/bin/sh
# Starts Chromium with the arguments given, in a mount namespace of its own in which one USB serial adapter exists.
# The browser's own Web Serial lists it, opens it and moves bytes: nothing of the page's world is replaced.
#
#   METERTWIN_PTY      the pseudo-terminal that the adapter is wired to
#   METERTWIN_ORIGIN   the origin whose pages may use it without asking
#   METERTWIN_WORK     an empty folder for what this run needs; the caller removes it
#   METERTWIN_CHROMIUM the browser
#
# Chromium finds serial ports by libudev, which reads /sys and /run/udev. Both are replaced, for this browser alone, by a few
# files that describe one FTDI adapter whose device file is the pseudo-terminal. Nothing is preloaded and nothing is left on
# the machine. Making a mount namespace takes root, or a kernel that lets everybody have one.
set -eu
work=$METERTWIN_WORK
adapter=devices/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0
pty=$(readlink -f "$METERTWIN_PTY")

mkdir -p "$work/sys/$adapter" "$work/sys/class/tty" "$work/run/udev/data"
ln -s "../../$adapter" "$work/sys/class/tty/ttyUSB0"
ln -s ../../../../../../../class/tty "$work/sys/$adapter/subsystem"
echo 188:0 >"$work/sys/$adapter/dev"
printf 'MAJOR=188\nMINOR=0\nDEVNAME=%s\n' "${pty#/dev/}" >"$work/sys/$adapter/uevent"
# What the rules of a running udev would have found out, in its database's own form.
cat >"$work/run/udev/data/c188:0" <<'END'
I:1
E:ID_BUS=usb
E:ID_VENDOR_ID=0403
E:ID_VENDOR=FTDI
E:ID_MODEL_ID=6001
E:ID_MODEL=Metertwin_test_adapter
E:ID_SERIAL_SHORT=T1
V:1
END

# Chromium drops a tty whose major number is not listed as that of serial ports.
{
    cat /proc/tty/drivers
    echo "usbserial            /dev/ttyUSB   188 0-511 serial"
} >"$work/drivers"

# Without a policy somebody would have to choose the port in a dialogue, which no test can.
mkdir -p "$work/policies/managed" /etc/chromium/policies
printf '{"SerialAllowAllPortsForUrls": ["%s"]}\n' "$METERTWIN_ORIGIN" >"$work/policies/managed/serial.json"

if [ "$(id -u)" = 0 ]; then apart="unshare --mount"; else apart="unshare --mount --map-root-user"; fi
# $apart is two or three words.
# shellcheck disable=SC2086
exec $apart sh -euc '
    mount --bind "$METERTWIN_WORK/drivers" /proc/tty/drivers
    mount --bind "$METERTWIN_WORK/policies" /etc/chromium/policies
    mount --bind "$METERTWIN_WORK/sys" /sys
    mount --bind "$METERTWIN_WORK/run" /run
    # libudev distrusts a /sys that the kernel did not make, unless told.
    SYSTEMD_DEVICE_VERIFY_SYSFS=0 exec "$METERTWIN_CHROMIUM" "$@"
' sh "$@"
