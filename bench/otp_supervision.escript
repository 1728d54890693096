#!/usr/bin/env escript
%%! +sbwt none +sbwtdcpu none +sbwtdio none +P 1000000
%% SPDX-License-Identifier: BSD-3-Clause
%% The measurements of supervision_bench.cpp on Erlang/OTP. Busy waiting, which
%% would count as CPU time, is off.
%%
%%   otp_supervision.escript start|stop|restart|retry|memory|crash KIND N ROUNDS
%%     [CHILD]
-mode(compile).
-export([init/1, start_process/1, start_retried/1, handle_info/2, handle_call/3, handle_cast/2]).

main([What, Kind, N, Rounds]) ->
    main([What, Kind, N, Rounds, "gen_server"]);
main([What, Kind, N, Rounds, Child]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    register(driver, self()),
    measure(list_to_atom(What),
            {list_to_atom(Kind), list_to_atom(Child)},
            list_to_integer(N), list_to_integer(Rounds)).

%% -- measurements ------------------------------------------------------------

measure(start, How, N, Rounds) ->
    print(N * Rounds, sum(Rounds, fun() ->
        Sup = start_sup(How, 0),
        Took = timed(fun() -> fill(Sup, N) end),
        stop_sup(Sup),
        Took
    end));
measure(stop, How, N, Rounds) ->
    print(N * Rounds, sum(Rounds, fun() ->
        Sup = filled(How, N),
        timed(fun() -> stop_sup(Sup) end)
    end));
measure(restart, How, N, Rounds) ->
    print(N * Rounds, sum(Rounds, fun() ->
        Sup = start_sup(How, N),
        {_, Pid, _, _} = lists:keyfind(0, 1, supervisor:which_children(Sup)),
        Took = timed(fun() ->
            exit(Pid, boom),
            receive last_is_up -> ok end
        end),
        stop_sup(Sup),
        Took
    end));
measure(retry, _, N, Rounds) ->
    print(N * Rounds, sum(Rounds, fun() ->
        Failures = counters:new(1, []),
        {ok, Sup} = supervisor:start_link(?MODULE, {sup, retry, Failures}),
        receive last_is_up -> ok end,
        [{w, Pid, _, _}] = supervisor:which_children(Sup),
        counters:put(Failures, 1, N),
        Took = timed(fun() ->
            exit(Pid, boom),
            receive last_is_up -> ok end
        end),
        stop_sup(Sup),
        Took
    end));
measure(memory, How, N, _) ->
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    Resident = resident(),
    Sup = filled(How, N),
    erlang:garbage_collect(),
    erlang:garbage_collect(Sup),
    io:format("{\"count\": ~b, \"heap_bytes\": ~.1f, \"resident_bytes\": ~.1f}~n",
              [N, (erlang:memory(total) - Before) / N,
               (resident() - Resident) / N]),
    stop_sup(Sup);
measure(crash, _, N, _) ->
    {ok, Sup} = supervisor:start_link(?MODULE, {sup, crash}),
    First = receive {up, Pid, _} -> Pid end,
    Took = lists:sort(crashes(First, N)),
    At = fun(Share) -> lists:nth(1 + trunc(Share * (N - 1)), Took) / 1000 end,
    io:format("{\"count\": ~b, \"median_us\": ~.2f, \"p99_us\": ~.2f, "
              "\"max_us\": ~.2f}~n", [N, At(0.5), At(0.99), At(1)]),
    stop_sup(Sup).

crashes(_, 0) ->
    [];
crashes(Pid, N) ->
    Pid ! crash,
    receive
        {crashed, Pid, Crashed} ->
            receive {up, Next, Up} -> [Up - Crashed | crashes(Next, N - 1)] end
    end.

%% -- the clock ---------------------------------------------------------------

%% In microseconds. Runtime is the CPU time of all threads, in milliseconds.
timed(Fun) ->
    {Cpu, _} = statistics(runtime),
    Wall = erlang:monotonic_time(microsecond),
    Fun(),
    Wall2 = erlang:monotonic_time(microsecond),
    {Cpu2, _} = statistics(runtime),
    {(Cpu2 - Cpu) * 1000, Wall2 - Wall}.

sum(0, _) ->
    {0, 0};
sum(Rounds, Fun) ->
    {Cpu, Wall} = Fun(),
    {Cpus, Walls} = sum(Rounds - 1, Fun),
    {Cpu + Cpus, Wall + Walls}.

print(Count, {Cpu, Wall}) ->
    io:format("{\"count\": ~b, \"cpu_us\": ~.4f, \"wall_us\": ~.4f}~n",
              [Count, Cpu / Count, Wall / Count]).

resident() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = binary:split(Text, <<" ">>, [global]),
    binary_to_integer(Pages) * 4096.

%% -- trees -------------------------------------------------------------------

%% The last of the static children, in start order, says that it is up.
start_sup(How, N) ->
    {ok, Sup} = supervisor:start_link(?MODULE, {sup, How, N}),
    N > 0 andalso receive last_is_up -> ok end,
    Sup.

filled({simple, _} = How, N) ->
    Sup = start_sup(How, 0),
    fill(Sup, N),
    Sup;
filled(How, N) ->
    start_sup(How, N).

fill(_, 0) ->
    ok;
fill(Sup, N) ->
    {ok, _} = supervisor:start_child(Sup, []),
    fill(Sup, N - 1).

stop_sup(Sup) ->
    Ref = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, process, Sup, _} -> ok end,
    receive {'EXIT', Sup, _} -> ok end.

init({sup, {simple, Child}, _}) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 1000000},
          [#{id => w, start => start(Child, worker)}]}};
init({sup, {Strategy, Child}, N}) ->
    {ok, {#{strategy => Strategy, intensity => 1000000},
          [#{id => I, start => start(Child, worker)} || I <- lists:seq(0, N - 2)]
          ++ [#{id => N - 1, start => start(Child, last)}]}};
init({sup, retry, Failures}) ->
    {ok, {#{intensity => 1000000, period => 3600},
          [#{id => w, start => {?MODULE, start_retried, [Failures]}}]}};
init({sup, crash}) ->
    {ok, {#{intensity => 1000000, period => 1},
          [#{id => w, start => {gen_server, start_link, [?MODULE, crasher, []]}}]}};
init(crasher) ->
    Now = erlang:monotonic_time(nanosecond),
    driver ! {up, self(), Now},
    {ok, []};
init(last) ->
    driver ! last_is_up,
    {ok, []};
init(worker) ->
    {ok, []}.

%% -- children ----------------------------------------------------------------

start(gen_server, Which) ->
    {gen_server, start_link, [?MODULE, Which, []]};
start(process, Which) ->
    {?MODULE, start_process, [Which]}.

%% Fails as often as Failures says.
start_retried(Failures) ->
    case counters:get(Failures, 1) of
        0 ->
            gen_server:start_link(?MODULE, last, []);
        _ ->
            counters:sub(Failures, 1, 1),
            {error, nope}
    end.

start_process(Which) ->
    {ok, spawn_link(fun() -> init(Which), receive stop -> ok end end)}.

handle_info(crash, _) ->
    Now = erlang:monotonic_time(nanosecond),
    driver ! {crashed, self(), Now},
    exit(boom).

handle_call(_, _, State) ->
    {reply, ok, State}.

handle_cast(_, State) ->
    {noreply, State}.
