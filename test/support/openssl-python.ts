/** Scripts that have both ends of TLS connections in one process and call OpenSSL by themselves: each of its calls, in any order. */

/**
 * What the scripts begin with. The first argument is a file with certificate and key. `ends()` is a connected client and
 * server that have shaken hands, `get(path)` a request, `OK` and `TOO_LARGE` answers, `put(end, data)` and `take(end, n)` write and read all,
 * `pump(a, data, b)` both at once, `exchange(client, server, path)` has one exchange. No socket blocks. `lib` is libssl.
 * `ready()` waits until httpeek has put its hooks on.
 */
export const OPENSSL = `
import ctypes, os, select, signal, socket, struct, sys, tempfile, threading, time
OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
TOO_LARGE = OK.replace(b"200 OK", b"413 Content Too Large")
WANT_READ, WANT_WRITE, ZERO_RETURN = 2, 3, 6
MODE_PARTIAL_WRITE, MODE_MOVING_BUFFER = 1, 2
TLS1_2, TLS1_3 = 0x303, 0x304
CERTIFICATE = sys.argv[1].encode()
lib = ctypes.CDLL("libssl.so.3")
crypto = ctypes.CDLL("libcrypto.so.3")
for name in "TLS_method SSL_CTX_new SSL_new SSL_get1_session BIO_new BIO_s_mem".split():
    getattr(crypto if name[:3] == "BIO" else lib, name).restype = ctypes.c_void_p
def call(name, *args):
    return getattr(crypto if name[:3] == "BIO" else lib, name)(*[ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args])
def ready():
    print("ready", flush=True); sys.stdin.readline()
def get(path): return b"GET %s HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % path
def context(version=0):
    made = call("SSL_CTX_new", call("TLS_method"))
    assert call("SSL_CTX_use_certificate_file", made, CERTIFICATE, 1) == 1
    assert call("SSL_CTX_use_PrivateKey_file", made, CERTIFICATE, 1) == 1
    if version: call("SSL_CTX_ctrl", made, 123, version, None); call("SSL_CTX_ctrl", made, 124, version, None)
    return made
class End:
    def __init__(self, context, sock, accepts):
        self.ssl, self.accepts = call("SSL_new", context), accepts
        call("SSL_set_accept_state" if accepts else "SSL_set_connect_state", self.ssl)
        if sock: self.use(sock)
    def use(self, sock):
        self.sock = sock; sock.setblocking(False)
        assert call("SSL_set_fd", self.ssl, sock.fileno()) == 1
    def why(self, returned): return call("SSL_get_error", self.ssl, returned)
    def check(self, returned):
        why = self.why(returned)
        if why == ZERO_RETURN: raise EOFError
        if why not in (WANT_READ, WANT_WRITE): raise OSError("SSL error %d" % why)
    def shake(self):
        returned = call("SSL_do_handshake", self.ssl)
        if returned != 1: self.check(returned)
        return returned == 1
    def read(self, n):
        buffer = ctypes.create_string_buffer(n)
        returned = call("SSL_read", self.ssl, buffer, n)
        if returned > 0: return buffer.raw[:returned]
        self.check(returned); return b""
    def read_ex(self, n, name="SSL_read_ex"):
        buffer, count = ctypes.create_string_buffer(n), ctypes.c_size_t()
        returned = call(name, self.ssl, buffer, n, ctypes.byref(count))
        if returned == 1: return buffer.raw[:count.value]
        self.check(returned); return b""
    def write(self, data):
        returned = call("SSL_write", self.ssl, data, len(data))
        if returned > 0: return returned
        self.check(returned); return 0
    def write_ex(self, data, name="SSL_write_ex"):
        count = ctypes.c_size_t()
        returned = call(name, self.ssl, data, len(data), ctypes.byref(count))
        if returned == 1: return count.value
        self.check(returned); return 0
    def free(self): call("SSL_free", self.ssl)
    def bye(self): call("SSL_shutdown", self.ssl)
    def close(self): self.free(); self.sock.close()
def sockets(listener=None):
    listener = listener or socket.create_server(("127.0.0.1", 0), backlog=128)
    client = socket.create_connection(listener.getsockname())
    server = listener.accept()[0]
    for end in (client, server): end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, server
def shake(*ends):
    left = list(ends)
    while left: left = [end for end in left if not end.shake()]
def ends(version=0, listener=None):
    used, (client, server) = context(version), sockets(listener)
    pair = End(used, client, False), End(used, server, True)
    shake(*pair)
    return pair
def take(end, n, read=None):
    data = b""
    while len(data) < n: data += (read or end.read)(n - len(data))
    return data
def put(end, data, write=None):
    while data: data = data[(write or end.write)(data):]
def pump(sender, data, receiver):
    buffer, at, got = ctypes.create_string_buffer(data, len(data)), 0, 0
    while got < len(data):
        if at < len(data):
            returned = call("SSL_write", sender.ssl, ctypes.byref(buffer, at), len(data) - at)
            if returned > 0: at += returned
            else: sender.check(returned)
        got += len(receiver.read(1 << 16))
def exchange(client, server, path=b"/next", answer=OK):
    put(client, get(path)); take(server, len(get(path)))
    put(server, answer); take(client, len(answer))
`;
