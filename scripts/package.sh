#!/bin/sh
# Packs a built executable with what installs it: scripts/package.sh TARGET [FOLDER]
#
# FOLDER (dist) has what `deno task compile --target TARGET` made: ocpp-proxy-TARGET and the licences
# of what is in it. It gets ocpp-proxy-VERSION-TARGET.tar.gz: the same bytes whenever the same files
# are packed.
set -eu

cd "$(dirname "$0")/.."
target=$1
folder=${2:-dist}
version=$(sed -nE 's/^  "version": "([^"]+)".*/\1/p' deno.json)
name=ocpp-proxy-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -D -m 0755 "$folder/ocpp-proxy-$target" "$work/$name/ocpp-proxy"
install -m 0755 scripts/install.sh "$work/$name/install.sh"
install -m 0644 scripts/systemd/ocpp-proxy.service config.example.yaml README.md CHANGELOG.md LICENSE \
  "$folder/THIRD_PARTY_NOTICES.txt" "$work/$name/"
tar --create --directory "$work" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$name" |
  gzip --no-name --best >"$folder/$name.tar.gz"
echo "$folder/$name.tar.gz"
