"""The parts of `scripts/bench_inbound.py`."""
