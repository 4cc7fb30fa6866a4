"""An application for gunicorn, as any that keeps to WSGI: gunicorn wsgi_server:answer"""

STATUSES = {"/missing": "404 Not Found", "/broken": "500 Internal Server Error"}


def answer(environment, start_response):
    start_response(STATUSES.get(environment["PATH_INFO"], "200 OK"), [("Content-Length", "5")])
    return [b"hello"]
