"""A client made with requests, one request after another: python3 requests_client.py URL..."""

import sys

import requests

with requests.Session() as session:
    for url in sys.argv[1:]:
        session.get(url)
