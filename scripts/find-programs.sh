#!/bin/sh
# find-programs.sh chromium|strace...
#
# Programs that the checks drive and that neither pip nor npm brings. What is missing is
# installed from Debian; when that is not allowed, this says what to do. The browser tests
# need a Chromium (PW_CHROMIUM names another one); without strace some tests are skipped,
# and say so.
set -eu

has_one_of() {
  for program in "$@"; do
    if command -v "$program" >/dev/null; then
      return 0
    fi
  done
  return 1
}

missing=""
packages=""
needed=""
for program in "$@"; do
  case "$program" in
    chromium)
      if [ -n "${PW_CHROMIUM:-}" ]; then
        if ! [ -x "$PW_CHROMIUM" ]; then
          echo "PW_CHROMIUM is $PW_CHROMIUM, which is no program: correct or unset it." >&2
          exit 1
        fi
      elif ! has_one_of chromium chromium-browser google-chrome; then
        missing="$missing Chromium"
        packages="$packages chromium fonts-dejavu-core"
        needed="yes"
      fi
      ;;
    strace)
      if [ "$(uname)" = Linux ] && ! has_one_of strace; then
        missing="$missing strace"
        packages="$packages strace"
      fi
      ;;
    *)
      echo "$0 knows chromium and strace, not $program." >&2
      exit 1
      ;;
  esac
done

if [ -z "$missing" ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  advice="Install it"
elif [ "$(id -u)" -eq 0 ]; then
  as=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as="sudo"
else
  advice="Run 'sudo apt-get install$packages'"
fi
if [ -n "${advice:-}" ]; then
  if [ -n "$needed" ]; then
    echo "Missing:$missing. $advice, or set PW_CHROMIUM to a browser's path, then try again." >&2
    exit 1
  fi
  echo "Missing:$missing. $advice to have all tests run; those that need it are skipped."
  exit 0
fi

echo "Missing:$missing. Installing Debian's."
export DEBIAN_FRONTEND=noninteractive
$as apt-get update
# shellcheck disable=SC2086 # the list is meant to be split
$as apt-get install --yes --no-install-recommends $packages
