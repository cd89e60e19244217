"""The peer of the benchmark: what a script on Python's own library does with the same mails.

peer.py parse FOLDER   parse every file with `email` (compat32), walk the parts, decode the text; best of three, in mails/s
peer.py smtp           an SMTP server (`smtpd`) that parses each mail and puts it on disk (fsync of file and folder)
                       before it says 250; prints its port, ends when standard input does
"""

import asyncore
import email
import os
import sys
import tempfile
import threading
import time
import warnings

warnings.simplefilter("ignore")


def parse(folder):
    mails = []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".eml", ".txt")):
            with open(os.path.join(folder, name), "rb") as file:
                mails.append(file.read())
    best = None
    for _ in range(3):
        began = time.perf_counter()
        for mail in mails:
            for part in email.message_from_bytes(mail).walk():
                if not part.is_multipart():
                    part.get_payload(decode=True)
        took = time.perf_counter() - began
        best = took if best is None or took < best else best
    print(len(mails) / best)


def smtp():
    import smtpd

    folder = tempfile.mkdtemp(prefix="peer-")
    number = 0

    class Server(smtpd.SMTPServer):
        def process_message(self, peer, mailfrom, rcpttos, data, **_):
            nonlocal number
            number += 1
            for part in email.message_from_bytes(data).walk():
                if not part.is_multipart():
                    part.get_payload(decode=True)
            temporary, final = f"{folder}/.{number}", f"{folder}/{number}"
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, final)
            directory = os.open(folder, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)

    server = Server(("127.0.0.1", 0), None)
    print(server.socket.getsockname()[1], flush=True)

    def until_told():
        sys.stdin.read()
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=until_told, daemon=True).start()
    asyncore.loop(timeout=1)


if sys.argv[1] == "parse":
    parse(sys.argv[2])
else:
    smtp()
