#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# PROXY protocol, version 1, a client whose address is not known: HAProxy 2.6.12 and Apache 2.4.71
# (mod_remoteip), both of Debian 12, do not understand each other, nor the example of the protocol.
#
# The protocol (HAProxy's proxy-protocol.txt, 2.1) lets such a line end after UNKNOWN, or go on with
# anything up to CR LF, which the receiver has to ignore; its example of the longest line is one of
# the second kind. HAProxy sends the short line for a client that reached it by a Unix socket.
#
# Seen: Apache takes the long line and closes the connection on the short one, so a client of
# HAProxy's Unix socket gets an empty answer from Apache behind `send-proxy`. HAProxy
# (`accept-proxy`) takes the short line, and resets the connection on the long one.
#
# Needs apt-get and python3. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq haproxy=2.6.12-1+deb12u4 apache2-bin=2.4.71-1~deb12u1 \
  libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 liblua5.3-0=5.3.6-2 \
  libnghttp2-14=1.52.0-1+deb12u3 libopentracing-c-wrapper0 libopentracing1 >log 2>&1
for package in ./*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu

mkdir www run
echo hello >www/index.html
chmod 777 run
cat >apache.conf <<END
ServerRoot $work
ServerName localhost
LoadModule mpm_event_module root/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule remoteip_module root/usr/lib/apache2/modules/mod_remoteip.so
LoadModule authz_core_module root/usr/lib/apache2/modules/mod_authz_core.so
Listen 127.0.0.1:47403
User nobody
PidFile run/pid
DefaultRuntimeDir $work/run
ErrorLog $work/run/error
DocumentRoot $work/www
RemoteIPProxyProtocol On
END
cat >haproxy.cfg <<END
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend takes
  bind 127.0.0.1:47405 accept-proxy
  http-request return status 200 content-type text/plain string "hello\n"
listen before-apache
  mode tcp
  bind unix@$work/run/haproxy.sock mode 777
  server apache 127.0.0.1:47403 send-proxy
END
root/usr/sbin/apache2 -X -f "$work/apache.conf" >apache.log 2>&1 &
root/usr/sbin/haproxy -f haproxy.cfg >haproxy.log 2>&1 &

cat >ask.py <<'END'
import socket, sys, time

REQUEST = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SHORT = b"PROXY UNKNOWN\r\n"
LONG = b"PROXY UNKNOWN " + b" ".join([b"ffff:f...f:ffff"] * 2) + b" 65535 65535\r\n"


def connect(where):
    end = time.monotonic() + 20
    while True:
        client = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        client.settimeout(5)
        try:
            client.connect(where)
            return client
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def ask(where, header):
    with connect(where) as client:
        client.sendall(header + REQUEST)
        answer = b""
        try:
            while piece := client.recv(4096):
                answer += piece
        except ConnectionResetError:
            return "reset"
    return answer.split(b"\r\n")[0].decode() or "closed"


apache, haproxy = ("127.0.0.1", 47403), ("127.0.0.1", 47405)
known = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"
for name, where in (("Apache", apache), ("HAProxy", haproxy)):
    for what, header in (("address", known), ("short", SHORT), ("long", LONG)):
        print(f"{name}, {what}: {ask(where, header)}")
print("Apache behind HAProxy's Unix socket:", ask(sys.argv[1], b""))
END
python3 ask.py "$work/run/haproxy.sock" | tee seen
diff seen - <<'END' || { echo 'it has changed'; exit 1; }
Apache, address: HTTP/1.1 200 OK
Apache, short: closed
Apache, long: HTTP/1.1 200 OK
HAProxy, address: HTTP/1.1 200 OK
HAProxy, short: HTTP/1.1 200 OK
HAProxy, long: reset
Apache behind HAProxy's Unix socket: closed
END
