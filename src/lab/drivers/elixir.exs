#!/usr/bin/env elixir
# SPDX-License-Identifier: BSD-3-Clause
# Plays scenarios on the supervisors of Elixir, by the protocol that
# docs/reference/driver-protocol.md describes:
#
#   elixir elixir.exs                static trees on Supervisor, those from a
#                                    template on DynamicSupervisor
#   elixir elixir.exs --partitions   the first supervisor whose children are all
#                                    alike on PartitionSupervisor
#
# What a supervisor does is taken from Erlang's own trace of its process: calls
# of its callbacks and of exit/2. How a child went down is the result of
# unlink_flush/2 in Erlang's supervisor, on which Supervisor stands, and what
# monitor_child/1 and wait_child/4 find in DynamicSupervisor. Logger reports are
# formatted inside the supervisor's process, so they keep their place, too.

defmodule Kit.Json do
  @moduledoc false

  def object(pairs) do
    members = for {k, v} <- pairs, do: [value(k), ?:, value(v)]
    [?{, Enum.intersperse(members, ?,), ?}]
  end

  defp value(list) when is_list(list),
    do: [?[, list |> Enum.map(&value/1) |> Enum.intersperse(?,), ?]]

  defp value(number) when is_integer(number), do: Integer.to_string(number)
  defp value(atom) when is_atom(atom), do: value(Atom.to_string(atom))
  defp value(text), do: [?", for(<<c::utf8 <- text>>, do: escape(c)), ?"]

  defp escape(?"), do: ~S(\")
  defp escape(?\\), do: ~S(\\)
  defp escape(c) when c < 32, do: :io_lib.format("\\u~4.16.0b", [c])
  defp escape(c), do: <<c::utf8>>

  def parse(text) do
    {value, rest} = any(skip(text))
    "" = skip(rest)
    value
  end

  defp skip(<<c, rest::binary>>) when c in [?\s, ?\t, ?\r, ?\n], do: skip(rest)
  defp skip(rest), do: rest

  defp any("{" <> rest), do: members(skip(rest), %{})
  defp any("[" <> rest), do: elements(skip(rest), [])
  defp any("\"" <> rest), do: string(rest, "")
  defp any("true" <> rest), do: {true, rest}
  defp any("false" <> rest), do: {false, rest}
  defp any("null" <> rest), do: {nil, rest}
  defp any(text), do: Integer.parse(text)

  defp members("}" <> rest, map), do: {map, rest}
  defp members("," <> rest, map), do: members(skip(rest), map)

  defp members("\"" <> rest, map) do
    {key, rest} = string(rest, "")
    ":" <> rest = skip(rest)
    {value, rest} = any(skip(rest))
    members(skip(rest), Map.put(map, key, value))
  end

  defp elements("]" <> rest, list), do: {Enum.reverse(list), rest}
  defp elements("," <> rest, list), do: elements(skip(rest), list)

  defp elements(text, list) do
    {value, rest} = any(text)
    elements(skip(rest), [value | list])
  end

  defp string("\"" <> rest, out), do: {out, rest}
  defp string("\\n" <> rest, out), do: string(rest, out <> "\n")
  defp string("\\t" <> rest, out), do: string(rest, out <> "\t")
  defp string("\\r" <> rest, out), do: string(rest, out <> "\r")
  defp string("\\b" <> rest, out), do: string(rest, out <> "\b")
  defp string("\\f" <> rest, out), do: string(rest, out <> "\f")

  defp string(<<"\\u", hex::binary-size(4), rest::binary>>, out),
    do: string(rest, out <> <<String.to_integer(hex, 16)::utf8>>)

  defp string(<<"\\", c, rest::binary>>, out), do: string(rest, <<out::binary, c>>)
  defp string(<<c, rest::binary>>, out), do: string(rest, <<out::binary, c>>)
end

defmodule Kit.Names do
  @moduledoc false
  # The names of processes, attempts and what is going on stand in a table:
  # {:pid, pid} -> {id, n}, {:name, id, n} -> pid, {:latest, id} -> n,
  # {:kind, pid} -> :static, :dynamic or :partition, {:failed, pid} for
  # supervisors whose start failed, {:partition, id} -> the names of its parts.

  def new, do: :ets.new(:names, [:public, :ordered_set])

  def put(tab, key, value), do: :ets.insert(tab, {key, value})

  def get(tab, key, otherwise \\ nil) do
    case :ets.lookup(tab, key) do
      [{_, value}] -> value
      [] -> otherwise
    end
  end

  def register(tab, id, n, pid) do
    :ets.insert(tab, [{{:pid, pid}, {id, n}}, {{:name, id, n}, pid}, {{:latest, id}, n}])
  end

  def register_supervisor(tab, id, n, kind) do
    register(tab, id, n, self())
    put(tab, {:kind, self()}, kind)
    Process.put(:lab, tab)
    collector = get(tab, :collector)
    :erlang.trace(self(), true, [:call, {:tracer, collector}])
  end

  def attempt(tab, id),
    do: :ets.update_counter(tab, {:attempts, id}, 1, {{:attempts, id}, 0})

  def name(tab, pid), do: get(tab, {:pid, pid}, {"unknown", 0})
  def id(tab, pid), do: tab |> name(pid) |> elem(0)

  def pid(tab, id, n \\ :latest)
  def pid(tab, id, :latest), do: pid(tab, id, get(tab, {:latest, id}, 0))
  def pid(tab, id, n), do: get(tab, {:name, id, n})

  def pids(tab), do: for([p] <- :ets.match(tab, {{:pid, :"$1"}, :_}), do: p)

  # What the scenario calls the child that its supervisor calls `id`.
  def child_id(tab, sup, id) when is_integer(id),
    do: tab |> get({:partition, id(tab, sup)}) |> Enum.at(id)

  def child_id(_, _, id), do: Atom.to_string(id)
end

defmodule Kit.Terms do
  @moduledoc false
  alias Kit.Names

  # What a value of a scenario stands for.
  def term(text) when is_binary(text), do: String.to_atom(text)
  def term(["$tuple" | list]), do: list |> Enum.map(&term/1) |> List.to_tuple()
  def term(list) when is_list(list), do: list |> Enum.map(&term/1) |> List.to_tuple()
  def term(other), do: other

  def text(term) do
    # Maps in the order of their keys, as they were up to OTP 25.
    how = if System.otp_release() == "25", do: "~tw", else: "~ktw"
    text = how |> :io_lib.format([term]) |> IO.chardata_to_string()
    # Since OTP 27 this is a word of the language.
    String.replace(text, "'maybe'", "maybe")
  end

  def text(tab, term), do: text(tidy(tab, term))

  def tidy(tab, pid) when is_pid(pid) do
    case Names.name(tab, pid) do
      {_, 0} -> :"$pid"
      {id, n} -> :"#{id}##{n}"
    end
  end

  def tidy(tab, {:EXIT, {reason, [{_, _, _, _} | _]}}),
    do: {:EXIT, {tidy(tab, reason), :"$stack"}}

  def tidy(tab, {reason, [{m, f, _, location} | _]})
      when is_atom(m) and is_atom(f) and is_list(location),
      do: {tidy(tab, reason), :"$stack"}

  def tidy(_, {:bad_return, {Kit.Tree, f, value}}), do: {:bad_return, {:"$m", f, value}}

  def tidy(_, child) when is_tuple(child) and elem(child, 0) == :child and tuple_size(child) > 5,
    do: :"$child_record"

  def tidy(tab, {:failed_to_start_child, part, reason}) when is_integer(part) do
    # There is one partition supervisor a scenario.
    [[ids]] = :ets.match(tab, {{:partition, :_}, :"$1"})
    {:failed_to_start_child, ids |> Enum.at(part) |> String.to_atom(), tidy(tab, reason)}
  end

  def tidy(_, %{id: _, start: {Kit.Tree, f, _}} = spec),
    do: %{spec | start: {:"$m", f, :"$args"}}

  def tidy(_, %{__exception__: true} = error), do: error.__struct__

  def tidy(tab, tuple) when is_tuple(tuple),
    do: tuple |> Tuple.to_list() |> Enum.map(&tidy(tab, &1)) |> List.to_tuple()

  def tidy(tab, [head | tail]), do: [tidy(tab, head) | tidy(tab, tail)]
  def tidy(_, other), do: other
end

defmodule Kit.Events do
  @moduledoc false
  alias Kit.{Names, Terms}

  def trace_patterns do
    Enum.each([:supervisor, DynamicSupervisor], &Code.ensure_loaded!/1)
    returned = [{:_, [], [{:return_trace}]}]

    for {mfa, how} <- [
          {{:supervisor, :handle_call, 3}, returned},
          {{:supervisor, :handle_cast, 2}, true},
          {{:supervisor, :handle_info, 2}, true},
          {{:supervisor, :unlink_flush, 2}, returned},
          {{DynamicSupervisor, :handle_call, 3}, returned},
          {{DynamicSupervisor, :handle_cast, 2}, true},
          {{DynamicSupervisor, :handle_info, 2}, true},
          {{DynamicSupervisor, :monitor_child, 1}, returned},
          {{DynamicSupervisor, :wait_child, 4}, true},
          {{:erlang, :exit, 2}, true},
          {{Kit.Events, :mark, 1}, true}
        ],
        :erlang.trace_pattern(mfa, how, [:local]) == 0,
        do: raise("#{inspect(mfa)} is not there; this driver does not know this Elixir")
  end

  # Traced: puts an event of the calling process into its place.
  def mark(_), do: :ok

  def note(tab, event) do
    send(Names.get(tab, :collector), {:event, event})
    :ok
  end

  def collect(events \\ []) do
    receive do
      {:trace, _, :call, {Kit.Events, :mark, [event]}} -> collect([{:event, event} | events])
      {:trace, pid, :call, {m, f, a}} -> collect([{:call, pid, {m, f}, a} | events])
      {:trace, pid, :return_from, {m, f, _}, r} -> collect([{:return, pid, {m, f}, r} | events])
      {:event, event} -> collect([{:event, event} | events])
      {:get, from, ref} -> send(from, {ref, Enum.reverse(events)})
    end
  end

  # The events so far, in order.
  def collected(tab) do
    delivered = :erlang.trace_delivered(:all)

    receive do
      {:trace_delivered, :all, ^delivered} -> :ok
    end

    ref = make_ref()
    send(Names.get(tab, :collector), {:get, self(), ref})

    receive do
      {^ref, raw} -> cook(tab, raw)
    end
  end

  # Remembers by process what was called and has not returned yet.
  defp cook(tab, raw) do
    {events, _} = Enum.flat_map_reduce(raw, %{}, &cook(tab, &1, &2))
    events
  end

  defp cook(_, {:event, event}, calls), do: {[event], calls}

  defp cook(tab, {:call, pid, function, args}, calls) do
    case called(tab, pid, function, args) do
      {:push, call} -> {[], Map.update(calls, pid, [call], &[call | &1])}
      :none -> {[], calls}
      event -> {[event], calls}
    end
  end

  defp cook(tab, {:return, pid, function, result}, calls) do
    [call | rest] = Map.fetch!(calls, pid)
    calls = Map.put(calls, pid, rest)

    case returned(tab, pid, function, call, result) do
      :none -> {[], calls}
      event -> {[event], calls}
    end
  end

  # Since OTP 28 a supervisor that wakes up calls its callback once more.
  defp called(tab, pid, {_, callback} = function, args)
       when callback in [:handle_call, :handle_cast, :handle_info] do
    state = List.last(args)

    case {is_tuple(state) and true in Tuple.to_list(state), callback} do
      {false, :handle_call} -> {:push, hd(args)}
      {false, _} -> heard(tab, pid, function, hd(args))
      {true, :handle_call} -> {:push, :asleep}
      {true, _} -> :none
    end
  end

  defp called(_, _, {_, :unlink_flush}, [child | _]), do: {:push, child}
  defp called(_, _, {_, :monitor_child}, [child]), do: {:push, child}
  defp called(tab, pid, {_, :wait_child}, [child, _, why, _]), do: down(tab, pid, child, why)

  defp called(tab, pid, {:erlang, :exit}, [to, sig]) do
    case Names.name(tab, to) do
      {_, 0} -> :none
      {id, n} -> [e: :signal, sup: Names.id(tab, pid), id: id, n: n, sig: Terms.text(tab, sig)]
    end
  end

  defp called(_, _, _, _), do: :none

  defp heard(tab, pid, {_, :handle_info}, {:EXIT, from, reason}) do
    # Only up to OTP 25 is the exit of a failed start seen at all.
    if Names.get(tab, {:failed, from}) do
      :none
    else
      {id, n} = Names.name(tab, from)
      [e: :exit, sup: Names.id(tab, pid), id: id, n: n, reason: Terms.text(tab, reason)]
    end
  end

  defp heard(tab, pid, {_, :handle_info}, {:"$gen_restart", child}),
    do: [e: :retry, sup: Names.id(tab, pid), id: Names.id(tab, child)]

  # Since OTP 28 a supervisor tells itself when to hibernate.
  defp heard(_, _, {:supervisor, :handle_info}, {:hibernate, ref}) when is_reference(ref),
    do: :none

  defp heard(tab, pid, {_, :handle_info}, message),
    do: [e: :unexpected, sup: Names.id(tab, pid), msg: Terms.text(tab, message)]

  defp heard(tab, pid, {:supervisor, :handle_cast}, retry)
       when elem(retry, 0) == :try_again_restart do
    # OTP 29 has a private tag in it.
    id =
      case elem(retry, tuple_size(retry) - 1) do
        {:restarting, child} -> Names.id(tab, child)
        id -> Names.child_id(tab, pid, id)
      end

    [e: :retry, sup: Names.id(tab, pid), id: id]
  end

  defp heard(_, _, _, _), do: :none

  defp returned(tab, pid, {_, :unlink_flush}, child, reason), do: down(tab, pid, child, reason)

  # Dead already when its turn came.
  defp returned(tab, pid, {_, :monitor_child}, child, {:error, reason}),
    do: down(tab, pid, child, reason)

  defp returned(_, _, {_, :handle_call}, :asleep, _), do: :none

  # OTP 29 has a fourth element.
  defp returned(tab, pid, {_, :handle_call}, request, reply) when elem(reply, 0) == :reply do
    op = if is_tuple(request), do: elem(request, 0), else: request
    res = shorten(tab, pid, op, elem(reply, 1))
    [e: :reply, sup: Names.id(tab, pid), op: op, res: Terms.text(tab, res)]
  end

  defp returned(_, _, _, _, _), do: :none

  defp down(tab, sup, child, reason) do
    {id, n} = Names.name(tab, child)
    [e: :down, sup: Names.id(tab, sup), id: id, n: n, reason: Terms.text(tab, reason)]
  end

  defp shorten(tab, sup, :which_children, list) do
    for {id, pid, _, _} <- list, do: {String.to_atom(Names.child_id(tab, sup, id)), pid}
  end

  defp shorten(tab, sup, :which_child, {:ok, {id, pid, _, _}}),
    do: {:ok, {String.to_atom(Names.child_id(tab, sup, id)), pid}}

  defp shorten(_, _, :get_childspec, {:ok, %{start: {_, f, a}} = spec}) do
    args = if a == :undefined, do: a, else: :"$args"
    {:ok, %{spec | modules: :"$mods", start: {:"$m", f, args}}}
  end

  defp shorten(_, _, _, result), do: result

  # The handler of the logger: called inside the process that reports.
  def log(%{msg: {:report, %{label: {:supervisor, :progress}}}}, _), do: :ok

  def log(%{msg: {:report, %{label: {:supervisor, kind}, report: report}}}, _) do
    if tab = Process.get(:lab) do
      offender = report[:offender]

      mark(
        e: :report,
        sup: Names.id(tab, self()),
        kind: kind,
        id: Names.child_id(tab, self(), offender[:id]),
        inst: inst(tab, offender),
        reason: Terms.text(tab, report[:reason])
      )
    end
  end

  def log(%{msg: {:report, %{label: {:gen_server, :terminate}, reason: reason}}}, _) do
    if tab = Process.get(:lab) do
      mark(e: :gen_server_terminate, sup: Names.id(tab, self()), reason: Terms.text(tab, reason))
    end
  end

  def log(%{msg: {:report, %{label: {DynamicSupervisor, :unexpected_msg}}}}, _), do: log_error()
  def log(%{msg: {format, _}}, _) when is_list(format), do: log_error()
  def log(_, _), do: :ok

  defp log_error do
    if tab = Process.get(:lab), do: mark(e: :log_error, sup: Names.id(tab, self()))
  end

  defp inst(tab, offender) do
    case {List.keyfind(offender, :nb_children, 0), offender[:pid]} do
      {{_, count}, _} -> Terms.text({:nb_children, count})
      {_, :undefined} -> "undefined"
      {_, {:restarting, :undefined}} -> "restarting"
      {_, {:restarting, pid}} -> Terms.text({:restarting, number(tab, pid)})
      {_, pid} -> number(tab, pid)
    end
  end

  defp number(tab, pid), do: tab |> Names.name(pid) |> elem(1)
end

defmodule Kit.Worker do
  @moduledoc false
  alias Kit.Terms

  def run(parent, def) do
    answer = Map.get(def, "on_shutdown", "comply")
    Process.flag(:trap_exit, Map.get(def, "trap_exit", false) or answer != "comply")
    send(parent, {:ready, self()})
    loop(parent, answer)
  end

  defp loop(parent, answer) do
    receive do
      {:exit, reason} ->
        exit(reason)

      {:unlink, from, ref} ->
        Process.unlink(parent)
        send(from, ref)

      {:signal, to, reason} ->
        Process.exit(to, reason)

      {:EXIT, ^parent, _} ->
        case answer do
          "comply" -> exit(:shutdown)
          "ignore" -> :ok
          %{"exit" => reason} -> exit(Terms.term(reason))
          %{"delay_ms" => ms} -> Process.send_after(self(), {:exit, :shutdown}, ms)
        end
    end

    loop(parent, answer)
  end
end

defmodule Kit.Tree do
  @moduledoc false
  # The supervisors and the start functions of their children. `init` is the
  # callback of Supervisor and of DynamicSupervisor alike.
  @behaviour Supervisor
  alias Kit.{Events, Names, Terms, Worker}

  def kind(tab, %{"id" => id} = def) do
    cond do
      Names.get(tab, {:partition, id}) -> :partition
      dynamic?(def) -> :dynamic
      true -> :static
    end
  end

  def dynamic?(def), do: get_in(def, ["flags", "strategy"]) == "simple_one_for_one"

  def start_link(tab, def, n) do
    case kind(tab, def) do
      :static -> Supervisor.start_link(__MODULE__, {tab, def, n})
      :dynamic -> DynamicSupervisor.start_link(__MODULE__, {tab, def, n})
      :partition -> start_partitions(tab, def, n)
    end
  end

  @impl true
  def init({tab, %{"id" => id} = def, n}) do
    kind = kind(tab, def)
    Names.register_supervisor(tab, id, n, kind)

    case {def, kind} do
      {%{"init_returns" => value}, _} -> Terms.term(value)
      {_, :static} -> Supervisor.init(specs(tab, def), options(def))
      {_, :dynamic} -> dynamic(tab, def)
    end
  end

  # There is no template in it: the caller that asks for a child has that.
  defp dynamic(tab, def) do
    Names.put(tab, {:template, self()}, List.first(def["children"]))
    DynamicSupervisor.init(options(def))
  end

  # What the scenario does not say is left to Elixir, except for the strategy,
  # without which there is no supervisor.
  defp options(def) do
    flags = Map.get(def, "flags", %{})

    strategy =
      case flags["strategy"] do
        nil -> :one_for_one
        "simple_one_for_one" -> :one_for_one
        other -> Terms.term(other)
      end

    names = [max_restarts: "intensity", max_seconds: "period", auto_shutdown: "auto_shutdown"]

    [
      {:strategy, strategy}
      | for({name, key} <- names, flags[key], do: {name, Terms.term(flags[key])})
    ]
  end

  defp specs(tab, def), do: Enum.map(def["children"], &spec(tab, &1))

  def spec(tab, %{"id" => id} = def, name \\ nil) do
    {f, default} =
      if def["children"], do: {:start_sup, %{type: :supervisor}}, else: {:start_worker, %{}}

    base = %{id: String.to_atom(id), start: {__MODULE__, f, [tab, name || id, def]}}

    given =
      for key <- ["restart", "shutdown", "type", "significant"],
          Map.has_key?(def, key),
          into: default,
          do: {String.to_atom(key), Terms.term(def[key])}

    Map.merge(base, given)
  end

  # -- partitions --------------------------------------------------------------

  # Whether its children can be the partitions of one supervisor.
  def partitions?(def) do
    same = fn child -> Map.drop(child, ["id", "starts", "trap_exit", "on_shutdown"]) end

    case def do
      %{"init_returns" => _} -> false
      %{"children" => []} -> false
      %{"children" => [first | rest]} -> Enum.all?(rest, &(same.(&1) == same.(first)))
    end
    |> Kernel.and(not dynamic?(def) and not Enum.any?(def["children"], & &1["children"]))
  end

  defp start_partitions(tab, %{"id" => id, "children" => [first | _] = children} = def, n) do
    table = :"kit_#{System.unique_integer([:positive])}"
    Names.put(tab, {:table, id}, table)

    PartitionSupervisor.start_link(
      [
        name: table,
        partitions: length(children),
        child_spec: %{spec(tab, first) | start: {__MODULE__, :start_part, []}},
        with_arguments: fn [], part -> [tab, {id, n}, Enum.at(children, part)] end
      ] ++ options(def)
    )
  end

  # The first that runs in the supervisor's process.
  def start_part(tab, {sup, n}, def) do
    unless Process.get(:lab), do: Names.register_supervisor(tab, sup, n, :partition)
    start_worker(tab, def["id"], def)
  end

  # -- start functions: they run in the supervisor's process -------------------

  def start_sup(tab, id, def) do
    n = Names.attempt(tab, id)
    me = Names.id(tab, self())
    Events.mark(e: :start_begin, sup: me, id: id, n: n)

    start(tab, me, id, n, def, fn ->
      result = start_link(tab, %{def | "id" => id}, n)

      unless match?({:ok, _}, result), do: Names.put(tab, {:failed, Names.pid(tab, id, n)}, true)
      result
    end)
  end

  def start_worker(tab, id, def) do
    n = Names.attempt(tab, id)

    start(tab, Names.id(tab, self()), id, n, def, fn ->
      parent = self()
      pid = spawn_link(fn -> Worker.run(parent, def) end)

      receive do
        {:ready, ^pid} -> :ok
      end

      Names.register(tab, id, n, pid)
      {:ok, pid}
    end)
  end

  defp start(tab, me, id, n, def, run) do
    starts = with [] <- Map.get(def, "starts", []), do: ["ok"]
    plan = during(tab, Enum.at(starts, min(n, length(starts)) - 1))
    say = fn res -> Events.mark(e: :start, sup: me, id: id, n: n, res: res) end
    outcome(tab, plan, {id, n}, say, run)
  end

  defp during(tab, %{"during" => steps, "then" => plan}) do
    Enum.each(steps, &Kit.Steps.during(tab, &1))
    during(tab, plan)
  end

  defp during(_, plan), do: plan

  defp outcome(tab, "ok", _, say, run) do
    result = run.()
    say.(if match?({:ok, _}, result), do: "ok", else: Terms.text(tab, result))
    result
  rescue
    # PartitionSupervisor checks its options before there is a process.
    error ->
      say.(Terms.text(tab, {:raised, :error, error}))
      reraise error, __STACKTRACE__
  end

  defp outcome(tab, %{"ok" => info}, _, say, run) do
    case run.() do
      {:ok, pid} ->
        say.(Terms.text(tab, {:ok_extra, Terms.term(info)}))
        {:ok, pid, Terms.term(info)}

      other ->
        say.(Terms.text(tab, other))
        other
    end
  end

  defp outcome(_, "ignore", _, say, _) do
    say.("ignore")
    :ignore
  end

  defp outcome(tab, %{"error" => reason}, _, say, _) do
    say.(Terms.text(tab, {:error, Terms.term(reason)}))
    {:error, Terms.term(reason)}
  end

  defp outcome(tab, %{"exit" => reason}, _, say, _) do
    say.(Terms.text(tab, {:raised, :exit, Terms.term(reason)}))
    exit(Terms.term(reason))
  end

  defp outcome(tab, %{"throw" => reason}, _, say, _) do
    say.(Terms.text(tab, {:raised, :throw, Terms.term(reason)}))
    throw(Terms.term(reason))
  end

  defp outcome(tab, %{"raise" => reason}, _, say, _) do
    say.(Terms.text(tab, {:raised, :error, Terms.term(reason)}))
    :erlang.error(Terms.term(reason))
  end

  defp outcome(tab, %{"value" => value}, _, say, _) do
    say.(Terms.text(tab, {:value, Terms.term(value)}))
    Terms.term(value)
  end

  defp outcome(tab, %{"init_exit" => reason}, {id, n}, say, _) do
    {pid, ref} =
      :erlang.spawn_opt(
        fn ->
          Names.register(tab, id, n, self())
          exit(Terms.term(reason))
        end,
        [:link, :monitor]
      )

    receive do
      {:DOWN, ^ref, :process, ^pid, _} -> :ok
    end

    say.(Terms.text(tab, {:error, Terms.term(reason)}))
    {:error, Terms.term(reason)}
  end
end

defmodule Kit.Parent do
  @moduledoc false
  alias Kit.{Events, Names, Terms, Tree}

  def run(tab, def) do
    Process.flag(:trap_exit, true)
    loop(tab, def)
  end

  defp loop(tab, def) do
    receive do
      {:start, from, ref} ->
        start(tab, def)
        send(from, ref)

      {:signal, pid, reason} ->
        Process.exit(pid, reason)

      {:stop, reason} ->
        exit(reason)

      {:EXIT, pid, reason} ->
        if Names.get(tab, :top_up) == pid, do: Names.put(tab, :top_exit, reason)
    end

    loop(tab, def)
  end

  defp start(tab, %{"id" => id} = def) do
    n = Names.attempt(tab, id)
    Events.note(tab, e: :start_begin, sup: "$parent", id: id, n: n)

    result =
      try do
        Tree.start_link(tab, def, n)
      rescue
        # PartitionSupervisor checks its options before there is a process.
        error -> {:error, {:EXIT, error}}
      end

    shown =
      case result do
        {:ok, pid} ->
          Names.put(tab, :top_up, pid)
          watch(tab, pid)
          "ok"

        _ ->
          Terms.text(tab, result)
      end

    Events.note(tab, e: :start, sup: "$parent", id: id, n: n, res: shown)
    Events.note(tab, e: :reply, sup: "$driver", op: :start, res: Terms.text(tab, result))
  end

  # This process may be gone when the supervisor ends.
  defp watch(tab, pid) do
    watcher = fn ->
      ref = Process.monitor(pid)

      receive do
        {:DOWN, ^ref, _, _, :noproc} -> :ok
        {:DOWN, ^ref, _, _, reason} -> :ets.insert_new(tab, {:top_exit, reason})
      end
    end

    Names.put(tab, :watcher, spawn(watcher))
  end
end

defmodule Kit.Steps do
  @moduledoc false
  alias Kit.{Events, Names, Terms, Tree}

  @ops ~w(start exit kill exit_later unlink child_signals_sup probe_alive
    parent_signal parent_exit exit_signal stop info cast rawcall sleep_ms
    advance_ms start_child terminate_child restart_child delete_child
    get_childspec which_children which_child count_children)

  # Steps that get an answer.
  @questions ~w(stop rawcall start_child terminate_child restart_child
    delete_child get_childspec which_children which_child count_children)

  def ops, do: @ops

  # The same steps while a start function runs: nothing may wait for the
  # supervisor, so a question goes off on its own, once it is sure to be queued.
  def during(tab, %{"op" => op} = step) when op in @questions do
    sup = target(tab, step)

    case question(tab, sup, step) do
      {:refused, res} ->
        refused(tab, sup, step, res)

      ask ->
        if alive?(sup) do
          before = queue_length(sup)
          asker = spawn(fn -> answer(ask) end)
          wait(fn -> not alive?(asker) or arrived?(sup, before) end)
        end
    end
  end

  def during(tab, step), do: play(tab, step)

  def play(tab, %{"op" => "start"}) do
    ref = make_ref()
    send(Names.get(tab, :parent), {:start, self(), ref})

    receive do
      ^ref -> :ok
    end
  end

  def play(tab, %{"op" => "exit", "reason" => reason} = step) do
    pid = child(tab, step)

    if worker?(pid), do: await_end(pid, fn -> send(pid, {:exit, Terms.term(reason)}) end)
  end

  def play(tab, %{"op" => "kill"} = step) do
    pid = child(tab, step)
    # Not from here: this process may be a supervisor, whose signals count.
    if alive?(pid), do: await_end(pid, fn -> spawn(fn -> Process.exit(pid, :kill) end) end)
  end

  def play(tab, %{"op" => "exit_later", "reason" => reason, "after_ms" => ms} = step) do
    pid = child(tab, step)
    if worker?(pid), do: Process.send_after(pid, {:exit, Terms.term(reason)}, ms)
  end

  def play(tab, %{"op" => "unlink"} = step) do
    pid = child(tab, step)

    if worker?(pid) do
      ref = Process.monitor(pid)
      send(pid, {:unlink, self(), ref})

      receive do
        ^ref -> :ok
        {:DOWN, ^ref, _, _, _} -> :ok
      end

      Process.demonitor(ref, [:flush])
    end
  end

  def play(tab, %{"op" => "child_signals_sup", "child" => id, "reason" => reason} = step) do
    {pid, sup} = {child(tab, step), target(tab, step)}

    if worker?(pid) and is_pid(sup) do
      sig = Terms.text(tab, Terms.term(reason))
      Events.note(tab, e: :signal, sup: id, id: Names.id(tab, sup), n: 1, sig: sig)
      send(pid, {:signal, sup, Terms.term(reason)})
      Process.sleep(5)
    end
  end

  def play(tab, %{"op" => "probe_alive"} = step) do
    alive = to_string(alive?(child(tab, step)))
    Events.note(tab, e: :reply, sup: "$driver", op: :probe_alive, res: alive)
  end

  def play(tab, %{"op" => "parent_signal", "reason" => reason} = step) do
    sup = target(tab, step)

    if alive?(sup) do
      {id, n} = Names.name(tab, sup)
      sig = Terms.text(tab, Terms.term(reason))
      Events.note(tab, e: :signal, sup: "$parent", id: id, n: n, sig: sig)
      tell_parent = fn -> send(Names.get(tab, :parent), {:signal, sup, Terms.term(reason)}) end
      queued(sup, tell_parent)
    end
  end

  def play(tab, %{"op" => "parent_exit", "reason" => reason} = step) do
    sup = target(tab, step)
    tell_parent = fn -> send(Names.get(tab, :parent), {:stop, Terms.term(reason)}) end
    if alive?(sup), do: queued(sup, tell_parent)
  end

  def play(tab, %{"op" => "exit_signal", "reason" => reason} = step) do
    sup = target(tab, step)
    stranger = fn -> spawn(fn -> Process.exit(sup, Terms.term(reason)) end) end
    if alive?(sup), do: queued(sup, stranger)
  end

  def play(tab, %{"op" => "info", "msg" => message} = step) do
    sup = target(tab, step)
    if alive?(sup), do: queued(sup, fn -> send(sup, Terms.term(message)) end)
  end

  def play(tab, %{"op" => "cast", "msg" => message} = step) do
    sup = target(tab, step)
    if alive?(sup), do: queued(sup, fn -> GenServer.cast(sup, Terms.term(message)) end)
  end

  def play(_, %{"op" => op, "ms" => ms}) when op in ["sleep_ms", "advance_ms"],
    do: Process.sleep(ms)

  def play(tab, %{"op" => op} = step) do
    sup = target(tab, step)
    question = question(tab, sup, step)

    case {alive?(sup), question} do
      {false, _} -> driver_answer(tab, op, {:EXIT, :noproc})
      {_, {:refused, res}} -> refused(tab, sup, step, res)
      {_, ask} -> answered(tab, sup, step, answer(ask))
    end
  end

  # What the supervisor itself answers is in its own trace already.
  defp answered(tab, _, %{"op" => op}, res) when op in ["stop", "rawcall"],
    do: driver_answer(tab, op, res)

  defp answered(tab, _, %{"op" => op}, {:EXIT, :noproc} = res), do: driver_answer(tab, op, res)

  # DynamicSupervisor checks a specification in the process that asks.
  defp answered(tab, sup, %{"op" => "start_child"} = step, {:error, {mistake, _}} = res)
       when is_atom(mistake) do
    invalid? = String.starts_with?(Atom.to_string(mistake), "invalid_")
    if invalid? and Names.get(tab, {:kind, sup}) == :dynamic, do: refused(tab, sup, step, res)
  end

  defp answered(_, _, _, _), do: :ok

  defp driver_answer(tab, op, res),
    do: Events.note(tab, e: :reply, sup: "$driver", op: op, res: Terms.text(tab, res))

  # Never came to the supervisor.
  defp refused(tab, sup, %{"op" => op}, res),
    do: Events.note(tab, e: :reply, sup: Names.id(tab, sup), op: op, res: Terms.text(tab, res))

  defp answer(ask) do
    ask.()
  catch
    :exit, {reason, {m, f, _}} when is_atom(m) and is_atom(f) -> {:EXIT, reason}
    :exit, reason -> {:EXIT, reason}
  end

  # What asks a supervisor, by the function that Elixir has for it, or what
  # becomes of a request for which it has none.
  defp question(tab, sup, %{"op" => op} = step) do
    case {Names.get(tab, {:kind, sup}), op} do
      {_, "stop"} ->
        reason = Terms.term(Map.get(step, "reason", "normal"))
        fn -> Supervisor.stop(sup, reason) end

      {_, "rawcall"} ->
        fn -> GenServer.call(sup, Terms.term(step["msg"]), :infinity) end

      {:dynamic, "start_child"} ->
        spec = dynamic_spec(tab, sup, step)
        fn -> DynamicSupervisor.start_child(sup, spec) end

      {:dynamic, "terminate_child"} ->
        fn_of_pid(tab, step, &DynamicSupervisor.terminate_child(sup, &1))

      {:dynamic, "which_children"} ->
        fn -> DynamicSupervisor.which_children(sup) end

      {:dynamic, "count_children"} ->
        fn -> DynamicSupervisor.count_children(sup) end

      {:partition, "which_children"} ->
        fn -> PartitionSupervisor.which_children(table(tab, sup)) end

      {:partition, "count_children"} ->
        fn -> PartitionSupervisor.count_children(table(tab, sup)) end

      {kind, _} when kind in [:dynamic, :partition] ->
        {:refused, {:EXIT, :undef}}

      {_, "start_child"} ->
        spec = with %{"spec" => def} <- step, do: Tree.spec(tab, def)
        fn -> Supervisor.start_child(sup, spec) end

      # Supervisor does not hand these through.
      {_, erlang} when erlang in ["get_childspec", "which_child"] ->
        fn -> apply(:supervisor, String.to_atom(erlang), [sup, who(tab, step)]) end

      {_, "which_children"} ->
        fn -> Supervisor.which_children(sup) end

      {_, "count_children"} ->
        fn -> Supervisor.count_children(sup) end

      {_, _} ->
        fn -> apply(Supervisor, String.to_atom(op), [sup, who(tab, step)]) end
    end
  end

  defp table(tab, sup), do: Names.get(tab, {:table, Names.id(tab, sup)})

  defp dynamic_spec(tab, sup, step) do
    case step do
      %{"spec" => def} ->
        Tree.spec(tab, def)

      %{"args" => [name]} ->
        Tree.spec(tab, Names.get(tab, {:template, sup}), name)
    end
  end

  # DynamicSupervisor knows its children by their pids alone.
  defp fn_of_pid(tab, step, call) do
    case step do
      %{"pid_of" => _} -> fn -> call.(who(tab, step)) end
      _ -> {:refused, {:EXIT, :function_clause}}
    end
  end

  defp who(tab, step) do
    case step do
      # A process that never started counts as dead.
      %{"pid_of" => _} -> child(tab, step) || elem(spawn_monitor(fn -> :ok end), 0)
      %{"child" => id} -> String.to_atom(id)
    end
  end

  # Nobody, if there was no supervisor of that name.
  defp target(tab, step) do
    pid = Names.pid(tab, Map.get(step, "sup", Names.get(tab, :top)))
    if Names.get(tab, {:kind, pid}), do: pid
  end

  defp child(tab, step),
    do: Names.pid(tab, step["child"] || step["pid_of"], Map.get(step, "n", :latest))

  # -- waiting -----------------------------------------------------------------

  def alive?(pid), do: is_pid(pid) and Process.alive?(pid)

  defp worker?(pid), do: alive?(pid) and not supervisor?(pid)

  defp supervisor?(pid) do
    case Process.info(pid, :dictionary) do
      {_, words} -> List.keymember?(words, :lab, 0)
      nil -> false
    end
  end

  defp queue_length(pid) do
    case Process.info(pid, :message_queue_len) do
      {_, length} -> length
      nil -> 0
    end
  end

  # Waits until `pid` is dead and its exit has reached all that are linked to it.
  defp await_end(pid, act) do
    ref = Process.monitor(pid)

    links =
      with {_, links} <- Process.info(pid, :links),
           do: for(p <- links, is_pid(p), supervisor?(p), do: {p, queue_length(p)})

    act.()

    receive do
      {:DOWN, ^ref, :process, ^pid, _} -> :ok
    end

    for {sup, before} <- links || [], do: wait_for_message(sup, before)
  end

  # Does what sends a message to `sup`, and waits until it is there.
  defp queued(sup, act) do
    before = queue_length(sup)
    act.()
    wait_for_message(sup, before)
  end

  defp wait_for_message(sup, before) do
    wait(fn -> arrived?(sup, before) end)
  end

  # Whether a message is in the queue of `sup`, or was, or never will be.
  defp arrived?(sup, before),
    do: not alive?(sup) or queue_length(sup) > before or (sup != self() and idle?(sup))

  def wait(done?) do
    :erlang.yield()

    unless done?.() do
      Process.sleep(1)
      wait(done?)
    end
  end

  defp idle?(pid) do
    Process.sleep(1)
    rest(pid) in [nil, :quiet]
  end

  # Two equal looks at all supervisors, at rest in both, with time between.
  def settle(tab) do
    with first when first != :busy <- look(tab),
         :ok <- Process.sleep(2),
         ^first <- look(tab) do
      :ok
    else
      _ ->
        Process.sleep(1)
        settle(tab)
    end
  end

  defp look(tab) do
    sups = for p <- Names.pids(tab), alive?(p), supervisor?(p), do: p
    parent = for p <- [Names.get(tab, :parent)], alive?(p), do: p
    if Enum.all?(sups ++ parent, &(rest(&1) in [nil, :quiet])), do: sups, else: :busy
  end

  defp rest(pid) do
    case Process.info(pid, [:status, :current_function, :message_queue_len]) do
      nil ->
        nil

      [{_, :waiting}, {_, {m, f, _}}, {_, 0}] ->
        if {m, f} in [{Kit.Parent, :loop}, {:erlang, :hibernate}] or m == :gen_server,
          do: :quiet,
          else: :busy

      _ ->
        :busy
    end
  end
end

defmodule Kit.Driver do
  @moduledoc false
  alias Kit.{Events, Json, Names, Parent, Steps, Terms, Tree}

  def main(args) do
    partitions? = args == ["--partitions"]
    unless partitions? or args == [], do: usage()
    :io.setopts(:standard_io, encoding: :unicode)
    # Without what Elixir makes of reports.
    Enum.each(:logger.get_handler_ids(), &:logger.remove_handler/1)
    :ok = :logger.set_primary_config(%{level: :error, filters: []})
    :ok = :logger.add_handler(:kit, Events, %{})
    Events.trace_patterns()

    kinds =
      if partitions?,
        do: "Elixir's PartitionSupervisor",
        else: "Elixir's Supervisor and DynamicSupervisor"

    say(
      driver: kinds,
      version: "#{System.version()} on Erlang/OTP #{System.otp_release()}",
      protocol: 1,
      leaves_out: []
    )

    serve(partitions?)
  end

  defp usage do
    IO.puts(:stderr, "usage: elixir elixir.exs [--partitions]")
    System.halt(2)
  end

  defp say(pairs), do: IO.write([Json.object(pairs), ?\n])

  defp serve(partitions?) do
    with line when is_binary(line) <- IO.read(:stdio, :line) do
      scenario = Json.parse(line)

      case unplayable(scenario, partitions?) do
        nil -> answer(scenario, partitions?)
        why -> say(end: :skipped, reason: why)
      end

      serve(partitions?)
    end
  end

  defp answer(scenario, partitions?) do
    me = self()
    {pid, ref} = spawn_monitor(fn -> send(me, {:trace, self(), play(scenario, partitions?)}) end)

    receive do
      {:trace, ^pid, events} ->
        Process.demonitor(ref, [:flush])
        Enum.each(events, &say/1)
        say(end: :done)

      {:DOWN, ^ref, _, _, reason} ->
        say(end: :failed, reason: Terms.text(reason))
    end
  end

  # -- what can be played ------------------------------------------------------

  defp unplayable(%{"supervisor" => sup, "steps" => steps}, partitions?) do
    steps = all_steps(steps) ++ during_steps(sup)
    unknown = for(%{"op" => op} <- steps, do: op) |> Enum.reject(&(&1 in Steps.ops()))

    cond do
      unknown != [] -> "no step #{hd(unknown)} here"
      needs_otp_28?(steps) -> "which_child exists since OTP 28"
      not partitions? -> nil
      fitting(sup) == nil -> "no supervisor whose children are all alike"
      true -> missing(fitting(sup), sup, steps)
    end
  end

  defp needs_otp_28?(steps) do
    Enum.any?(steps, &(&1["op"] == "which_child")) and
      String.to_integer(System.otp_release()) < 28
  end

  # What PartitionSupervisor has no function for.
  defp missing(%{"id" => id}, %{"id" => top}, steps) do
    lacks =
      ~w(start_child terminate_child restart_child delete_child get_childspec which_child)

    case for %{"op" => op} = s <- steps, op in lacks, Map.get(s, "sup", top) == id, do: op do
      [] -> nil
      [op | _] -> "PartitionSupervisor has no #{op}"
    end
  end

  defp all_steps(steps), do: steps ++ Enum.flat_map(steps, &during_steps(&1["spec"]))

  defp during_steps(%{} = def) do
    starts = for %{"during" => steps} <- Map.get(def, "starts", []), do: all_steps(steps)
    Enum.concat(starts) ++ Enum.flat_map(Map.get(def, "children", []), &during_steps/1)
  end

  defp during_steps(nil), do: []

  # The first that PartitionSupervisor can stand for, from the top.
  defp fitting(%{"children" => children} = def) do
    if Tree.partitions?(def), do: def, else: Enum.find_value(children, &fitting/1)
  end

  defp fitting(_), do: nil

  # -- one scenario ------------------------------------------------------------

  defp play(%{"supervisor" => sup, "steps" => steps}, partitions?) do
    Process.flag(:trap_exit, true)
    tab = Names.new()
    Names.put(tab, :top, sup["id"])

    if partitions? do
      %{"id" => id, "children" => children} = fitting(sup)
      Names.put(tab, {:partition, id}, for(%{"id" => child} <- children, do: child))
    end

    Names.put(tab, :collector, spawn_link(fn -> Events.collect() end))
    Names.put(tab, :parent, spawn(fn -> Parent.run(tab, sup) end))

    for step <- steps do
      Steps.play(tab, step)
      Steps.settle(tab)
    end

    finish(tab)
    events = Events.collected(tab)
    clean_up(tab)
    events
  end

  defp finish(tab) do
    if top = Names.get(tab, :top_up) do
      ended? = fn -> :ets.member(tab, :top_exit) end
      Steps.wait(fn -> Steps.alive?(top) or ended?.() end)

      if ended?.(),
        do: Events.note(tab, e: :sup_exit, reason: Terms.text(tab, Names.get(tab, :top_exit))),
        else: Events.note(tab, e: :sup_alive)
    end
  end

  # Whatever is still alive is of no interest any more.
  defp clean_up(tab) do
    others = for key <- [:watcher, :parent], pid = Names.get(tab, key), do: pid
    Enum.each(others ++ Names.pids(tab), &Process.exit(&1, :kill))
  end
end

Kit.Driver.main(System.argv())
