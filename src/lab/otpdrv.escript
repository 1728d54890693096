#!/usr/bin/env escript
%%! -noshell -kernel logger_level error
%% Plays scenarios on the supervisor of Erlang/OTP and prints the event trace
%% that each leaves, as JSON lines after a line {"scenario":NAME}.
%%
%%   otpdrv.escript FILE...           one scenario a file
%%   otpdrv.escript --lines FILE      one scenario a line
%%
%% What a supervisor does is taken from Erlang's own trace of its process:
%% calls of its callbacks, exit/2, and unlink_flush/2, whose result is the
%% reason that it attributes to a child that is down. Logger reports are
%% formatted inside the supervisor's process, so they keep their place, too.
-mode(compile).
-export([log/2, init/1, start_worker/3, start_worker/4, start_sup/3, mark/1]).

-define(PARALLEL, 16).
%% A scenario that takes longer, beyond the time that it asks for, is given up.
-define(LIMIT_MS, 10000).
-define(LIMIT_A_STEP_MS, 1000).

main(["--lines", File]) ->
    {ok, Text} = file:read_file(File),
    Lines = binary:split(Text, <<"\n">>, [global, trim_all]),
    run([json(L) || L <- Lines]);
main(Files) when Files =/= [] ->
    run([begin {ok, Text} = file:read_file(F), json(Text) end || F <- Files]);
main([]) ->
    io:format(standard_error, "usage: otpdrv.escript FILE...~n", []),
    halt(2).

