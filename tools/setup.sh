# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run, ./test, .ci/run and tools/dev: installs the Debian packages that are missing, and only then needs root.

GIRDER_BUILD_PACKAGES="g++ cmake ninja-build python3 libgmp-dev libpcre2-dev zlib1g-dev libncurses-dev erlang-base"
GIRDER_TEST_PACKAGES="libgtest-dev erlang-dev erlang-src erlang-eunit erlang-tools erlang-parsetools erlang-syntax-tools"
GIRDER_DEV_PACKAGES="ccache mold lld clang clang-format clang-tidy gdb"

# The packages of "$@" that dpkg does not list as installed.
girder_missing() {
  local package
  for package in "$@"; do
    case "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" in
      *installed) ;;
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
# Silent when everything is up to date; a first build shows its progress on stderr.
girder_build() {
  local preset=$1 quiet="--quiet"
  shift
  if [ ! -f "build/$preset/build.ninja" ]; then
    echo "girder: configuring build/$preset" >&2
    cmake --preset "$preset" >"/tmp/girder-configure.$$" 2>&1 || { cat "/tmp/girder-configure.$$" >&2; rm -f "/tmp/girder-configure.$$"; return 1; }
    rm -f "/tmp/girder-configure.$$"
    quiet=""
  fi
  # shellcheck disable=SC2086
  ninja $quiet -C "build/$preset" "$@" >&2
}
