#!/bin/sh
# Builds the image and lives with the container where no registry can be reached: by buildah and
# podman, with stand-ins for the images that the Dockerfile begins with, and no network. Needs root,
# deno with the project's packages in its cache (deno install), buildah, podman and crun:
#
#   debootstrap --variant=minbase bookworm /tmp/bookworm
#   sudo scripts/docker/rehearse.sh /tmp/bookworm [proxy|app]
set -eu

cd "$(dirname "$0")/../.."
base=$1
stage=${2:-proxy}

# What is mounted is mounted for this script alone; crun wants cgroups of one version.
if [ -z "${REHEARSING:-}" ]; then
  REHEARSING=yes exec unshare --mount "$0" "$@"
fi
umount /sys/fs/cgroup/unified 2>/dev/null || true

work=$(mktemp -d)
# buildah keeps the caches of RUN below TMPDIR; podman would have systemd time the health checks.
export TMPDIR="$work/tmp" DISABLE_HC_SYSTEMD=true
mkdir -p "$TMPDIR/buildah-cache/deno-dir" "$work/deno" "$work/config"

clean_up() {
  podman rm --force --volumes rehearsal >"$work/removed" 2>&1 || cat "$work/removed" >&2
  rm -rf "$work"
}

buildah() { command buildah --root "$work/root" --runroot "$work/run" --storage-driver vfs "$@"; }
podman() {
  command podman --root "$work/root" --runroot "$work/run" --storage-driver vfs \
    --tmpdir "$work/podman" --volumepath "$work/volumes" --cgroup-manager cgroupfs --events-backend file "$@"
}
step() { echo "== $1"; }
fail() {
  echo "rehearse: $1" >&2
  podman logs rehearsal >&2 || true
  exit 1
}

# stand_in IMAGE FOLDER: the image is what is in the folder.
stand_in() {
  printf 'FROM scratch\nCOPY . /\n' >"$work/Dockerfile"
  buildah build --quiet --tag "$1" --file "$work/Dockerfile" "$2" >/dev/null
}

until_healthy() {
  waited=0
  until podman healthcheck run rehearsal >/dev/null 2>&1; do
    waited=$((waited + 1))
    [ $waited -lt 30 ] || fail "it did not become healthy"
    sleep 1
  done
}

trap clean_up EXIT

step "stand-ins for the images of Deno and Debian"
version=$(sed -nE 's/^ARG DENO_VERSION=//p' scripts/docker/Dockerfile)
[ "$(deno eval -q 'console.log(Deno.version.deno)')" = "$version" ] || fail "this is not Deno $version"
cp "$(deno eval -q 'console.log(Deno.execPath())')" "$work/deno/deno"
stand_in "docker.io/denoland/deno:bin-$version" "$work/deno"
stand_in docker.io/library/debian:bookworm-slim "$base"

step "the Dockerfile, up to the stage $stage"
cache=${DENO_DIR:-$HOME/.cache/deno}
# The packages, and what deno bundle is made of.
cp -r "$cache/npm" "$cache/dl" "$TMPDIR/buildah-cache/deno-dir/"
buildah build --quiet --isolation chroot --format docker --pull-never \
  --target "$stage" --tag rehearsed --file scripts/docker/Dockerfile . >/dev/null

step "the container starts, and is healthy"
case $stage in
  # As in docker-compose.yml.
  proxy)
    set -- --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
      --volume "$work/config:/config:ro" --volume data:/data
    echo 'charger: { id: REHEARSAL }' >"$work/config/config.yaml"
    ;;
  # As the supervisor does: the folder and the options are root's.
  app)
    mkdir -m 0755 "$work/data"
    (umask 077 && echo '{ "charger": { "id": "REHEARSAL" } }' >"$work/data/options.json")
    set -- --volume "$work/config:/config" --volume "$work/data:/data"
    ;;
esac
# The limits are lower than podman's, which not everybody may set.
podman run --detach --name rehearsal --network none --cgroups disabled \
  --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 "$@" rehearsed >/dev/null
until_healthy
podman exec rehearsal ocpp-proxy status

step "it is nobody special, and can write to its data alone"
pid=$(podman inspect --format '{{.State.Pid}}' rehearsal)
grep -E '^(Uid|CapEff|NoNewPrivs):' "/proc/$pid/status" | tee "$work/rights"
grep -qE '^Uid:\s1000\s' "$work/rights" || fail "it runs as somebody else"
grep -qE '^CapEff:\s0+$' "$work/rights" || fail "it may do more than others"
grep -qE '^NoNewPrivs:\s1$' "$work/rights" || fail "it could become more"
if [ "$stage" = proxy ] && podman exec rehearsal touch /usr/local/bin/x 2>/dev/null; then
  fail "its file system can be written to"
fi

step "killed and started again, it knows its charger"
podman kill --signal KILL rehearsal >/dev/null
podman wait rehearsal >/dev/null
podman start rehearsal >/dev/null
until_healthy
podman exec rehearsal ocpp-proxy status | grep REHEARSAL

step "it stops when told"
podman stop --time 20 rehearsal >/dev/null
code=$(podman inspect --format '{{.State.ExitCode}}' rehearsal)
[ "$code" = 0 ] || fail "it ended with code $code"
