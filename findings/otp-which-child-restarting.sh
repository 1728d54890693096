#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Erlang/OTP 29.1.2 (STDLIB, supervisor), Debian sid's erlang-base: supervisor:which_child/2
# does not find a simple_one_for_one child that waits for its next start, though
# which_children/1 lists it, under the pid that which_child/2 is asked for.
#
# Seen: which_children [{undefined,restarting,worker,[m]}] and
#       which_child    {error,not_found}
# Expected from the manual: {ok,{undefined,restarting,worker,[m]}}, as for a static child,
# which the same release answers so.
#
# Needs root, debootstrap. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

version=29.1.2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates sid "$work/root" >"$work/log" 2>&1
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
chroot "$work/root" apt-get -qq -o Acquire::Check-Valid-Until=false update
package=$(chroot "$work/root" apt-cache madison erlang-base | awk -v v=":$version" 'index($3, v) { print $3; exit }')
[ -n "$package" ] || { echo "sid no longer has erlang-base $version"; exit 1; }
DEBIAN_FRONTEND=noninteractive chroot "$work/root" apt-get -qq -y --no-install-recommends \
  install "erlang-base=$package" >>"$work/log" 2>&1

cat >"$work/root/m.erl" <<'END'
-module(m).
-export([main/0, init/1, start/1, loop/0]).

%% The first start succeeds, later ones fail, so that the child stays restarting.
start(Tab) ->
    case ets:update_counter(Tab, starts, 1) of
        1 -> {ok, spawn_link(fun loop/0)};
        _ -> {error, not_yet}
    end.

loop() -> receive stop -> exit(boom) end.

init({Strategy, Tab}) ->
    {ok, {#{strategy => Strategy, intensity => 1000000, period => 1},
          [#{id => a, start => {m, start, [Tab]}, modules => [m]}]}}.

%% What is answered of the child while it waits for its next start.
look(Strategy) ->
    Tab = ets:new(t, [public]),
    ets:insert(Tab, {starts, 0}),
    {ok, Sup} = supervisor:start_link(m, {Strategy, Tab}),
    Key = case Strategy of
              simple_one_for_one -> {ok, P} = supervisor:start_child(Sup, []), P;
              one_for_one -> [{a, P, _, _}] = supervisor:which_children(Sup), a
          end,
    P ! stop,
    All = wait(Sup),
    One = supervisor:which_child(Sup, Key),
    io:format("~p~n  which_children ~p~n  which_child    ~p~n", [Strategy, All, One]),
    unlink(Sup), exit(Sup, kill),
    One.

wait(Sup) ->
    case supervisor:which_children(Sup) of
        [{_, restarting, _, _}] = All -> All;
        _ -> wait(Sup)
    end.

main() ->
    logger:set_primary_config(level, none),
    Static = look(one_for_one),
    Dynamic = look(simple_one_for_one),
    {ok, {a, restarting, worker, [m]}} = Static,
    {error, not_found} = Dynamic,
    io:format("as stated~n"),
    halt(0).
END
chroot "$work/root" sh -c 'cd / && erlc m.erl && timeout 60 erl -noshell -eval "try m:main() catch _:E -> io:format(\"changed: ~p~n\", [E]), halt(1) end"'
