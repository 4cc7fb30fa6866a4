/** Scripts that have both ends of many TLS connections in one process, and move what the library writes to memory by themselves. */

/**
 * What the scripts begin with. Arguments: a file with certificate and key, and one to trust. Each `Pair` is a connection of
 * its own to a port of its own, whose requests ask for a path that only this connection has; `client` and `server` are its
 * ends. An end has `work()`, which shakes hands as far as it can, `write(data)` and `read(n)`, which only use memory, `flush()`,
 * which sends what lies there, and `fill()`, which gets what has come. `report(pairs)` prints which path belongs to which
 * port. `ready()` waits until httpeek has put its hooks on.
 */
export const MEMORY = `
import asyncio, collections, json, os, queue, random, select, socket, ssl, string, sys, threading, time
OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
for_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); for_server.load_cert_chain(sys.argv[1])
for_client = ssl.create_default_context(cafile=sys.argv[2])
def ready():
    print("ready", flush=True); sys.stdin.readline()
def get(path): return b"GET %s HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % path
class End:
    def __init__(self, context, sock, is_server):
        self.sock, self.come, self.gone, self.is_done = sock, ssl.MemoryBIO(), ssl.MemoryBIO(), False
        name = None if is_server else "localhost"
        self.tls = context.wrap_bio(self.come, self.gone, server_side=is_server, server_hostname=name)
        sock.setblocking(False); sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    def work(self):
        try: self.tls.do_handshake(); self.is_done = True
        except ssl.SSLWantReadError: pass
    def write(self, data): assert self.tls.write(data) == len(data)
    def read(self, n):
        try: return self.tls.read(n)
        except ssl.SSLWantReadError: return b""
    def flush(self):
        data = self.gone.read()
        while data:
            try: data = data[self.sock.send(data):]
            except BlockingIOError: select.select([], [self.sock], [])
    def fill(self):
        try: self.come.write(self.sock.recv(1 << 16))
        except BlockingIOError: pass
class Pair:
    def __init__(self, n):
        self.path = b"/" + bytes([97 + n // 26, 97 + n % 26])
        listener = socket.create_server(("127.0.0.1", 0)); self.port = listener.getsockname()[1]
        self.client = End(for_client, socket.create_connection(listener.getsockname()), False)
        self.server = End(for_server, listener.accept()[0], True)
    def ends(self): return self.client, self.server
def shake(pairs, flush_all):
    ends = [end for pair in pairs for end in pair.ends()]
    while not all(end.is_done for end in ends):
        for side in (0, 1):
            some = [pair.ends()[side] for pair in pairs]
            for end in some:
                end.fill()
                if not end.is_done: end.work()
            flush_all(some)
def exchange(pairs, flush_all):
    for pair in pairs: pair.client.write(get(pair.path))
    flush_all([pair.client for pair in pairs])
    for pair in pairs:
        got = b""
        while len(got) < len(get(pair.path)): pair.server.fill(); got += pair.server.read(1000)
        pair.server.write(OK)
    flush_all([pair.server for pair in pairs])
    for pair in pairs:
        got = b""
        while len(got) < len(OK): pair.client.fill(); got += pair.client.read(1000)
def report(pairs): print("ports", json.dumps({pair.port: pair.path.decode() for pair in pairs}), flush=True)
def first(ends):
    for end in ends: end.flush()
def last(ends): first(ends[::-1])
def mixed(ends): first(random.sample(ends, len(ends)))
`;
