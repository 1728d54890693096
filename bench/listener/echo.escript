#!/usr/bin/env escript
%%! +sbwt none +sbwtdcpu none +sbwtdio none +P 1000000 +Q 1000000
%% SPDX-License-Identifier: BSD-3-Clause
%% An echo server on Erlang's gen_tcp, a process for each connection. Prints the
%% port that it listens on. Busy waiting, which would count as CPU time, is off.
-mode(compile).

main([]) ->
    {ok, Listening} = gen_tcp:listen(0, [binary, {ip, {127, 0, 0, 1}},
                                         {active, false}, {nodelay, true},
                                         {buffer, 64 * 1024},
                                         {backlog, 4096}]),
    {ok, Port} = inet:port(Listening),
    io:format("~b~n", [Port]),
    accept(Listening).

accept(Listening) ->
    {ok, Peer} = gen_tcp:accept(Listening),
    Pid = spawn(fun() -> receive go -> echo(Peer) end end),
    ok = gen_tcp:controlling_process(Peer, Pid),
    Pid ! go,
    accept(Listening).

echo(Peer) ->
    case gen_tcp:recv(Peer, 0) of
        {ok, Data} ->
            _ = gen_tcp:send(Peer, Data),
            echo(Peer);
        {error, _} ->
            gen_tcp:close(Peer)
    end.