run(Scenarios) ->
    io:setopts(standard_io, [{encoding, unicode}]),
    process_flag(trap_exit, true),
    logger:remove_handler(default),
    ok = logger:add_handler(?MODULE, ?MODULE, #{}),
    trace_patterns(),
    run(Scenarios, [], 0).

%% Keeps PARALLEL scenarios going and prints their traces in order.
run([], [], _) ->
    ok;
run([S | Rest], Running, N) when N < ?PARALLEL ->
    Self = self(),
    Pid = spawn_link(fun() -> Self ! {trace, self(), play(S)} end),
    Steps = length(maps:get(<<"steps">>, S)),
    Limit = ?LIMIT_MS + Steps * ?LIMIT_A_STEP_MS + asked_ms(S),
    Entry = {Pid, maps:get(<<"name">>, S), Limit},
    run(Rest, Running ++ [Entry], N + 1);
run(Rest, [{Pid, Name, Limit} | Running], N) ->
    receive
        {trace, Pid, Lines} ->
            io:put_chars([object([{<<"scenario">>, Name}]), $\n, Lines]);
        {'EXIT', Pid, Reason} when Reason =/= normal ->
            failed(Name, text(Reason))
    after Limit ->
        failed(Name, io_lib:format("not over after ~w ms; does a supervisor "
                                   "wait for ever?", [Limit])),
        exit(Pid, kill)
    end,
    run(Rest, Running, N - 1).

%% The sum of all times that a scenario names.
asked_ms(Map) when is_map(Map) ->
    Times = [<<"ms">>, <<"after_ms">>, <<"delay_ms">>, <<"shutdown">>],
    lists:sum([case lists:member(K, Times) andalso is_integer(V) of
                   true -> V;
                   false -> asked_ms(V)
               end || {K, V} <- maps:to_list(Map)]);
asked_ms(List) when is_list(List) ->
    lists:sum([asked_ms(E) || E <- List]);
asked_ms(_) ->
    0.

failed(Name, Reason) ->
    io:put_chars([object([{<<"scenario">>, Name}]), $\n,
                  object([{<<"e">>, <<"driver_failed">>},
                          {<<"reason">>, iolist_to_binary(Reason)}]), $\n]).

trace_patterns() ->
    Return = [{'_', [], [{return_trace}]}],
    erlang:trace_pattern({supervisor, handle_call, 3}, Return, [local]),
    erlang:trace_pattern({supervisor, handle_cast, 2}, true, [local]),
    erlang:trace_pattern({supervisor, handle_info, 2}, true, [local]),
    erlang:trace_pattern({supervisor, unlink_flush, 2}, Return, [local]),
    erlang:trace_pattern({erlang, exit, 2}, true, [local]),
    erlang:trace_pattern({?MODULE, mark, 1}, true, [local]).

%% -- one scenario -------------------------------------------------------------

%% The names of processes, attempts and what is going on stand in a table:
%% {pid, Pid} -> {Id, N, Sup}, {name, Id, N} -> Pid, {latest, Id} -> N,
%% {attempts, Id} -> N, {failed, Pid} for supervisors whose start failed.
play(#{<<"supervisor">> := Sup, <<"steps">> := Steps}) ->
    process_flag(trap_exit, true),
    Tab = ets:new(names, [public, ordered_set]),
    Top = maps:get(<<"id">>, Sup),
    ets:insert(Tab, [{top, Top}, {driver, self()}]),
    Collector = spawn_link(fun() -> collect([]) end),
    ets:insert(Tab, {collector, Collector}),
    Parent = spawn(fun() -> parent(Tab, Sup) end),
    ets:insert(Tab, {parent, Parent}),
    [begin step(Tab, S), settle(Tab) end || S <- Steps],
    finish(Tab),
    Events = collected(Tab, Collector),
    clean_up(Tab, Parent),
    [[object(E), $\n] || E <- Events].

finish(Tab) ->
    case ets:lookup(Tab, top_up) of
        [] ->
            ok;
        [{_, Top}] ->
            wait(fun() -> alive(Top) orelse ets:member(Tab, top_exit) end),
            case ets:lookup(Tab, top_exit) of
                [{_, R}] -> note(Tab, [{e, sup_exit}, {reason, text(Tab, R)}]);
                [] -> note(Tab, [{e, sup_alive}])
            end
    end.

%% Whatever is still alive is of no interest any more.
clean_up(Tab, Parent) ->
    exit(Parent, kill),
    [exit(P, kill) || {{pid, P}, _} <- ets:tab2list(Tab)],
    ok.

collect(Events) ->
    receive
        {trace, Pid, call, {?MODULE, mark, [E]}} ->
            collect([{mark, Pid, E} | Events]);
        {trace, Pid, call, {M, F, A}} ->
            collect([{call, Pid, {M, F}, A} | Events]);
        {trace, Pid, return_from, {M, F, _}, R} ->
            collect([{return, Pid, {M, F}, R} | Events]);
        {event, E} ->
            collect([{event, E} | Events]);
        {get, From, Ref} ->
            From ! {Ref, lists:reverse(Events)}
    end.

collected(Tab, Collector) ->
    Delivered = erlang:trace_delivered(all),
    receive {trace_delivered, all, Delivered} -> ok end,
    Ref = make_ref(),
    Collector ! {get, self(), Ref},
    receive {Ref, Raw} -> cook(Tab, Raw) end.

note(Tab, E) ->
    [{_, Collector}] = ets:lookup(Tab, collector),
    Collector ! {event, E},
    ok.

%% Traced: puts an event of the calling process into its place.
mark(_) -> ok.

%% -- from what was traced to events -------------------------------------------

cook(Tab, Raw) -> cook(Tab, Raw, #{}, []).

cook(_, [], _, Out) ->
    lists:reverse(Out);
cook(Tab, [{event, E} | Rest], Calls, Out) ->
    cook(Tab, Rest, Calls, [E | Out]);
cook(Tab, [{mark, _, E} | Rest], Calls, Out) ->
    cook(Tab, Rest, Calls, [E | Out]);
cook(Tab, [{call, Pid, F, A} | Rest], Calls, Out) ->
    case called(Tab, Pid, F, A) of
        {push, What} ->
            Stack = maps:get(Pid, Calls, []),
            cook(Tab, Rest, Calls#{Pid => [What | Stack]}, Out);
        none ->
            cook(Tab, Rest, Calls, Out);
        Event ->
            cook(Tab, Rest, Calls, [Event | Out])
    end;
cook(Tab, [{return, Pid, F, R} | Rest], Calls, Out) ->
    [What | Stack] = maps:get(Pid, Calls),
    case returned(Tab, Pid, F, What, R) of
        none -> cook(Tab, Rest, Calls#{Pid => Stack}, Out);
        Event -> cook(Tab, Rest, Calls#{Pid => Stack}, [Event | Out])
    end.

called(_, _, {supervisor, handle_call}, [Request | _]) ->
    {push, Request};
called(_, _, {supervisor, unlink_flush}, [Child | _]) ->
    {push, Child};
called(Tab, Pid, {supervisor, handle_info}, [{'EXIT', From, Reason} | _]) ->
    case ets:member(Tab, {failed, From}) of
        %% Only up to OTP 25 is this seen at all.
        true -> none;
        false ->
            {Id, N} = name(Tab, From),
            [{e, exit}, {sup, id(Tab, Pid)}, {id, Id}, {n, N},
             {reason, text(Tab, Reason)}]
    end;
called(Tab, Pid, {supervisor, handle_info}, [Msg | _]) ->
    [{e, unexpected}, {sup, id(Tab, Pid)}, {msg, text(Tab, Msg)}];
called(Tab, Pid, {supervisor, handle_cast}, [{try_again_restart, Who} | _]) ->
    Id = case Who of
             {restarting, P} -> element(1, name(Tab, P));
             _ -> atom_to_binary(Who)
         end,
    [{e, retry}, {sup, id(Tab, Pid)}, {id, Id}];
called(Tab, Pid, {erlang, exit}, [To, Sig]) ->
    case name(Tab, To) of
        {_, 0} -> none;
        {Id, N} -> [{e, signal}, {sup, id(Tab, Pid)}, {id, Id}, {n, N},
                    {sig, text(Tab, Sig)}]
    end;
called(_, _, _, _) ->
    none.

returned(Tab, Pid, {supervisor, unlink_flush}, Child, Reason) ->
    {Id, N} = name(Tab, Child),
    [{e, down}, {sup, id(Tab, Pid)}, {id, Id}, {n, N},
     {reason, text(Tab, Reason)}];
returned(Tab, Pid, {supervisor, handle_call}, Request, {reply, Res, _}) ->
    Op = if is_tuple(Request) -> element(1, Request); true -> Request end,
    [{e, reply}, {sup, id(Tab, Pid)}, {op, Op},
     {res, text(Tab, shorten(Op, Res))}];
returned(_, _, _, _, _) ->
    none.

shorten(which_children, Res) ->
    [{Id, P} || {Id, P, _, _} <- Res];
shorten(get_childspec, {ok, Spec = #{start := {_, F, A}}}) ->
    Args = case A of undefined -> undefined; _ -> '$args' end,
    {ok, Spec#{modules := '$mods', start := {'$m', F, Args}}};
shorten(_, Res) ->
    Res.

name(Tab, Pid) ->
    case ets:lookup(Tab, {pid, Pid}) of
        [{_, {Id, N, _}}] -> {Id, N};
        [] -> {<<"unknown">>, 0}
    end.

id(Tab, Pid) ->
    element(1, name(Tab, Pid)).

pid_of(Tab, Id, latest) ->
    case ets:lookup(Tab, {latest, Id}) of
        [{_, N}] -> pid_of(Tab, Id, N);
        [] -> undefined
    end;
pid_of(Tab, Id, N) ->
    case ets:lookup(Tab, {name, Id, N}) of
        [{_, Pid}] -> Pid;
        [] -> undefined
    end.

register_process(Tab, Id, N, Pid, Sup) ->
    ets:insert(Tab, [{{pid, Pid}, {Id, N, Sup}}, {{name, Id, N}, Pid},
                     {{latest, Id}, N}]).

attempt(Tab, Id) ->
    ets:update_counter(Tab, {attempts, Id}, 1, {{attempts, Id}, 0}).

alive(Pid) -> is_pid(Pid) andalso is_process_alive(Pid).

%% -- the parent ---------------------------------------------------------------

parent(Tab, Sup) ->
    process_flag(trap_exit, true),
    parent_loop(Tab, Sup).

parent_loop(Tab, Sup) ->
    receive
        {start, From, Ref} ->
            From ! {Ref, start_top(Tab, Sup)},
            parent_loop(Tab, Sup);
        {signal, Pid, Reason} ->
            exit(Pid, Reason),
            parent_loop(Tab, Sup);
        {stop, Reason} ->
            exit(Reason);
        {'EXIT', Pid, Reason} ->
            [ets:insert(Tab, {top_exit, Reason})
             || {_, P} <- ets:lookup(Tab, top_up), P =:= Pid],
            parent_loop(Tab, Sup)
    end.

start_top(Tab, Sup = #{<<"id">> := Id}) ->
    N = attempt(Tab, Id),
    note(Tab, [{e, start_begin}, {sup, '$parent'}, {id, Id}, {n, N}]),
    Res = supervisor:start_link(?MODULE, {Tab, Sup, N, self()}),
    {Shown, Reply} = case Res of
                {ok, Pid} ->
                    ets:insert(Tab, {top_up, Pid}),
                    watch(Tab, Pid),
                    {<<"ok">>, text(Tab, Res)};
                _ ->
                    {text(Tab, Res), text(Tab, Res)}
            end,
    note(Tab, [{e, start}, {sup, '$parent'}, {id, Id}, {n, N},
               {res, Shown}]),
    note(Tab, [{e, reply}, {sup, '$driver'}, {op, start}, {res, Reply}]).

%% The parent may be gone when the supervisor ends.
watch(Tab, Pid) ->
    spawn(fun() ->
              Mon = monitor(process, Pid),
              receive
                  {'DOWN', Mon, _, _, noproc} -> ok;
                  {'DOWN', Mon, _, _, R} -> ets:insert_new(Tab, {top_exit, R})
              end
          end).

%% -- supervisors --------------------------------------------------------------

%% The init callback of every supervisor.
init({Tab, Sup = #{<<"id">> := Id}, N, Parent}) ->
    register_process(Tab, Id, N, self(), Parent),
    put(lab, Tab),
    [{_, Collector}] = ets:lookup(Tab, collector),
    erlang:trace(self(), true, [call, {tracer, Collector}]),
    case Sup of
        #{<<"init_returns">> := V} ->
            term(V);
        _ ->
            Flags = maps:from_list(
                      [{binary_to_atom(K), term(V)}
                       || {K, V} <- maps:to_list(
                                      maps:get(<<"flags">>, Sup, #{}))]),
            {ok, {Flags, [spec(Tab, C)
                          || C <- maps:get(<<"children">>, Sup)]}}
    end.

spec(Tab, C = #{<<"id">> := Id}) ->
    {F, Type} = case C of
                    #{<<"children">> := _} -> {start_sup, supervisor};
                    _ -> {start_worker, worker}
                end,
    Args = case F of
               start_sup -> [Tab, Id, C];
               start_worker -> [Tab, Id, C]
           end,
    Keys = [restart, shutdown, type, significant],
    Given = maps:from_list([{K, term(V)}
                            || K <- Keys,
                               {ok, V} <- [maps:find(atom_to_binary(K), C)]]),
    Type0 = case {F, Type} of
                {start_sup, supervisor} -> #{type => supervisor};
                _ -> #{}
            end,
    maps:merge(maps:merge(#{id => binary_to_atom(Id),
                            start => {?MODULE, F, Args}}, Type0), Given).

%% A supervisor is started by its parent: runs in the parent's process.
start_sup(Tab, Id, C) ->
    N = attempt(Tab, Id),
    Me = id(Tab, self()),
    mark([{e, start_begin}, {sup, Me}, {id, Id}, {n, N}]),
    start(Tab, Me, Id, N, C, fun() ->
        Res = supervisor:start_link(?MODULE, {Tab, C, N, self()}),
        case Res of
            {ok, _} -> ok;
            _ -> ets:insert(Tab, {{failed, pid_of(Tab, Id, N)}})
        end,
        Res
    end).

%% Under simple_one_for_one, the extra argument is the name of the instance.
start_worker(Tab, _, C, [Id]) -> start_worker(Tab, Id, C).

start_worker(Tab, Id, C) ->
    N = attempt(Tab, Id),
    start(Tab, id(Tab, self()), Id, N, C, fun() ->
        Self = self(),
        Pid = spawn_link(fun() -> worker(Self, C) end),
        receive {ready, Pid} -> ok end,
        register_process(Tab, Id, N, Pid, Self),
        {ok, Pid}
    end).

start(Tab, Me, Id, N, C, Run) ->
    Starts = case maps:get(<<"starts">>, C, []) of
                 [] -> [<<"ok">>];
                 Given -> Given
             end,
    Plan = during(Tab, lists:nth(min(N, length(Starts)), Starts)),
    Base = [{e, start}, {sup, Me}, {id, Id}, {n, N}],
    Say = fun(Res) -> mark(Base ++ [{res, Res}]) end,
    outcome(Tab, Plan, Id, N, Say, Run).

during(Tab, #{<<"during">> := Steps, <<"then">> := Then}) ->
    [during_step(Tab, S) || S <- Steps],
    during(Tab, Then);
during(_, Plan) ->
    Plan.

outcome(Tab, <<"ok">>, _, _, Say, Run) ->
    case Run() of
        {ok, Pid} -> Say(<<"ok">>), {ok, Pid};
        Other -> Say(text(Tab, Other)), Other
    end;
outcome(Tab, #{<<"ok">> := Info}, _, _, Say, Run) ->
    case Run() of
        {ok, Pid} ->
            Say(text(Tab, {ok_extra, term(Info)})),
            {ok, Pid, term(Info)};
        Other ->
            Say(text(Tab, Other)),
            Other
    end;
outcome(_, <<"ignore">>, _, _, Say, _) ->
    Say(<<"ignore">>),
    ignore;
outcome(Tab, #{<<"error">> := R}, _, _, Say, _) ->
    Say(text(Tab, {error, term(R)})),
    {error, term(R)};
outcome(Tab, #{<<"exit">> := R}, _, _, Say, _) ->
    Say(text(Tab, {raised, exit, term(R)})),
    exit(term(R));
outcome(Tab, #{<<"throw">> := R}, _, _, Say, _) ->
    Say(text(Tab, {raised, throw, term(R)})),
    throw(term(R));
outcome(Tab, #{<<"raise">> := R}, _, _, Say, _) ->
    Say(text(Tab, {raised, error, term(R)})),
    error(term(R));
outcome(Tab, #{<<"value">> := V}, _, _, Say, _) ->
    Say(text(Tab, {value, term(V)})),
    term(V);
outcome(Tab, #{<<"init_exit">> := R}, Id, N, Say, _) ->
    Self = self(),
    {Pid, Mon} = spawn_opt(fun() ->
                               register_process(Tab, Id, N, self(), Self),
                               exit(term(R))
                           end, [link, monitor]),
    receive {'DOWN', Mon, process, Pid, _} -> ok end,
    Say(text(Tab, {error, term(R)})),
    {error, term(R)}.

%% -- workers ------------------------------------------------------------------

worker(Parent, C) ->
    Answer = maps:get(<<"on_shutdown">>, C, <<"comply">>),
    Traps = maps:get(<<"trap_exit">>, C, false)
        orelse Answer =/= <<"comply">>,
    process_flag(trap_exit, Traps),
    Parent ! {ready, self()},
    worker_loop(Parent, Answer).

worker_loop(Parent, Answer) ->
    receive
        {exit, Reason} ->
            exit(Reason);
        {unlink, From, Ref} ->
            unlink(Parent),
            From ! Ref,
            worker_loop(Parent, Answer);
        {signal, To, Reason} ->
            exit(To, Reason),
            worker_loop(Parent, Answer);
        {'EXIT', Parent, _} ->
            case Answer of
                <<"comply">> -> exit(shutdown);
                <<"ignore">> -> ok;
                #{<<"exit">> := R} -> exit(term(R));
                #{<<"delay_ms">> := Ms} ->
                    erlang:send_after(Ms, self(), {exit, shutdown})
            end,
            worker_loop(Parent, Answer)
    end.

%% -- steps --------------------------------------------------------------------

%% The same steps while a start function runs: nothing may wait for the
%% supervisor, so a request goes off on its own, once it is sure to be queued.
during_step(Tab, S) ->
    case request(Tab, S) of
        none ->
            step(Tab, S);
        Request ->
            case target(Tab, S) of
                undefined -> ok;
                To -> queue_request(To, Request)
            end
    end.

queue_request(To, Request) ->
    Before = queue_length(To),
    spawn(fun() -> catch gen_server:call(To, Request, infinity) end),
    wait(fun() -> not alive(To) orelse queue_length(To) > Before
                      orelse To =/= self() andalso idle(To) end).

queue_length(Pid) ->
    case process_info(Pid, message_queue_len) of
        {_, N} -> N;
        undefined -> 0
    end.

target(Tab, S) ->
    [{_, Top}] = ets:lookup(Tab, top),
    pid_of(Tab, maps:get(<<"sup">>, S, Top), latest).

child(Tab, S) ->
    Id = maps:get(<<"child">>, S, maps:get(<<"pid_of">>, S, undefined)),
    pid_of(Tab, Id, maps:get(<<"n">>, S, latest)).

step(Tab, #{<<"op">> := <<"start">>}) ->
    [{_, Parent}] = ets:lookup(Tab, parent),
    Ref = make_ref(),
    Parent ! {start, self(), Ref},
    receive {Ref, ok} -> ok end;
step(Tab, S = #{<<"op">> := <<"exit">>, <<"reason">> := R}) ->
    tell_worker(Tab, child(Tab, S), {exit, term(R)});
step(Tab, S = #{<<"op">> := <<"kill">>}) ->
    Pid = child(Tab, S),
    %% Not from here: this process may be a supervisor, whose signals count.
    [await_end(Pid, fun() -> spawn(fun() -> exit(Pid, kill) end) end)
     || alive(Pid)],
    ok;
step(Tab, S = #{<<"op">> := <<"exit_later">>, <<"reason">> := R,
                <<"after_ms">> := Ms}) ->
    Pid = child(Tab, S),
    [erlang:send_after(Ms, Pid, {exit, term(R)}) || alive(Pid)],
    ok;
step(Tab, S = #{<<"op">> := <<"unlink">>}) ->
    Pid = child(Tab, S),
    Ref = make_ref(),
    [begin Pid ! {unlink, self(), Ref}, receive Ref -> ok end end
     || alive(Pid)],
    ok;
step(Tab, S = #{<<"op">> := <<"child_signals_sup">>, <<"child">> := Id,
                <<"reason">> := R}) ->
    Pid = child(Tab, S),
    Sup = target(Tab, S),
    note(Tab, [{e, signal}, {sup, Id}, {id, id(Tab, Sup)}, {n, 1},
               {sig, text(Tab, term(R))}]),
    Pid ! {signal, Sup, term(R)},
    timer:sleep(5);
step(Tab, S = #{<<"op">> := <<"probe_alive">>}) ->
    note(Tab, [{e, reply}, {sup, '$driver'}, {op, probe_alive},
               {res, atom_to_binary(alive(child(Tab, S)))}]);
step(Tab, S = #{<<"op">> := <<"parent_signal">>, <<"reason">> := R}) ->
    Sup = target(Tab, S),
    [{_, Parent}] = ets:lookup(Tab, parent),
    [begin
         note(Tab, [{e, signal}, {sup, '$parent'}, {id, id(Tab, Sup)},
                    {n, element(2, name(Tab, Sup))},
                    {sig, text(Tab, term(R))}]),
         queued(Sup, fun() -> Parent ! {signal, Sup, term(R)} end)
     end || alive(Sup)],
    ok;
step(Tab, S = #{<<"op">> := <<"parent_exit">>, <<"reason">> := R}) ->
    Sup = target(Tab, S),
    [{_, Parent}] = ets:lookup(Tab, parent),
    [queued(Sup, fun() -> Parent ! {stop, term(R)} end) || alive(Sup)],
    ok;
step(Tab, S = #{<<"op">> := <<"exit_signal">>, <<"reason">> := R}) ->
    Sup = target(Tab, S),
    [queued(Sup, fun() -> spawn(fun() -> exit(Sup, term(R)) end) end)
     || alive(Sup)],
    ok;
step(Tab, S = #{<<"op">> := <<"stop">>}) ->
    Sup = target(Tab, S),
    R = term(maps:get(<<"reason">>, S, <<"normal">>)),
    Stop = fun() -> catch sys:terminate(Sup, R, infinity) end,
    [if Sup =:= self() -> queued(Sup, fun() -> spawn(Stop) end);
        true -> Stop()
     end || alive(Sup)],
    ok;
step(Tab, S = #{<<"op">> := <<"info">>, <<"msg">> := M}) ->
    Sup = target(Tab, S),
    queued(Sup, fun() -> Sup ! term(M) end);
step(Tab, S = #{<<"op">> := <<"cast">>, <<"msg">> := M}) ->
    Sup = target(Tab, S),
    queued(Sup, fun() -> gen_server:cast(Sup, term(M)) end);
step(Tab, S = #{<<"op">> := <<"rawcall">>, <<"msg">> := M}) ->
    Sup = target(Tab, S),
    Res = case catch gen_server:call(Sup, term(M), infinity) of
              {'EXIT', {Reason, {gen_server, call, _}}} -> {'EXIT', Reason};
              Other -> Other
          end,
    note(Tab, [{e, reply}, {sup, '$driver'}, {op, rawcall},
               {res, text(Tab, Res)}]);
step(_, #{<<"op">> := Op, <<"ms">> := Ms})
  when Op =:= <<"sleep_ms">>; Op =:= <<"advance_ms">> ->
    timer:sleep(Ms);
step(Tab, S) ->
    Request = request(Tab, S),
    To = target(Tab, S),
    case alive(To) of
        true ->
            catch gen_server:call(To, Request, infinity);
        false ->
            #{<<"op">> := Op} = S,
            note(Tab, [{e, reply}, {sup, '$driver'}, {op, Op},
                       {res, <<"{'EXIT',noproc}">>}])
    end.

request(Tab, S = #{<<"op">> := <<"start_child">>}) ->
    case S of
        #{<<"spec">> := Spec} -> {start_child, spec(Tab, Spec)};
        #{<<"args">> := Args} -> {start_child, [Args]}
    end;
request(Tab, S = #{<<"op">> := Op})
  when Op =:= <<"terminate_child">>; Op =:= <<"restart_child">>;
       Op =:= <<"delete_child">>; Op =:= <<"get_childspec">> ->
    Who = case S of
              #{<<"pid_of">> := _} -> pid_or_dead(child(Tab, S));
              #{<<"child">> := Id} -> binary_to_atom(Id)
          end,
    {binary_to_atom(Op), Who};
request(_, #{<<"op">> := <<"which_children">>}) -> which_children;
request(_, #{<<"op">> := <<"count_children">>}) -> count_children;
request(_, _) -> none.

%% Who never was is as good as dead.
pid_or_dead(undefined) ->
    {Pid, Mon} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Mon, _, _, _} -> Pid end;
pid_or_dead(Pid) ->
    Pid.

tell_worker(Tab, Pid, Msg) ->
    [await_end(Pid, fun() -> Pid ! Msg end)
     || alive(Pid), not is_supervisor(Pid)],
    ok.

is_supervisor(Pid) ->
    case process_info(Pid, dictionary) of
        {_, D} -> lists:keymember(lab, 1, D);
        undefined -> false
    end.

%% Waits until Pid is dead and its exit has reached who is linked to it.
await_end(Pid, Do) ->
    %% Workers take an exit as they like.
    Mon = monitor(process, Pid),
    {_, Links} = process_info(Pid, links),
    Linked = [{P, queue_length(P)} || P <- Links, is_pid(P),
                                      is_supervisor(P)],
    Do(),
    receive {'DOWN', Mon, process, Pid, _} -> ok end,
    [wait(fun() -> not alive(P) orelse queue_length(P) > N
                       orelse P =/= self() andalso idle(P) end)
     || {P, N} <- Linked],
    ok.

%% Does what sends a message to Sup and waits until it is there.
queued(Sup, Do) ->
    Before = queue_length(Sup),
    Do(),
    wait(fun() -> not alive(Sup) orelse queue_length(Sup) > Before
                      orelse Sup =/= self() andalso idle(Sup) end).

wait(Done) ->
    erlang:yield(),
    case Done() of
        true -> ok;
        false -> timer:sleep(1), wait(Done)
    end.

idle(Pid) ->
    timer:sleep(1),
    case process_info(Pid, [status, current_function, message_queue_len]) of
        [{_, waiting}, {_, {gen_server, loop, _}}, {_, 0}] -> true;
        undefined -> true;
        _ -> false
    end.

%% Two equal looks at all supervisors, at rest in both, with time between.
settle(Tab) ->
    case look(Tab) of
        busy -> timer:sleep(1), settle(Tab);
        First ->
            timer:sleep(2),
            case look(Tab) of
                First -> ok;
                _ -> settle(Tab)
            end
    end.

look(Tab) ->
    Sups = [P || {{pid, P}, _} <- ets:tab2list(Tab), alive(P),
                 is_supervisor(P)],
    Parent = [P || {parent, P} <- ets:lookup(Tab, parent), alive(P)],
    Rest = [process_info(P, [status, current_function, message_queue_len])
            || P <- Sups ++ Parent],
    Quiet = lists:all(
              fun([{_, waiting}, {_, {M, _, _}}, {_, 0}]) ->
                      M =:= gen_server orelse M =:= ?MODULE;
                 (undefined) -> true;
                 (_) -> false
              end, Rest),
    if Quiet -> {Sups, Rest}; true -> busy end.

%% -- reports ------------------------------------------------------------------

%% The handler of the logger: called inside the process that reports.
log(#{msg := {report, #{label := {supervisor, progress}}}}, _) ->
    ok;
log(#{msg := {report, #{label := {supervisor, Kind}, report := R}}}, _) ->
    Tab = get(lab),
    Offender = proplists:get_value(offender, R),
    mark([{e, report}, {sup, id(Tab, self())}, {kind, Kind},
          {id, atom_to_binary(proplists:get_value(id, Offender))},
          {inst, inst(Tab, Offender)},
          {reason, text(Tab, proplists:get_value(reason, R))}]);
log(#{msg := {report, #{label := {gen_server, terminate}, reason := R}}}, _) ->
    case get(lab) of
        undefined -> ok;
        Tab -> mark([{e, gen_server_terminate}, {sup, id(Tab, self())},
                     {reason, text(Tab, R)}])
    end;
log(#{msg := {Format, Args}}, _) when is_list(Format) ->
    case get(lab) of
        undefined -> ok;
        Tab -> mark([{e, log_error}, {sup, id(Tab, self())},
                     {text, iolist_to_binary(io_lib:format(Format, Args))}])
    end;
log(_, _) ->
    ok.

inst(Tab, Offender) ->
    case lists:keyfind(nb_children, 1, Offender) of
        {_, N} -> text({nb_children, N});
        false ->
            case proplists:get_value(pid, Offender) of
                undefined -> <<"undefined">>;
                {restarting, undefined} -> <<"restarting">>;
                {restarting, P} -> text({restarting, element(2, name(Tab, P))});
                P -> element(2, name(Tab, P))
            end
    end.

%% -- terms as text ------------------------------------------------------------

text(Term) ->
    iolist_to_binary(io_lib:format("~w", [Term])).

text(Tab, Term) ->
    text(tidy(Tab, Term)).

tidy(Tab, P) when is_pid(P) ->
    case name(Tab, P) of
        {_, 0} -> '$pid';
        {Id, N} -> binary_to_atom(<<Id/binary, $#, (integer_to_binary(N))/binary>>)
    end;
tidy(Tab, {'EXIT', {R, [{_, _, _, _} | _]}}) ->
    {'EXIT', {tidy(Tab, R), '$stack'}};
tidy(Tab, {R, [{M, F, _, L} | _]}) when is_atom(M), is_atom(F), is_list(L) ->
    {tidy(Tab, R), '$stack'};
tidy(_, {bad_return, {?MODULE, F, V}}) ->
    {bad_return, {'$m', F, V}};
tidy(_, Child) when is_tuple(Child), element(1, Child) =:= child,
                    tuple_size(Child) > 5 ->
    '$child_record';
tidy(_, #{id := Id, start := {?MODULE, F, _}} = Spec) ->
    Spec#{id := Id, start := {'$m', F, '$args'}};
tidy(Tab, T) when is_tuple(T) ->
    list_to_tuple(tidy(Tab, tuple_to_list(T)));
tidy(Tab, [H | T]) ->
    [tidy(Tab, H) | tidy(Tab, T)];
tidy(_, Other) ->
    Other.

%% What a value of a scenario stands for.
term(B) when is_binary(B) -> binary_to_atom(B);
term([<<"$tuple">> | L]) -> list_to_tuple([term(X) || X <- L]);
term(L) when is_list(L) -> list_to_tuple([term(X) || X <- L]);
term(Other) -> Other.

%% -- JSON ---------------------------------------------------------------------

object(Pairs) ->
    [${, lists:join($,, [[value(K), $:, value(V)] || {K, V} <- Pairs]), $}].

value(N) when is_integer(N) -> integer_to_binary(N);
value(A) when is_atom(A) -> value(atom_to_binary(A));
value(B) when is_binary(B) ->
    [$", [escape(C) || <<C/utf8>> <= B], $"].

escape($") -> "\\\"";
escape($\\) -> "\\\\";
escape(C) when C < 32 -> io_lib:format("\\u~4.16.0b", [C]);
escape(C) -> <<C/utf8>>.

json(Text) ->
    {Value, Rest} = parse(skip(Text)),
    <<>> = skip(Rest),
    Value.

skip(<<C, Rest/binary>>) when C =:= 32; C =:= 9; C =:= 10; C =:= 13 ->
    skip(Rest);
skip(Rest) ->
    Rest.

parse(<<${, Rest/binary>>) -> members(skip(Rest), #{});
parse(<<$[, Rest/binary>>) -> elements(skip(Rest), []);
parse(<<$", Rest/binary>>) -> string(Rest, <<>>);
parse(<<"true", Rest/binary>>) -> {true, Rest};
parse(<<"false", Rest/binary>>) -> {false, Rest};
parse(<<"null", Rest/binary>>) -> {null, Rest};
parse(Text) ->
    {match, [{0, L}]} = re:run(Text, <<"^-?[0-9]+">>),
    <<N:L/binary, Rest/binary>> = Text,
    {binary_to_integer(N), Rest}.

members(<<$}, Rest/binary>>, Map) -> {Map, Rest};
members(<<$,, Rest/binary>>, Map) -> members(skip(Rest), Map);
members(<<$", Rest/binary>>, Map) ->
    {Key, Rest1} = string(Rest, <<>>),
    <<$:, Rest2/binary>> = skip(Rest1),
    {Value, Rest3} = parse(skip(Rest2)),
    members(skip(Rest3), Map#{Key => Value}).

elements(<<$], Rest/binary>>, List) -> {lists:reverse(List), Rest};
elements(<<$,, Rest/binary>>, List) -> elements(skip(Rest), List);
elements(Text, List) ->
    {Value, Rest} = parse(Text),
    elements(skip(Rest), [Value | List]).

string(<<$", Rest/binary>>, Out) -> {Out, Rest};
string(<<"\\u", H:4/binary, Rest/binary>>, Out) ->
    string(Rest, <<Out/binary, (binary_to_integer(H, 16))/utf8>>);
string(<<"\\n", Rest/binary>>, Out) -> string(Rest, <<Out/binary, $\n>>);
string(<<"\\t", Rest/binary>>, Out) -> string(Rest, <<Out/binary, $\t>>);
string(<<$\\, C, Rest/binary>>, Out) -> string(Rest, <<Out/binary, C>>);
string(<<C, Rest/binary>>, Out) -> string(Rest, <<Out/binary, C>>).
