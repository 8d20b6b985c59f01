"""Run the stand-in: `python -m tests.botapi --port 0 --token T`."""

import argparse
import asyncio
import gc
import signal

import uvloop
from aiohttp import web

from tests.botapi.server import runner
from tests.botapi.world import Options, World


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.botapi", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", required=True)
    parser.add_argument("--no-limits", action="store_true", help="send as fast as you like")
    parser.add_argument(
        "--trusting", action="store_true", help="take private chats and taps that were never seen as real"
    )
    parser.add_argument("--query-age", type=float, default=150.0, help="seconds in which a tap can be answered")
    parser.add_argument("--retry-pause", type=float, default=2.0, help="seconds of the webhook's second pause")
    given = parser.parse_args()
    options = Options(
        token=given.token,
        limits=not given.no_limits,
        trusting=given.trusting,
        query_age=given.query_age,
        retry_pause=given.retry_pause,
    )
    # everything said is kept, so searching it for garbage again and again would only cost time
    gc.disable()
    uvloop.run(_serve(World(options), given.port))


async def _serve(world: World, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    served = runner(world)
    await served.setup()
    site = web.TCPSite(served, "127.0.0.1", port)
    await site.start()
    print(f"listening on http://127.0.0.1:{served.addresses[0][1]}", flush=True)
    await ended.wait()
    await world.webhook.close()
    await served.cleanup()


if __name__ == "__main__":
    main()
