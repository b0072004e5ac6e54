#!/bin/sh
# Starts a queue Redis in the right role. A master that came back empty would wipe its replicas before any Sentinel
# notices, and no setting of Redis or Sentinel prevents that; so a queue Redis is never started but through here.
#
# The rule. "Named" is the master by the newest configuration epoch that the Sentinels of the OTHER hosts tell.
#   1. Another one is named: start as its replica. If this disk is empty, start with priority 0, so that no Sentinel can
#      promote it, until it has copied from a master once (or until WAIT_S has passed: then there is nothing to copy).
#   2. This one is named, and has data: start as master, unless a Redis that followed it in its former life still runs
#      (or one is master already). Such a follower has all that this disk has: wait until it is named, then see 1.
#   3. This one is named, and is empty: wait until another one is named, then see 1. Start as master only when both
#      others are up and empty as well (the first start of all).
#   4. No Sentinel of another host answers: wait for one.
#   After WAIT_S seconds of waiting the queue matters more than what it holds, which is sent again from the stores: start
#   as replica of a peer that is master, else by what the own Sentinel tells, else by who is the initial master.
# So when all three went at once and come back, the one that was master goes on if it kept its data; if it did not, the
# Sentinels promote one that did, because an empty one has priority 0.
#
# usage: start-queue-redis.sh REDIS_CONF DATA_DIR
# environment:
#   TANDEM_REDIS_NAME      the name that Sentinel knows the master by
#   TANDEM_REDIS_SELF      host:port of this Redis;     TANDEM_REDIS_PEERS     of the two others
#   TANDEM_SENTINEL_SELF   host:port of this host's;    TANDEM_SENTINEL_PEERS  of the two others
#   TANDEM_REDIS_INITIAL   host:port of the master of the first start
#   REDISCLI_AUTH, TANDEM_REDIS_CLI_USER   password and user of this wrapper, where there are any
set -eu

conf=$1
data=$2

# A failover that found no replica is tried again after twice failover-timeout (6 s), and takes some 3 s.
WAIT_S=20
# No answer from a host that is cut off or a process that is stopped.
ASK_S=1
# An append-only base file without a key has some 90 bytes.
EMPTY_BASE_BYTES=150
# Equal on all three, see render.ts.
PRIORITY=100

say() {
  echo "start-queue-redis: $*" >&2
}

ask() { # host:port command...
  address=$1
  shift
  timeout "$ASK_S" redis-cli ${TANDEM_REDIS_CLI_USER:+--user "$TANDEM_REDIS_CLI_USER"} \
    -h "${address%:*}" -p "${address##*:}" "$@" 2>/dev/null | tr -d '\r' || true
}

# The address comes from its own command: while a Sentinel leads a failover, its SENTINEL MASTER has the new epoch already
# but still the old address.
told_by() { # sentinels... -> a line "epoch host:port" from each that answers
  for sentinel in "$@"; do
    printf 'SENTINEL MASTER %s\nSENTINEL GET-MASTER-ADDR-BY-NAME %s\n' "$TANDEM_REDIS_NAME" "$TANDEM_REDIS_NAME" |
      ask "$sentinel" | awk '
        { ip = port; port = $0 }
        epoch == "next" { epoch = $0 }
        NR % 2 && $0 == "config-epoch" { epoch = "next" }
        END { if (epoch ~ /^[0-9]+$/ && port ~ /^[0-9]+$/) print epoch, ip ":" port }'
  done
}

# Two failovers in a row can leave Sentinels with different masters in one epoch (see start-sentinel.sh): then the one
# that says it is master counts.
named_by() { # sentinels... -> host:port of the master in the newest configuration epoch, or nothing
  newest=$(told_by "$@" | sort -rn | uniq | awk 'NR == 1 { epoch = $1 } $1 == epoch { print $2 }')
  for candidate in $newest; do
    if [ "$(echo "$newest" | wc -l)" -gt 1 ] && ! is_master "$candidate"; then
      continue
    fi
    echo "$candidate"
    return 0
  done
  echo "$newest" | head -n 1
}

