#!/bin/sh
# Starts the app: takes over the folders that the supervisor gives to root, and stops being root.
set -eu

# options.json is written anew, for root alone, before each start.
chown -R ocpp-proxy:ocpp-proxy /data
exec setpriv --reuid=ocpp-proxy --regid=ocpp-proxy --init-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all ocpp-proxy serve "$@"
