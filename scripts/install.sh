#!/bin/sh
# Installs ocpp-proxy as a service of systemd, or takes it away again.
#
#   sudo scripts/install.sh [PROGRAM]     installs, updates or repairs; keeps configuration and data
#   sudo scripts/install.sh --uninstall   removes the program; keeps configuration and data
#   sudo scripts/install.sh --purge       removes everything
#
# PROGRAM is the executable of a release, or what `deno task compile` or `deno task bundle` made;
# without it, the one beside this script or in ../dist. With DESTDIR, only files are placed there.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${DESTDIR:-}
binary=$root/usr/local/bin/ocpp-proxy
unit=$root/etc/systemd/system/ocpp-proxy.service
settings=$root/etc/ocpp-proxy
data=$root/var/lib/ocpp-proxy
account=ocpp-proxy
# Until it listens; a large database that was damaged takes longer.
start_timeout_s=30
changed=no

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

check_machine() {
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "ocpp-proxy runs on 64-bit x86 and ARM, not on $(uname -m). A Raspberry Pi 3 or later \
does with the 64-bit Raspberry Pi OS." ;;
  esac
  # Raspberry Pi OS has a 64-bit kernel under its 32-bit system.
  [ "$(getconf LONG_BIT)" = 64 ] ||
    fail "the kernel of this machine is 64-bit, but its system is 32-bit. ocpp-proxy needs a \
64-bit one: on a Raspberry Pi, write the 64-bit Raspberry Pi OS to the card."
  getconf GNU_LIBC_VERSION >/dev/null 2>&1 ||
    fail "this system has no glibc. ocpp-proxy runs on Debian, Raspberry Pi OS, Ubuntu, Fedora."
  [ -n "$root" ] && return
  command -v systemctl >/dev/null || fail "there is no systemd here; use docker compose instead."
  version=$(systemctl --version | sed -nE '1s/^systemd ([0-9]+).*/\1/p')
  [ "${version:-0}" -ge 250 ] ||
    fail "systemd is version ${version:-unknown}; 250 is needed, as in Debian 12."
}

find_program() {
  for candidate in "${1:-}" "$here/ocpp-proxy" "$here/../dist/ocpp-proxy" \
    "$here/../dist/ocpp-proxy.js"; do
    [ -n "$candidate" ] || continue
    if [ -f "$candidate" ]; then
      echo "$candidate"
      return
    fi
    [ "$candidate" != "${1:-}" ] || fail "there is no file $candidate"
  done
  fail "there is no program to install: name one, or make one with 'deno task compile'"
}

place_program() {
  install -d "$(dirname "$binary")"
  install -m 0755 "$1" "$binary.new"
  # Found as the service will find it.
  if ! version=$(cd / && PATH=/usr/local/bin:/usr/bin:/bin "$binary.new" --version); then
    rm -f "$binary.new"
    [ "$(head -c 9 "$1")" != "#!/bin/sh" ] || fail "$1 needs Deno, as /usr/local/bin/deno"
    fail "$1 does not start on this machine"
  fi
  case $version in
    [0-9]*.[0-9]*.[0-9]*) ;;
    *)
      rm -f "$binary.new"
      fail "$1 is not ocpp-proxy: its version is '$version'"
      ;;
  esac
  cmp -s "$binary.new" "$binary" || changed=yes
  # In one step: the old one may be running.
  mv "$binary.new" "$binary"
}

place_settings() {
  install -d -m 0750 "$settings"
  install -d -m 0700 "$settings/secrets"
  if [ -f "$here/../config.example.yaml" ]; then
    example=$here/../config.example.yaml
  else
    example=$here/config.example.yaml
  fi
  install -m 0644 "$example" "$settings/config.example.yaml"
  [ -e "$settings/config.yaml" ] || cat >"$settings/config.yaml" <<'END'
# Every key is explained in config.example.yaml, beside this file. After a change:
#   sudo ocpp-proxy check && sudo systemctl reload ocpp-proxy
data_dir: /var/lib/ocpp-proxy
END
  chmod 0640 "$settings/config.yaml"
  if [ -f "$here/systemd/ocpp-proxy.service" ]; then
    service=$here/systemd/ocpp-proxy.service
  else
    service=$here/ocpp-proxy.service
  fi
  cmp -s "$service" "$unit" || changed=yes
  install -D -m 0644 "$service" "$unit"
}

start_service() {
  getent passwd $account >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/ocpp-proxy --shell /usr/sbin/nologin $account
  chown root:$account "$settings" "$settings/config.yaml"
  systemctl daemon-reload
  systemctl enable --quiet ocpp-proxy
  if [ $changed = no ] && systemctl is-active --quiet ocpp-proxy; then return; fi
  systemctl restart --no-block ocpp-proxy
  waited_s=0
  while sleep 1; do
    waited_s=$((waited_s + 1))
    if systemctl is-active --quiet ocpp-proxy; then return; fi
    restarts=$(systemctl show --property=NRestarts --value ocpp-proxy)
    if [ "${restarts:-0}" -gt 0 ] || [ $waited_s -ge $start_timeout_s ]; then
      fail "ocpp-proxy $version is installed, but does not listen yet. Why: journalctl -u ocpp-proxy"
    fi
  done
}

remove() {
  if [ -z "$root" ] && [ -e "$unit" ]; then
    systemctl disable --quiet --now ocpp-proxy
  fi
  rm -f "$unit" "$binary"
  if [ -z "$root" ]; then systemctl daemon-reload; fi
  if [ "$1" = --uninstall ]; then
    echo "ocpp-proxy is removed. $settings and $data are still there; --purge removes them."
    return
  fi
  rm -rf "$settings" "$data" "$unit.d"
  if [ -z "$root" ] && getent passwd $account >/dev/null; then userdel $account; fi
  echo "ocpp-proxy is removed, with its configuration and its data."
}

case ${1:-} in
  -h | --help)
    sed -nE '2,/^set/s/^# ?//p' "$0"
    exit 0
    ;;
  --uninstall | --purge) action=remove ;;
  -*) fail "there is no option $1; --help tells" ;;
  *) action=install ;;
esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "this needs root: sudo $0 $*"

if [ "$action" = remove ]; then
  remove "$1"
  exit 0
fi
check_machine
program=$(find_program "${1:-}")
place_program "$program"
place_settings
if [ -n "$root" ]; then
  echo "ocpp-proxy $version is placed below $root."
else
  start_service
  echo "ocpp-proxy $version listens. The address for the charger: journalctl -u ocpp-proxy"
fi
