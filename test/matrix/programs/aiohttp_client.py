"""A client made with aiohttp, one request after another: python3 aiohttp_client.py URL..."""

import asyncio
import sys

import aiohttp


async def main():
    async with aiohttp.ClientSession() as session:
        for url in sys.argv[1:]:
            async with session.get(url) as response:
                await response.read()


asyncio.run(main())
