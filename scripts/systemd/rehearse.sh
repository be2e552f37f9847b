#!/bin/sh
# The life of the service, played on a machine for trying: it needs root, a running systemd, curl,
# and nothing of ocpp-proxy from before.
#
#   sudo scripts/systemd/rehearse.sh INSTALL_SCRIPT [PROGRAM]
#
# For example in a Debian that systemd-nspawn boots:
#
#   debootstrap --variant=minbase --include=systemd-sysv,dbus,curl bookworm /tmp/bookworm
#   systemd-nspawn --directory /tmp/bookworm --private-network --boot
set -eu

install=$1
program=${2:-}
service=ocpp-proxy
settings=/etc/ocpp-proxy
health=http://127.0.0.1:9000/healthz

step() { echo "== $1"; }

fail() {
  echo "rehearse: $1" >&2
  journalctl --unit $service --no-pager --lines 20 >&2 || true
  exit 1
}

# Prints a property of the service, such as MainPID.
property() { systemctl show --property="$1" --value $service; }

# until_is PROPERTY PATTERN SECONDS: waits until the property matches the pattern of the shell.
until_is() {
  waited=0
  while :; do
    value=$(property "$1")
    # shellcheck disable=SC2254 # it is a pattern
    case $value in $2) return ;; esac
    [ $waited -lt "$3" ] || fail "$1 is '$value', not '$2', after $3 seconds"
    waited=$((waited + 1))
    sleep 1
  done
}

place() {
  if [ -n "$program" ]; then "$install" "$program"; else "$install"; fi
}

for path in $settings /var/lib/ocpp-proxy; do
  [ ! -e "$path" ] || fail "ocpp-proxy has been here before: there is $path"
done

step "it is installed, and listens when that is said"
place
curl --fail --silent --show-error $health
ocpp-proxy status
until_is StatusText 'No charger has connected yet*' 5

step "once more, and the same process goes on"
pid=$(property MainPID)
place
[ "$(property MainPID)" = "$pid" ] || fail "it was restarted"

step "a wrong configuration changes nothing, and the manager knows"
cp $settings/config.yaml $settings/config.kept
echo 'backends: [' >>$settings/config.yaml
systemctl reload $service
until_is StatusText 'the configuration is wrong*' 5
curl --fail --silent $health

step "a secret is given as a credential"
cat $settings/config.kept - >$settings/config.yaml <<'END'
backends:
  - { id: employer, url: "wss://csms.invalid/ocpp", role: biller, password_file: employer }
END
(umask 077 && echo example >$settings/secrets/employer)
ocpp-proxy check
systemctl restart $service
until_is StatusText '*backends connected: 0 of 1.' 5

step "killed, it comes back"
kill -9 "$(property MainPID)"
until_is NRestarts 1 10
until_is ActiveState active 20

step "hanging, it is started anew (a minute)"
kill -STOP "$(property MainPID)"
until_is NRestarts 2 90
until_is ActiveState active 20
curl --fail --silent $health

step "it stops when told"
systemctl stop $service
[ "$(property Result)" = success ] || fail "it ended with $(property Result)"

step "it takes itself away, without and with the data"
"$install" --uninstall
for path in $settings/config.yaml /var/lib/ocpp-proxy/ocpp-proxy.db; do
  [ -e "$path" ] || fail "$path is removed too"
done
place
"$install" --purge
for path in $settings /var/lib/ocpp-proxy /usr/local/bin/ocpp-proxy; do
  [ ! -e "$path" ] || fail "$path is still there"
done
