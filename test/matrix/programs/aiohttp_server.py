"""A server made with aiohttp: python3 aiohttp_server.py PORT [CERTIFICATE KEY]"""

import ssl
import sys

from aiohttp import web

STATUSES = {"/missing": 404, "/broken": 500}


async def answer(request):
    return web.Response(text="hello", status=STATUSES.get(request.path, 200))


context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
application = web.Application()
application.router.add_get("/{path:.*}", answer)
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), ssl_context=context, print=None)
