#!/usr/bin/env escript
%%! -noshell -kernel logger_level none
%% SPDX-License-Identifier: BSD-3-Clause
%% Stops supervisors of this Erlang/OTP, and prints a term for each answer:
%% {Case, Answer}. The first line is {release, Release}. otp_stop_test.py says
%% what the answers have to be.
-mode(compile).
-export([init/1, start_slow/1, start_rebel/3]).

-define(LIMIT_MS, 10000).
%% The time that a child has to stop which will not.
-define(SHUTDOWN_MS, 200).

main([]) ->
    process_flag(trap_exit, true),
    say(release, list_to_integer(erlang:system_info(otp_release))),
    stop_that_meets_another(),
    child_that_stops_its_supervisor(false, infinity),
    child_that_stops_its_supervisor(true, ?SHUTDOWN_MS),
    name_that_is_stopping().

%% -- the cases ----------------------------------------------------------------

stop_that_meets_another() ->
    {Sup, Child} = start_with_slow_child(),
    First = stopper(Sup, shutdown),
    slow_child_is_asked(Child),
    %% A supervisor that stops reads no message, so both of these wait.
    erlang:trace(Sup, true, ['receive']),
    Same = stopper(Sup, shutdown),
    wait_for(fun({trace, S, 'receive', {system, _, {terminate, shutdown}}}) ->
                     S =:= Sup
             end),
    Other = stopper(Sup, boom),
    wait_for(fun({trace, S, 'receive', {system, _, {terminate, boom}}}) ->
                     S =:= Sup
             end),
    Child ! end_now,
    say(first, answer_of(First)),
    say(same_reason, answer_of(Same)),
    say(other_reason, answer_of(Other)),
    say(ended, end_of(Sup)).

child_that_stops_its_supervisor(Trapping, Shutdown) ->
    {ok, Sup} = start([#{id => rebel, shutdown => Shutdown,
                         start => {?MODULE, start_rebel,
                                   [self(), Trapping, {shutdown, enough}]}}]),
    Rebel = receive {rebel, Pid} -> Pid after ?LIMIT_MS -> late(rebel) end,
    Watch = monitor(process, Rebel),
    Begin = erlang:monotonic_time(millisecond),
    Rebel ! rebel,
    Reason = receive {'DOWN', Watch, _, _, R} -> R
             after ?LIMIT_MS -> late(end_of_rebel)
             end,
    Time = erlang:monotonic_time(millisecond) - Begin,
    say({rebel, Trapping}, case Reason of
        killed when Time < ?SHUTDOWN_MS -> {killed, before_its_time};
        _ -> Reason
    end),
    say({rebel, Trapping, supervisor}, end_of(Sup)),
    receive {rebel, Rebel, Heard} -> say({rebel, Trapping, heard}, Heard)
    after 0 -> say({rebel, Trapping, heard}, nothing)
    end.

name_that_is_stopping() ->
    {Sup, Child} = start_with_slow_child(),
    Stopper = stopper(Sup, normal),
    slow_child_is_asked(Child),
    say(name, case supervisor:start_link({local, top}, ?MODULE, []) of
                  {error, {already_started, Sup}} ->
                      {error, {already_started, the_one_that_stops}};
                  Else -> Else
              end),
    Child ! end_now,
    answer_of(Stopper),
    {ok, Next} = supervisor:start_link({local, top}, ?MODULE, []),
    say(name_afterwards, case Next of Sup -> the_same; _ -> another end),
    gen_server:stop(Next).

%% -- what they consist of -----------------------------------------------------

init(Children) -> {ok, {#{}, Children}}.

start(Children) -> supervisor:start_link({local, top}, ?MODULE, Children).

start_with_slow_child() ->
    {ok, Sup} = start([#{id => slow, shutdown => infinity,
                         start => {?MODULE, start_slow, [self()]}}]),
    receive {slow, Child} -> {Sup, Child} after ?LIMIT_MS -> late(slow) end.

%% It says when it is asked to stop, and stops when it may.
start_slow(Controller) ->
    {ok, spawn_link(fun() ->
        process_flag(trap_exit, true),
        Controller ! {slow, self()},
        receive {'EXIT', _, shutdown} -> Controller ! {asked, self()} end,
        receive end_now -> ok end
    end)}.

slow_child_is_asked(Child) ->
    receive {asked, Child} -> ok after ?LIMIT_MS -> late(asked) end.

%% It stops its supervisor and waits for that.
start_rebel(Controller, Trapping, Reason) ->
    Sup = self(),
    {ok, spawn_link(fun() ->
        process_flag(trap_exit, Trapping),
        Controller ! {rebel, self()},
        receive rebel -> ok end,
        Controller ! {rebel, self(), stop(Sup, Reason)}
    end)}.

stopper(Sup, Reason) ->
    Controller = self(),
    spawn_link(fun() -> Controller ! {self(), stop(Sup, Reason)} end).

stop(Sup, Reason) ->
    try gen_server:stop(Sup, Reason, infinity)
    catch exit:{R, {sys, terminate, _}} -> {exit, R}; % where it waited
          exit:R -> {exit, R}
    end.

answer_of(Stopper) ->
    receive {Stopper, Answer} -> Answer after ?LIMIT_MS -> late(answer) end.

end_of(Sup) ->
    receive {'EXIT', Sup, Reason} -> Reason after ?LIMIT_MS -> late('end') end.

wait_for(Match) ->
    receive Message when element(1, Message) =:= trace ->
        try Match(Message) of
            true -> ok;
            false -> wait_for(Match)
        catch error:function_clause -> wait_for(Match)
        end
    after ?LIMIT_MS -> late(trace)
    end.

say(Case, Answer) -> io:format("~0p.~n", [{Case, Answer}]).

late(What) ->
    io:format("~0p.~n", [{late, What}]),
    halt(1).
