#!/bin/sh
# Pacemaker on one host of the bench, once Corosync is there, as the distribution's unit starts it. It has a process namespace of
# its own: it looks among all processes for daemons of an earlier life. When it ends, its daemons do.
set -eu
hostname "bench-$1"
install -d -o hacluster -g haclient -m 0750 /run/crm
install -d -m 1755 /run/resource-agents

until corosync-cmapctl >/dev/null 2>&1; do sleep 0.05; done
/usr/sbin/pacemakerd &
wait $!
