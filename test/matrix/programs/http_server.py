"""A server as Python brings it, with kept-alive connections: python3 http_server.py PORT [CERTIFICATE KEY]"""

import http.server
import ssl
import sys

STATUSES = {"/missing": 404, "/broken": 500}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # head and body are written one by one, and the body waits for the head's ACK otherwise
    disable_nagle_algorithm = True

    def log_message(self, *words):
        pass

    def do_GET(self):
        self.send_response(STATUSES.get(self.path, 200))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
