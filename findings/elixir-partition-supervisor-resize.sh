#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Elixir 1.20.4, Debian sid's elixir 1.20.4+dfsg-1: a PartitionSupervisor with one_for_all or
# rest_for_one that was made smaller by resize!/2 runs the partitions again that it had stopped,
# once another one crashes. partitions/1 does not count them, and no key leads to them.
#
# Why: "All of the child specifications are kept in the PartitionSupervisor itself" (manual of
# resize!/2), and OTP's supervisor starts all that it has, stopped ones as well, when a group is
# restarted. resize!/2 stops only those between the new number and the old one, so they stay.
#
# Seen, with three partitions: one_for_all, resize!(2), resize!(1): 1 runs; a crash: 3 run.
# resize!(0): 2 run, though there are no partitions; a crash: 3 run.
# rest_for_one is the same up to there, where the crash of the first of the two leaves 2.
# one_for_one, for comparison: 1, after a crash 1, and 0.
# Expected: what resize!/2 stopped stays stopped until resize!/2 asks for it.
#
# Needs root, debootstrap. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

version=1.20.4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates sid "$work/root" >"$work/log" 2>&1
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
chroot "$work/root" apt-get -qq -o Acquire::Check-Valid-Until=false update
package=$(chroot "$work/root" apt-cache madison elixir | awk -v v="$version" 'index($3, v) == 1 { print $3; exit }')
[ -n "$package" ] || { echo "sid no longer has elixir $version"; exit 1; }
DEBIAN_FRONTEND=noninteractive chroot "$work/root" apt-get -qq -y --no-install-recommends \
  install "elixir=$package" >>"$work/log" 2>&1

cat >"$work/root/resize.exs" <<'END'
Logger.configure(level: :none)

defmodule Resize do
  def run(strategy) do
    {:ok, sup} =
      PartitionSupervisor.start_link(
        child_spec: {Agent, fn -> nil end}, name: X, partitions: 3, strategy: strategy)

    3 = PartitionSupervisor.resize!(X, 2)
    2 = PartitionSupervisor.resize!(X, 1)
    one = running(sup)
    crash(sup, 0)
    crashed = running(sup)
    1 = PartitionSupervisor.partitions(X)
    # Whatever the key, it leads to the first one.
    first = pid(sup, 0)
    true = Enum.all?(0..99, &(GenServer.whereis({:via, PartitionSupervisor, {X, &1}}) == first))

    1 = PartitionSupervisor.resize!(X, 0)
    0 = PartitionSupervisor.partitions(X)
    none = running(sup)
    if none != [], do: crash(sup, hd(none))
    seen = {one, crashed, none, running(sup)}
    IO.puts("#{strategy}: #{inspect(seen)}")
    Supervisor.stop(sup)
    seen
  end

  defp running(sup) do
    Enum.sort(for {n, pid, _, _} <- Supervisor.which_children(sup), is_pid(pid), do: n)
  end

  defp pid(sup, n), do: sup |> Supervisor.which_children() |> List.keyfind(n, 0) |> elem(1)

  # Waits until it is started again: with it are all that its supervisor starts.
  defp crash(sup, n) do
    old = pid(sup, n)
    Process.exit(old, :kill)
    wait(sup, n, old)
  end

  defp wait(sup, n, old), do: if(pid(sup, n) == old, do: wait(sup, n, old))
end

try do
  {[0], [0], [], []} = Resize.run(:one_for_one)
  {[0], [0, 1, 2], [1, 2], [0, 1, 2]} = Resize.run(:one_for_all)
  {[0], [0, 1, 2], [1, 2], [1, 2]} = Resize.run(:rest_for_one)
  IO.puts("as stated")
rescue
  error in MatchError -> IO.puts("changed: #{Exception.message(error)}"); System.halt(1)
end
END
chroot "$work/root" timeout 60 elixir /resize.exs
