#!/usr/bin/env escript
%%! -noshell -kernel logger_level error
%% SPDX-License-Identifier: BSD-3-Clause
%% A driver for coppice lab run --against otp: it plays scenarios on the
%% supervisor of Erlang/OTP, 25 or later, by the protocol of
%% docs/reference/driver-protocol.md, several at once.
%%
%% What a supervisor does is taken from Erlang's own trace of its process:
%% calls of its callbacks, exit/2, and unlink_flush/2, whose result is the
%% reason that it attributes to a child that is down. Logger reports are
%% formatted inside the supervisor's process, so they keep their place, too.
-mode(compile).
-export([log/2, init/1, start_worker/3, start_worker/4, start_sup/3,
         start_sup/4, mark/1]).

-define(AT_ONCE, 16).
%% A scenario that takes longer, beyond the time that it asks for, is given up.
-define(LIMIT_MS, 10000).
-define(LIMIT_A_STEP_MS, 1000).

main([]) ->
    io:setopts(standard_io, [binary, {encoding, unicode}]),
    process_flag(trap_exit, true),
    logger:remove_handler(default),
    ok = logger:add_handler(?MODULE, ?MODULE, #{}),
    trace_patterns(),
    say([{driver, <<"Erlang/OTP">>}, {version, version()}, {protocol, 1},
         {at_once, ?AT_ONCE}]),
    Self = self(),
    spawn(fun() -> read_lines(Self) end),
    serve([], open);
main(_) ->
    io:format(standard_error,
              "usage: otpdrv.escript, with scenarios as its input~n", []),
    halt(2).

%% "27.3.4": the full number stands in a file of the release.
version() ->
    Release = erlang:system_info(otp_release),
    File = filename:join([code:root_dir(), "releases", Release,
                          "OTP_VERSION"]),
    case file:read_file(File) of
        {ok, Text} -> string:trim(Text);
        {error, _} -> list_to_binary(Release)
    end.

release() ->
    list_to_integer(erlang:system_info(otp_release)).

read_lines(To) ->
    case io:get_line("") of
        Line when is_binary(Line) ->
            To ! {line, Line},
            read_lines(To);
        _ ->
            To ! no_more_lines
    end.

%% Plays what comes at once and says in order what came of it. Only the first
%% can run out of time, which it has from when those before it were over.
serve([], closed) ->
    ok;
serve([], open) ->
    receive
        {line, Line} -> serve(first([start(Line)]), open);
        no_more_lines -> ok
    end;
serve([{Pid, Limit, Until} | Rest] = Running, Input) ->
    receive
        {line, Line} ->
            serve(Running ++ [start(Line)], Input);
        no_more_lines ->
            serve(Running, closed);
        {trace, Pid, Lines} ->
            io:put_chars(Lines),
            serve(first(Rest), Input);
        {'EXIT', Pid, Reason} when Reason =/= normal ->
            io:put_chars(ended(failed, text(Reason))),
            serve(first(Rest), Input)
    after max(0, Until - now_ms()) ->
        Why = io_lib:format("not over after ~w ms; does a supervisor wait for "
                            "ever?", [Limit]),
        io:put_chars(ended(failed, Why)),
        exit(Pid, kill),
        serve(first(Rest), Input)
    end.

start(Line) ->
    S = scenario(Line),
    Self = self(),
    Pid = spawn_link(fun() -> Self ! {trace, self(), play_or_skip(S)} end),
    {Pid, limit_ms(S), later}.

first([]) -> [];
first([{Pid, Limit, _} | Rest]) -> [{Pid, Limit, now_ms() + Limit} | Rest].

now_ms() ->
    erlang:monotonic_time(millisecond).

limit_ms(#{<<"steps">> := Steps} = S) when is_list(Steps) ->
    ?LIMIT_MS + length(Steps) * ?LIMIT_A_STEP_MS + asked_ms(S);
limit_ms(_) ->
    ?LIMIT_MS.

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

say(Pairs) ->
    io:put_chars([object(Pairs), $\n]).

%% The last line of a scenario.
ended(What, Reason) ->
    [object([{'end', What}, {reason, utf8(Reason)}]), $\n].

trace_patterns() ->
    Return = [{'_', [], [{return_trace}]}],
    erlang:trace_pattern({supervisor, handle_call, 3}, Return, [local]),
    erlang:trace_pattern({supervisor, handle_cast, 2}, Return, [local]),
    erlang:trace_pattern({supervisor, handle_info, 2}, Return, [local]),
    erlang:trace_pattern({supervisor, unlink_flush, 2}, Return, [local]),
    erlang:trace_pattern({erlang, exit, 2}, true, [local]),
    erlang:trace_pattern({?MODULE, mark, 1}, true, [local]).

%% -- one scenario -------------------------------------------------------------

play_or_skip(#{<<"supervisor">> := #{<<"id">> := _},
               <<"steps">> := Steps} = S) when is_list(Steps) ->
    case missing(S) of
        [] ->
            play(S);
        [{Op, Since} | _] ->
            ended(skipped,
                  io_lib:format("~ts exists since OTP ~w, and this is "
                                "Erlang/OTP ~ts", [Op, Since, version()]))
    end;
play_or_skip(_) ->
    ended(failed, "it is no scenario: a JSON object with supervisor, which "
                  "has an id, and steps").

%% The operations of a scenario that this release does not have.
missing(#{<<"op">> := <<"which_child">>}) ->
    [{<<"which_child">>, 28} || release() < 28];
missing(Map) when is_map(Map) ->
    missing(maps:values(Map));
missing(List) when is_list(List) ->
    lists:flatmap(fun missing/1, List);
missing(_) ->
    [].

%% The names of processes, attempts and what is going on stand in a table:
%% {pid, Pid} -> {Id, N, Sup}, {name, Id, N} -> Pid, {latest, Id} -> N,
%% {attempts, Id} -> N, {failed, Pid} for supervisors whose start failed, and
%% {worker, Pid}.
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
    [[[object(E), $\n] || E <- Events], object([{'end', done}]), $\n].

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
    Stack = maps:get(Pid, Calls, []),
    %% A supervisor that wakes up (28) calls the same callback once more.
    Again = lists:keymember(F, 1, Stack),
    {Said, Stack1} =
        case F of
            {erlang, exit} -> {called(Tab, Pid, F, A), Stack};
            _ when Again -> {none, [{F, again} | Stack]};
            _ -> {called(Tab, Pid, F, A), [{F, hd(A)} | Stack]}
        end,
    cook(Tab, Rest, Calls#{Pid => Stack1}, said(Said, Out));
cook(Tab, [{return, Pid, F, R} | Rest], Calls, Out) ->
    [{F, What} | Stack] = maps:get(Pid, Calls),
    Said = case What of
               again -> none;
               _ -> returned(Tab, Pid, F, What, R)
           end,
    cook(Tab, Rest, Calls#{Pid => Stack}, said(Said, Out)).

said(none, Out) -> Out;
said(Event, Out) -> [Event | Out].

called(Tab, Pid, {supervisor, handle_info}, [{'EXIT', From, Reason} | _]) ->
    case ets:member(Tab, {failed, From}) of
        %% Only up to OTP 25 is this seen at all.
        true -> none;
        false ->
            {Id, N} = name(Tab, From),
            [{e, exit}, {sup, id(Tab, Pid)}, {id, Id}, {n, N},
             {reason, text(Tab, Reason)}]
    end;
called(_, _, {supervisor, handle_info}, [{hibernate, Tag} | _])
  when is_reference(Tag) ->
    %% Since 28, by default a second after each message.
    none;
called(Tab, Pid, {supervisor, handle_info}, [Msg | _]) ->
    [{e, unexpected}, {sup, id(Tab, Pid)}, {msg, text(Tab, Msg)}];
called(Tab, Pid, {supervisor, handle_cast}, [{try_again_restart, Who} | _]) ->
    retry(Tab, Pid, Who);
called(Tab, Pid, {supervisor, handle_cast}, [{try_again_restart, Tag, Who} | _])
  when is_reference(Tag) ->
    %% Since 29 nobody else can send it.
    retry(Tab, Pid, Who);
called(Tab, Pid, {erlang, exit}, [To, Sig]) ->
    case name(Tab, To) of
        {_, 0} -> none;
        {Id, N} -> [{e, signal}, {sup, id(Tab, Pid)}, {id, Id}, {n, N},
                    {sig, text(Tab, Sig)}]
    end;
called(_, _, _, _) ->
    none.

retry(Tab, Pid, Who) ->
    Id = case Who of
             {restarting, P} -> element(1, name(Tab, P));
             _ -> atom_to_binary(Who)
         end,
    [{e, retry}, {sup, id(Tab, Pid)}, {id, Id}].

returned(Tab, Pid, {supervisor, unlink_flush}, Child, Reason) ->
    {Id, N} = name(Tab, Child),
    [{e, down}, {sup, id(Tab, Pid)}, {id, Id}, {n, N},
     {reason, text(Tab, Reason)}];
returned(Tab, Pid, {supervisor, handle_call}, Request, Return) ->
    %% {reply, Res, State}, and since 29 when to hibernate.
    reply = element(1, Return),
    Res = element(2, Return),
    Op = if is_tuple(Request) -> element(1, Request); true -> Request end,
    [{e, reply}, {sup, id(Tab, Pid)}, {op, Op},
     {res, text(Tab, shorten(Op, Res))}];
returned(_, _, _, _, _) ->
    none.

shorten(which_children, Res) ->
    [{Id, P} || {Id, P, _, _} <- Res];
shorten(which_child, {ok, {Id, P, _, _}}) ->
    {ok, {Id, P}};
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

%% Under simple_one_for_one, as for a worker.
start_sup(Tab, _, C, [Id]) -> start_sup(Tab, Id, C#{<<"id">> := Id}).

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
        ets:insert(Tab, {{worker, Pid}}),
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
                               ets:insert(Tab, {{worker, self()}}),
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
%% supervisor, so what it answers goes off on its own, once it is sure to be
%% queued.
during_step(Tab, S) ->
    case question(Tab, S) of
        none ->
            step(Tab, S);
        Ask ->
            To = target(Tab, S),
            queued(To, fun() -> spawn(fun() -> Ask(To) end) end)
    end.

%% What asks a supervisor and gives its answer; none if a step is no question.
question(_, S = #{<<"op">> := <<"stop">>}) ->
    R = term(maps:get(<<"reason">>, S, <<"normal">>)),
    fun(To) -> answer(fun() -> stop(To, R, infinity) end) end;
question(_, #{<<"op">> := <<"rawcall">>, <<"msg">> := M}) ->
    fun(To) -> answer(fun() -> gen_server:call(To, term(M), infinity) end) end;
question(Tab, S) ->
    case request(Tab, S) of
        none ->
            none;
        Request ->
            fun(To) ->
                answer(fun() -> gen_server:call(To, Request, infinity) end)
            end
    end.

answer(Ask) ->
    try
        Ask()
    catch
        exit:{Reason, {M, F, _}} when M =:= gen_server, F =:= call;
                                      M =:= sys, F =:= terminate ->
            {'EXIT', Reason};
        exit:Reason -> {'EXIT', Reason}
    end.

%% As supervisor:stop/3 of 29, which is the same.
stop(Sup, Reason, Timeout) ->
    gen_server:stop(Sup, Reason, Timeout).

queue_length(Pid) ->
    case process_info(Pid, message_queue_len) of
        {_, N} -> N;
        undefined -> 0
    end.

%% undefined if no supervisor of that name ever was.
target(Tab, S) ->
    [{_, Top}] = ets:lookup(Tab, top),
    Pid = pid_of(Tab, maps:get(<<"sup">>, S, Top), latest),
    case ets:member(Tab, {worker, Pid}) of
        true -> undefined;
        false -> Pid
    end.

child(Tab, S) ->
    Id = maps:get(<<"child">>, S, maps:get(<<"pid_of">>, S, undefined)),
    pid_of(Tab, Id, maps:get(<<"n">>, S, latest)).

step(Tab, #{<<"op">> := <<"start">>}) ->
    [{_, Parent}] = ets:lookup(Tab, parent),
    Ref = make_ref(),
    Parent ! {start, self(), Ref},
    receive {Ref, ok} -> ok end;
step(Tab, S = #{<<"op">> := <<"exit">>, <<"reason">> := R}) ->
    tell_worker(child(Tab, S), {exit, term(R)});
step(Tab, S = #{<<"op">> := <<"kill">>}) ->
    Pid = child(Tab, S),
    %% Not from here: this process may be a supervisor, whose signals count.
    [await_end(Pid, fun() -> spawn(fun() -> exit(Pid, kill) end) end)
     || alive(Pid)],
    ok;
step(Tab, S = #{<<"op">> := <<"exit_later">>, <<"reason">> := R,
                <<"after_ms">> := Ms}) ->
    Pid = child(Tab, S),
    [erlang:send_after(Ms, Pid, {exit, term(R)}) || is_worker(Pid)],
    ok;
step(Tab, S = #{<<"op">> := <<"unlink">>}) ->
    Pid = child(Tab, S),
    [begin
         Mon = monitor(process, Pid),
         Pid ! {unlink, self(), Mon},
         receive Mon -> ok; {'DOWN', Mon, _, _, _} -> ok end,
         demonitor(Mon, [flush])
     end || is_worker(Pid)],
    ok;
step(Tab, S = #{<<"op">> := <<"child_signals_sup">>, <<"child">> := Id,
                <<"reason">> := R}) ->
    Pid = child(Tab, S),
    Sup = target(Tab, S),
    [begin
         note(Tab, [{e, signal}, {sup, Id}, {id, id(Tab, Sup)}, {n, 1},
                    {sig, text(Tab, term(R))}]),
         Pid ! {signal, Sup, term(R)},
         timer:sleep(5)
     end || is_worker(Pid), is_pid(Sup)],
    ok;
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
step(Tab, S = #{<<"op">> := <<"info">>, <<"msg">> := M}) ->
    Sup = target(Tab, S),
    queued(Sup, fun() -> Sup ! term(M) end);
step(Tab, S = #{<<"op">> := <<"cast">>, <<"msg">> := M}) ->
    Sup = target(Tab, S),
    queued(Sup, fun() -> gen_server:cast(Sup, term(M)) end);
step(_, #{<<"op">> := Op, <<"ms">> := Ms})
  when Op =:= <<"sleep_ms">>; Op =:= <<"advance_ms">> ->
    timer:sleep(Ms);
step(Tab, S = #{<<"op">> := Op}) ->
    To = target(Tab, S),
    Ask = question(Tab, S),
    Answer = case alive(To) of
                 true -> Ask(To);
                 false -> {'EXIT', noproc}
             end,
    %% What the supervisor itself answers is in its own trace already.
    Own = Op =/= <<"stop">> andalso Op =/= <<"rawcall">>,
    [note(Tab, [{e, reply}, {sup, '$driver'}, {op, Op},
                {res, text(Tab, Answer)}])
     || not Own orelse Answer =:= {'EXIT', noproc}],
    ok.

request(Tab, S = #{<<"op">> := <<"start_child">>}) ->
    case S of
        #{<<"spec">> := Spec} -> {start_child, spec(Tab, Spec)};
        #{<<"args">> := Args} -> {start_child, [Args]}
    end;
request(Tab, S = #{<<"op">> := Op})
  when Op =:= <<"terminate_child">>; Op =:= <<"restart_child">>;
       Op =:= <<"delete_child">>; Op =:= <<"get_childspec">>;
       Op =:= <<"which_child">> ->
    Who = case S of
              #{<<"pid_of">> := _} -> pid_or_dead(child(Tab, S));
              #{<<"child">> := Id} -> binary_to_atom(Id)
          end,
    {binary_to_atom(Op), Who};
request(_, #{<<"op">> := <<"which_children">>}) -> which_children;
request(_, #{<<"op">> := <<"count_children">>}) -> count_children;
request(_, _) -> none.

%% A process that never started counts as dead.
pid_or_dead(undefined) ->
    {Pid, Mon} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Mon, _, _, _} -> Pid end;
pid_or_dead(Pid) ->
    Pid.

tell_worker(Pid, Msg) ->
    [await_end(Pid, fun() -> Pid ! Msg end) || is_worker(Pid)],
    ok.

is_worker(Pid) ->
    alive(Pid) andalso not is_supervisor(Pid).

is_supervisor(Pid) ->
    case process_info(Pid, dictionary) of
        {_, D} -> lists:keymember(lab, 1, D);
        undefined -> false
    end.

%% Waits until Pid is dead and its exit has reached the linked processes.
await_end(Pid, Do) ->
    %% Workers take an exit as they like.
    Mon = monitor(process, Pid),
    Links = case process_info(Pid, links) of
                {_, All} -> All;
                undefined -> []
            end,
    Linked = [{P, queue_length(P)} || P <- Links, is_pid(P),
                                      is_supervisor(P)],
    Do(),
    receive {'DOWN', Mon, process, Pid, _} -> ok end,
    [wait(fun() -> not alive(P) orelse queue_length(P) > N
                       orelse P =/= self() andalso idle(P) end)
     || {P, N} <- Linked],
    ok.

%% Does what sends a message to Sup and waits until it is there. Nothing comes
%% of it if Sup never was.
queued(undefined, _) ->
    ok;
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
    at_rest(look_at(Pid)).

look_at(Pid) ->
    process_info(Pid, [status, current_function, message_queue_len]).

%% Whether nothing goes on: a process that waits for a message, and has none.
at_rest(undefined) -> true;
at_rest([{_, waiting}, {_, {M, F, _}}, {_, 0}]) -> waits_in(M, F);
at_rest(_) -> false.

waits_in(gen_server, loop) -> true;
%% A static supervisor hibernates, since 26 once it is up, since 28 a second
%% after each message.
waits_in(gen_server, loop_hibernate) -> true;
waits_in(erlang, hibernate) -> true;
waits_in(?MODULE, parent_loop) -> true;
waits_in(_, _) -> false.

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
    Rest = [look_at(P) || P <- Sups ++ Parent],
    case lists:all(fun at_rest/1, Rest) of
        true -> {Sups, Rest};
        false -> busy
    end.

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
                     {text, utf8(io_lib:format(Format, Args))}])
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

%% Maps in the order of their keys, as all of them are up to 25.
text(Term) ->
    How = case release() >= 26 of
              true -> "~ktw";
              false -> "~tw"
          end,
    utf8(io_lib:format(How, [Term])).

text(Tab, Term) ->
    text(tidy(Tab, Term)).

%% What a format gave; code points beyond a byte are no iolist.
utf8(Chars) -> unicode:characters_to_binary(Chars).

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

scenario(Text) ->
    try
        json(Text)
    catch
        error:_ -> none
    end.

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
string(<<"\\r", Rest/binary>>, Out) -> string(Rest, <<Out/binary, $\r>>);
string(<<"\\b", Rest/binary>>, Out) -> string(Rest, <<Out/binary, $\b>>);
string(<<"\\f", Rest/binary>>, Out) -> string(Rest, <<Out/binary, $\f>>);
string(<<$\\, C, Rest/binary>>, Out) -> string(Rest, <<Out/binary, C>>);
string(<<C, Rest/binary>>, Out) -> string(Rest, <<Out/binary, C>>).
