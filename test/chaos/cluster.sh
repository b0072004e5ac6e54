#!/bin/sh
# Corosync, its vote at the witness, and Pacemaker on one host of the bench, as the distribution's units start them. It runs in a
# process namespace of its own: Pacemaker looks among all processes for daemons of an earlier life. When Corosync ends,
# everything ends, and whoever supervises this starts all again.
set -eu
hostname "bench-$1"
install -d -o hacluster -g haclient -m 0750 /run/crm
install -d -m 1755 /run/resource-agents
mkdir -p /run/corosync /run/corosync-qdevice

/usr/sbin/corosync -f &
corosync=$!
until corosync-cmapctl >/dev/null 2>&1; do
  kill -0 "$corosync"
  sleep 0.05
done
/usr/sbin/corosync-qdevice -f &
/usr/sbin/pacemakerd &
wait "$corosync"
