/** Scripts that have both ends of a connection in one process, for system calls that Node does not make. */

/**
 * What the scripts begin with: `pair()` is a connected client and server socket, `get(path)` a request, `OK` an answer,
 * `take(sock, n)` reads so many bytes, `exchange(client, server, path)` has one exchange.
 */
export const PAIRS = `
import array, ctypes, mmap, os, select, signal, socket, struct, sys, tempfile, threading, time
OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
def get(path): return b"GET %s HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % path
def take(sock, n):
    data = b""
    while len(data) < n:
        piece = sock.recv(n - len(data))
        if not piece: raise EOFError(data)
        data += piece
    return data
def listen(address=("127.0.0.1", 0)):
    return socket.create_server(address, backlog=64)
def pair(listener=None):
    listener = listener or listen()
    client = socket.create_connection(listener.getsockname())
    server = listener.accept()[0]
    for end in (client, server): end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, server
def exchange(client, server, path=b"/next", answer=OK):
    client.sendall(get(path)); take(server, len(get(path)))
    server.sendall(answer); take(client, len(answer))
`;
