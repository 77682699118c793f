#!/bin/sh
# Runs a program on another platform: this machine with another /usr, and an emulator where its processor is another one.
# It takes a user and a mount namespace of its own, in which it is root, and which end with the program.
set -eu
platform=$1 emulator=$2
shift 2

if [ -n "$emulator" ]; then
  # Each user namespace has its own list of programs' formats.
  mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  sed "s|/usr/bin/qemu-aarch64|$emulator|" "$emulator.conf" >/proc/sys/fs/binfmt_misc/register
fi

root=$platform/root
mount -t tmpfs tmpfs "$root"
for entry in /*; do
  if [ -L "$entry" ]; then
    # Such as /lib and /bin, which lead into /usr.
    cp -P "$entry" "$root"
  elif [ -d "$entry" ]; then
    mkdir "$root$entry"
    case $entry in
      /usr) mount --bind "$platform/usr" "$root/usr" ;;
      *) mount --rbind "$entry" "$root$entry" ;;
    esac
  fi
done
PATH=/usr/bin exec /usr/sbin/chroot "$root" "$@"
