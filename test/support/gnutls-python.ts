/** Scripts that have both ends of TLS connections in one process and call GnuTLS by themselves. */

/**
 * As OPENSSL, with GnuTLS: `put`, `take`, `exchange` and `ends` are the same. `push()` and `pull()` of an end are the calls of
 * the library; no socket blocks.
 */
export const GNUTLS = `
import ctypes, os, socket, sys, threading, time
OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
AGAIN, INTERRUPTED, SERVER, CLIENT, NONBLOCK, PEM, CREDENTIALS = -28, -52, 1, 2, 1 << 3, 1, 1
lib = ctypes.CDLL("libgnutls.so.30")
lib.gnutls_record_send.restype = lib.gnutls_record_recv.restype = lib.gnutls_record_send2.restype = ctypes.c_ssize_t
def call(name, *args):
    return getattr(lib, name)(*[ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args])
def good(returned): assert returned >= 0, returned
def ready():
    print("ready", flush=True); sys.stdin.readline()
def get(path): return b"GET %s HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % path
credentials = ctypes.c_void_p()
good(call("gnutls_certificate_allocate_credentials", ctypes.byref(credentials)))
good(call("gnutls_certificate_set_x509_key_file", credentials, sys.argv[1].encode(), sys.argv[1].encode(), PEM))
class End:
    def __init__(self, sock, role):
        self.session, self.sock = ctypes.c_void_p(), sock; sock.setblocking(False)
        good(call("gnutls_init", ctypes.byref(self.session), role | NONBLOCK))
        good(call("gnutls_set_default_priority", self.session))
        good(call("gnutls_credentials_set", self.session, CREDENTIALS, credentials))
        call("gnutls_transport_set_int2", self.session, sock.fileno(), sock.fileno())
    def check(self, returned):
        if returned not in (AGAIN, INTERRUPTED): raise OSError("GnuTLS error %d" % returned)
    def shake(self):
        returned = call("gnutls_handshake", self.session)
        if returned: self.check(returned)
        return returned == 0
    def write(self, data, name="gnutls_record_send", *more):
        returned = call(name, self.session, data, len(data) if data else 0, *more)
        if returned >= 0: return returned
        self.check(returned); return 0
    def read(self, n):
        buffer = ctypes.create_string_buffer(n)
        returned = call("gnutls_record_recv", self.session, buffer, n)
        if returned > 0: return buffer.raw[:returned]
        if returned == 0: raise EOFError
        self.check(returned); return b""
    def close(self): call("gnutls_deinit", self.session); self.sock.close()
def ends():
    listener = socket.create_server(("127.0.0.1", 0))
    client = End(socket.create_connection(listener.getsockname()), CLIENT)
    server = End(listener.accept()[0], SERVER)
    left = [client, server]
    while left: left = [end for end in left if not end.shake()]
    return client, server
def take(end, n):
    data = b""
    while len(data) < n: data += end.read(n - len(data))
    return data
def put(end, data):
    while data: data = data[end.write(data):]
def exchange(client, server, path=b"/next"):
    put(client, get(path)); take(server, len(get(path)))
    put(server, OK); take(client, len(OK))
`;
