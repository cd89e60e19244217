"""The peer of the table benchmark: IntelMQ's Shadowserver parser bot, as a real bot process on a Redis of its own.

intelmq_rows.py FILE.csv   reads one report (its name states the type), prints rows, CPU seconds of the bot, wall seconds and
                           peak memory in MiB as one JSON object

Run it with a Python that has the packages `intelmq`, `redis` and `async_timeout` and that the user nobody may run too;
redis-server must be on the PATH.
"""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

RUNTIME = """
global:
  source_pipeline_broker: redis
  source_pipeline_host: 127.0.0.1
  source_pipeline_port: {port}
  destination_pipeline_broker: redis
  destination_pipeline_host: 127.0.0.1
  destination_pipeline_port: {port}
  http_verify_cert: true
  logging_handler: file
  logging_level: WARNING
  logging_path: {root}/var/log/
  log_processed_messages_count: 1000000
  log_processed_messages_seconds: 3600
  load_balance: false
  error_dump_message: false
  error_procedure: pass
  error_max_retries: 0
  rate_limit: 0
rows:
  bot_id: rows
  enabled: true
  group: Parser
  module: intelmq.bots.parsers.shadowserver.parser
  name: rows
  run_mode: continuous
  parameters:
    source_queue: in
    destination_queues:
      _default: [out]
"""
# The published schema is fetched at run time and may be out of reach: this is the same mapping in its form, for one type.
SCHEMA = {
    "_meta": {"date_created": "2026-01-01T00:00:00Z", "change_log": []},
    "scan_http_proxy": {
        "feed_name": "Open-HTTP-Proxy",
        "file_name": "scan_http_proxy",
        "constant_fields": {
            "classification.identifier": "open-http-proxy",
            "classification.taxonomy": "vulnerable",
            "classification.type": "vulnerable-system",
            "protocol.application": "http",
        },
        "required_fields": [
            ["time.source", "timestamp", "add_UTC_to_timestamp"],
            ["source.ip", "ip", "validate_ip"],
            ["source.port", "port", "convert_int"],
        ],
        "optional_fields": [
            ["extra.", "severity", "validate_to_none"],
            ["protocol.transport", "protocol"],
            ["source.reverse_dns", "hostname"],
            ["extra.", "tag", "validate_to_none"],
            ["source.asn", "asn", "invalidate_zero"],
            ["source.geolocation.cc", "geo"],
            ["source.geolocation.region", "region"],
            ["source.geolocation.city", "city"],
            ["extra.source.naics", "naics", "invalidate_zero"],
            ["extra.", "sic", "invalidate_zero"],
            ["extra.", "http", "validate_to_none"],
            ["extra.", "http_code", "convert_int"],
            ["extra.", "http_reason", "validate_to_none"],
            ["extra.", "content_type", "validate_to_none"],
            ["extra.", "connection", "validate_to_none"],
            ["extra.", "proxy_authenticate", "validate_to_none"],
            ["extra.", "via", "validate_to_none"],
            ["extra.", "server", "validate_to_none"],
            ["extra.", "content_length", "convert_int"],
            ["extra.", "transfer_encoding", "validate_to_none"],
            ["extra.", "http_date", "validate_to_none"],
            ["extra.source.sector", "sector", "validate_to_none"],
        ],
    },
}
BOT = "from intelmq.bots.parsers.shadowserver.parser import BOT; import sys; sys.argv = ['rows', 'rows']; BOT.run()"


def main(path):
    import redis

    with open(path, "rb") as file:
        report = file.read()
    rows = report.count(b"\n") - 1
    with tempfile.TemporaryDirectory(prefix="intelmq-") as root:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for folder in ("etc", "var/log", "var/run", "var/lib/bots/shadowserver-parser"):
            os.makedirs(f"{root}/{folder}")
        import intelmq

        packaged = os.path.join(os.path.dirname(intelmq.__file__), "etc")
        with open(f"{packaged}/harmonization.conf") as old, open(f"{root}/etc/harmonization.conf", "w") as new:
            new.write(old.read())
        with open(f"{root}/etc/runtime.yaml", "w") as file:
            file.write(RUNTIME.format(port=port, root=root))
        with open(f"{root}/var/lib/bots/shadowserver-schema.json", "w") as file:
            json.dump(SCHEMA, file)
        broker = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", root],
            stdout=subprocess.DEVNULL,
        )
        bot = None
        try:
            queue = redis.Redis(port=port, db=2)
            wait(lambda: ping(queue), 20)
            message = {
                "__type": "Report",
                "extra.file_name": os.path.basename(path),
                "raw": base64.b64encode(report).decode(),
                "time.observation": "2026-01-01T00:00:00+00:00",
            }
            queue.lpush("in", json.dumps(message))
            began = time.monotonic()
            # IntelMQ refuses to run as root.
            nobody = {} if os.getuid() else {"user": 65534, "group": 65534}
            if nobody:
                subprocess.run(["chown", "-R", "65534:65534", root], check=True)
            bot = subprocess.Popen(
                [sys.executable, "-c", BOT],
                env={**os.environ, "INTELMQ_ROOT_DIR": root},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                **nobody,
            )
            wait(lambda: queue.llen("out") >= rows or bot.poll() is not None, 300)
            wall = time.monotonic() - began
            done = queue.llen("out")
            if bot.poll() is not None:
                raise SystemExit("the bot ended by itself: it runs only as a user that may read its packages")
            with open(f"/proc/{bot.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            with open(f"/proc/{bot.pid}/status") as file:
                peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
            print(json.dumps({"rows": done, "cpu": cpu, "wall": wall, "peak_mib": peak / 1024}))
        finally:
            if bot:
                bot.send_signal(signal.SIGTERM)
                bot.wait()
            broker.terminate()
            broker.wait()


def ping(queue):
    import redis

    try:
        return queue.ping()
    except redis.ConnectionError:
        return False


def wait(until, seconds):
    """Looks every 20 ms, for at most so many seconds."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise SystemExit("IntelMQ did not finish in time")
        time.sleep(0.02)


main(sys.argv[1])
