#!/bin/sh
# The browser tests drive the Chromium that is installed. When there is none, install
# Debian's; when that is not allowed, say what to do. PW_CHROMIUM names another one.
set -eu

if [ -n "${PW_CHROMIUM:-}" ]; then
  if [ -x "$PW_CHROMIUM" ]; then
    exit 0
  fi
  echo "PW_CHROMIUM is $PW_CHROMIUM, which is no program: correct or unset it." >&2
  exit 1
fi

found() {
  for browser in chromium chromium-browser google-chrome; do
    if command -v "$browser" >/dev/null; then
      return 0
    fi
  done
  return 1
}

if found; then
  exit 0
fi

packages="chromium fonts-dejavu-core"
if ! command -v apt-get >/dev/null; then
  advice="Install Chromium"
elif [ "$(id -u)" -eq 0 ]; then
  as=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as="sudo"
else
  advice="Run 'sudo apt-get install $packages'"
fi
if [ -n "${advice:-}" ]; then
  echo "No Chromium for the browser tests. $advice, or set PW_CHROMIUM to a browser's path, then try again." >&2
  exit 1
fi

echo "No Chromium found: installing Debian's."
export DEBIAN_FRONTEND=noninteractive
$as apt-get update
# shellcheck disable=SC2086 # the list is meant to be split
$as apt-get install --yes --no-install-recommends $packages
found