is_master() { # host:port
  ask "$1" INFO replication | grep -q '^role:master$'
}

has_data() {
  [ -n "$(find "$data" -type f \( -name '*.incr.aof' -size +0 -o -name '*.base.rdb' -size "+${EMPTY_BASE_BYTES}c" \
    -o -name '*.base.aof' -size +0 \) 2>/dev/null | head -n 1)" ]
}

peer_master() {
  for peer in $TANDEM_REDIS_PEERS; do
    if is_master "$peer"; then
      echo "$peer"
      return 0
    fi
  done
}

# A peer that followed a master in its present life: Redis says -1 for a link that never was up.
follower_lives() {
  for peer in $TANDEM_REDIS_PEERS; do
    if ask "$peer" INFO replication | awk -F : '
      $1 == "role" { role = $2 }
      $1 == "master_link_status" { link = $2 }
      $1 == "master_link_down_since_seconds" { down = $2 }
      END { exit !(role == "master" || (role == "slave" && (link == "up" || down >= 0))) }'; then
      return 0
    fi
  done
  return 1
}

peers_are_empty() {
  for peer in $TANDEM_REDIS_PEERS; do
    [ "$(ask "$peer" DBSIZE)" = 0 ] || return 1
  done
}

start_master() { # why
  say "$TANDEM_REDIS_SELF starts as master: $1"
  exec redis-server "$conf" --replicaof no one --replica-priority "$PRIORITY"
}

raise_priority_when_copied() {
  tries=0
  while kill -0 $$ 2>/dev/null; do
    if [ $tries -ge $((WAIT_S * 5)) ] || ask "$TANDEM_REDIS_SELF" INFO replication | grep -Eq '^(master_link_status:up|role:master)$'; then
      if [ "$(ask "$TANDEM_REDIS_SELF" CONFIG SET replica-priority "$PRIORITY")" = OK ]; then
        return 0
      fi
    fi
    tries=$((tries + 1))
    sleep 0.2
  done
}

start_replica() { # host:port why
  priority=$PRIORITY
  kept="with its data"
  if ! has_data; then
    priority=0
    kept="empty"
    # Forked twice, so that it is not a child of the Redis that this shell becomes.
    ( raise_priority_when_copied & )
  fi
  say "$TANDEM_REDIS_SELF starts as replica of $1, $kept: $2"
  exec redis-server "$conf" --replicaof "${1%:*}" "${1##*:}" --replica-priority "$priority"
}

deadline=$(($(date +%s) + WAIT_S))
waiting=
# shellcheck disable=SC2086  # lists of addresses, split on purpose
while :; do
  named=$(named_by $TANDEM_SENTINEL_PEERS)
  case $named in
    '')
      reason="no other Sentinel answers"
      ;;
    "$TANDEM_REDIS_SELF")
      if has_data; then
        follower_lives || start_master "it was, and kept its data"
        reason="a Redis that followed it lives and will be named"
      else
        ! peers_are_empty || start_master "all three are empty"
        reason="it is named master, but is empty"
      fi
      ;;
    *)
      start_replica "$named" "the other Sentinels name that master"
      ;;
  esac
  if [ "$reason" != "$waiting" ]; then
    waiting=$reason
    say "$TANDEM_REDIS_SELF waits: $reason"
  fi
  [ "$(date +%s)" -lt "$deadline" ] || break
  sleep 0.1
done

master=$(peer_master)
[ -z "$master" ] || start_replica "$master" "it is master, after $WAIT_S s of waiting"
[ -n "$named" ] || named=$(named_by "$TANDEM_SENTINEL_SELF")
[ -n "$named" ] || named=$TANDEM_REDIS_INITIAL
[ "$named" = "$TANDEM_REDIS_SELF" ] || start_replica "$named" "nothing better is known after $WAIT_S s of waiting"
start_master "nothing better is known after $WAIT_S s of waiting"
