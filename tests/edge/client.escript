#!/usr/bin/env escript
%%! -kernel logger_level critical
%% SPDX-License-Identifier: BSD-3-Clause
%% A client of TLS for tests/edge/tls_clients_test.py, which says how it is used.

main([Port, Authority, Version, Name, Alpn, Cert, Key, Count]) ->
    {ok, _} = application:ensure_all_started(ssl),
    Options =
        [binary, {active, false}, {verify, verify_peer},
         {cacertfile, Authority}, {versions, [version(Version)]},
         {server_name_indication, Name},
         {customize_hostname_check,
          [{match_fun, public_key:pkix_verify_hostname_match_fun(https)}]}]
        ++ resumption(Version)
        ++ [{alpn_advertised_protocols,
             [list_to_binary(P) || P <- string:split(Alpn, ",", all)]}
            || Alpn =/= ""]
        ++ [{certfile, Cert} || Cert =/= ""] ++ [{keyfile, Key} || Cert =/= ""],
    [io:format("~s~n", [connect(list_to_integer(Port), Options)])
     || _ <- lists:seq(1, list_to_integer(Count))].

version("1.2") -> 'tlsv1.2';
version("1.3") -> 'tlsv1.3'.

resumption("1.2") -> [{reuse_sessions, save}];
resumption("1.3") -> [{session_tickets, auto}].

connect(Port, Options) ->
    case ssl:connect({127, 0, 0, 1}, Port, Options, 10000) of
        {ok, Socket} -> talk(Socket);
        {error, Reason} -> failed(Reason)
    end.

%% In TLS 1.3 a server refuses a certificate after the client's handshake: any of
%% these calls may be the one that learns of it.
talk(Socket) ->
    case ssl:connection_information(Socket, [protocol, session_resumption]) of
        {ok, [{protocol, Version}, {session_resumption, Resumed}]} ->
            talk(Socket, Version, Resumed);
        {error, Reason} -> failed(Reason)
    end.

talk(Socket, Version, Resumed) ->
    Alpn = case ssl:negotiated_protocol(Socket) of
               {ok, Name} -> Name;
               {error, _} -> <<>>
           end,
    Sent = ssl:send(Socket, <<"hello\nstop\n">>),
    case read(Socket, <<>>) of
        {ok, <<>>} -> failed({closed, Sent});
        {ok, Echo} ->
            io_lib:format("{\"version\": \"~s\", \"alpn\": \"~s\", "
                          "\"resumed\": ~s, \"echo\": ~p}",
                          [string:slice(atom_to_list(Version), 4), Alpn,
                           Resumed, binary_to_list(Echo)]);
        {error, Reason} -> failed(Reason)
    end.

read(Socket, Data) ->
    case ssl:recv(Socket, 0, 10000) of
        {ok, More} -> read(Socket, <<Data/binary, More/binary>>);
        {error, closed} -> {ok, Data};
        {error, Reason} -> {error, Reason}
    end.

failed(Reason) ->
    Text = lists:flatten(io_lib:format("~0p", [Reason])),
    io_lib:format("{\"error\": ~s}",
                  [[$", [C || C <- Text, C =/= $", C =/= $\\], $"]]).
