# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run, ./test, .ci/run and tools/dev: installs the Debian packages that are missing, and only then needs root.

GIRDER_BUILD_PACKAGES="g++ cmake ninja-build python3 libgmp-dev libpcre2-dev zlib1g-dev libncurses-dev erlang-base erlang-dev"
GIRDER_TEST_PACKAGES="libgtest-dev erlang-src erlang-eunit erlang-tools erlang-parsetools erlang-syntax-tools elixir rebar3 tmux"
GIRDER_DEV_PACKAGES="ccache mold lld clang clang-format clang-tidy gdb"

# The packages of "$@" that dpkg does not list as installed.
girder_missing() {
  local package installed
  installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    case $installed in
      *" installed:$package "*) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# Installs what is missing of "$@". Nothing missing: no root, no network.
girder_need() {
  local missing as_root=""
  if ! command -v dpkg-query >/dev/null; then
    echo "girder: this is no Debian system, taking the needed tools for granted: $*" >&2
    return 0
  fi
  missing=$(girder_missing "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "girder: missing packages and no sudo; as root run: apt-get install $missing" >&2
      return 1
    fi
    as_root="sudo"
  fi
  echo "girder: installing $missing" >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends $missing >&2 && return 0
  $as_root apt-get update >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends $missing >&2
}

# Configures (when needed) and builds targets of a preset: girder_build <preset> <target>…
# Prints nothing when all is well and built before; a first build shows its progress on stderr.
girder_build() {
  local preset=$1 log status
  shift
  log=$(mktemp)
  if [ ! -f "build/$preset/build.ninja" ]; then
    echo "girder: building for the first time, this takes some minutes" >&2
    if cmake --preset "$preset" >"$log" 2>&1 && ninja -C "build/$preset" "$@" >&2; then status=0; else status=1; fi
  else
    if ninja -C "build/$preset" "$@" >"$log" 2>&1; then status=0; else status=1; fi
  fi
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}
