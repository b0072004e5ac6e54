#!/bin/sh
# Pacemaker on one host of the bench, and its vote at the witness, once Corosync is there: as the distribution's units start them.
# In a process namespace of their own: Pacemaker looks among all processes for daemons of an earlier life. When Pacemaker ends,
# everything here does, and whoever supervises this begins again.
set -eu
hostname "bench-$1"
install -d -o hacluster -g haclient -m 0750 /run/crm
install -d -m 1755 /run/resource-agents
mkdir -p /run/corosync-qdevice

until corosync-cmapctl >/dev/null 2>&1; do sleep 0.05; done
/usr/sbin/corosync-qdevice -f &
/usr/sbin/pacemakerd &
wait $!
