#!/bin/sh
# Starts a Sentinel and looks after it, as long as it lives.
#
# 0. Sentinel keeps what it learns in its own configuration file. So the one that was rendered is copied at the first
#    start only, and when its first line, which names the set, has changed.
# 1. Shortens its periods, which it does not keep in its file: a promotion is learned from the next INFO only, and
#    without this a failover takes half a second longer.
# 2. Ends a split that Sentinel cannot end itself. When the new master fails while the failover to it is still under way,
#    and its predecessor is promoted, the leader of the first failover takes over the new epoch (the address in it is
#    the one it knows) and then finishes its own: one epoch, two masters, for good. So: when both others agree on a
#    master that says so itself, and the one named here does not, CHECKS times in a row, this Sentinel is made to
#    monitor the others' master.
#
# usage: start-sentinel.sh RENDERED_CONF OWN_CONF
# environment:
#   TANDEM_REDIS_NAME      the name that Sentinel knows the master by
#   TANDEM_SENTINEL_SELF   host:port of this Sentinel;   TANDEM_SENTINEL_PEERS  of the two others
#   REDISCLI_AUTH, TANDEM_REDIS_CLI_USER        password and user of this wrapper, where there are any
#   TANDEM_SENTINEL_AUTH, TANDEM_SENTINEL_USER  those that Sentinel asks Redis with
set -eu

rendered=$1
conf=$2
name=$TANDEM_REDIS_NAME

ASK_S=1
CHECK_S=2
CHECKS=3

ask() { # host:port command...
  address=$1
  shift
  timeout "$ASK_S" redis-cli ${TANDEM_REDIS_CLI_USER:+--user "$TANDEM_REDIS_CLI_USER"} \
    -h "${address%:*}" -p "${address##*:}" "$@" 2>/dev/null | tr -d '\r' || true
}

named_by() { # sentinel -> host:port
  ask "$1" SENTINEL GET-MASTER-ADDR-BY-NAME "$name" | paste -s -d : -
}

role_of() { # host:port -> master, slave or nothing
  ask "$1" ROLE | head -n 1
}

# Prints what the others name, if all of them agree on it and this Sentinel alone is wrong.
outvoted() {
  mine=$(named_by "$TANDEM_SENTINEL_SELF")
  theirs=
  for sentinel in $TANDEM_SENTINEL_PEERS; do
    told=$(named_by "$sentinel")
    [ -n "$told" ] && [ "$told" != "$mine" ] || return 0
    [ -z "$theirs" ] || [ "$told" = "$theirs" ] || return 0
    theirs=$told
  done
  if [ -n "$mine" ] && [ "$(role_of "$theirs")" = master ] && [ "$(role_of "$mine")" != master ]; then
    echo "$theirs"
  fi
}

quoted() { # text -> as redis-cli reads it from its standard input
  printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}

setting() { # name of a field of SENTINEL MASTER, read from stdin
  awk -v field="$1" 'found { print; exit } NR % 2 && $0 == field { found = 1 }'
}

follow() { # host:port
  now=$(ask "$TANDEM_SENTINEL_SELF" SENTINEL MASTER "$name")
  quorum=$(echo "$now" | setting quorum)
  down_after=$(echo "$now" | setting down-after-milliseconds)
  failover=$(echo "$now" | setting failover-timeout)
  syncs=$(echo "$now" | setting parallel-syncs)
  if [ -z "$quorum" ] || [ -z "$down_after" ] || [ -z "$failover" ] || [ -z "$syncs" ]; then
    return 0
  fi
  echo "start-sentinel: the others agree on $1: following them" >&2
  ask "$TANDEM_SENTINEL_SELF" SENTINEL REMOVE "$name" >/dev/null
  ask "$TANDEM_SENTINEL_SELF" SENTINEL MONITOR "$name" "${1%:*}" "${1##*:}" "$quorum" >/dev/null
  # By standard input: an argument would show the password in every list of processes.
  {
    echo "SENTINEL SET $name down-after-milliseconds $down_after failover-timeout $failover parallel-syncs $syncs"
    if [ -n "${TANDEM_SENTINEL_AUTH:-}" ]; then
      echo "SENTINEL SET $name auth-pass $(quoted "$TANDEM_SENTINEL_AUTH")"
    fi
    if [ -n "${TANDEM_SENTINEL_USER:-}" ]; then
      echo "SENTINEL SET $name auth-user $TANDEM_SENTINEL_USER"
    fi
  } | ask "$TANDEM_SENTINEL_SELF" >/dev/null
}

shorten_periods() {
  tries=0
  until [ "$(ask "$TANDEM_SENTINEL_SELF" SENTINEL DEBUG info-period 200 ask-period 100 ping-period 200)" = OK ]; do
    kill -0 $$ 2>/dev/null || exit 0
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
      echo "start-sentinel: the periods could not be set; failovers take half a second longer" >&2
      return 0
    fi
    sleep 0.1
  done
}

look_after() {
  shorten_periods
  wrong=0
  while sleep "$CHECK_S" && kill -0 $$ 2>/dev/null; do
    better=$(outvoted)
    if [ -z "$better" ]; then
      wrong=0
      continue
    fi
    wrong=$((wrong + 1))
    if [ "$wrong" -ge "$CHECKS" ]; then
      follow "$better"
      wrong=0
    fi
  done
}

if [ -e "$conf" ] && ! grep -qxF "$(head -n 1 "$rendered")" "$conf"; then
  mv "$conf" "$conf.other-set"
fi
if [ ! -e "$conf" ]; then
  (umask 077 && cp "$rendered" "$conf.new" && mv "$conf.new" "$conf")
fi

# Forked twice, so that it is not a child of the Sentinel that this shell becomes.
( look_after & )

exec redis-sentinel "$conf"
