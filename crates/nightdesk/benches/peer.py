"""The peer of the benchmark: what a script on Python's own library does with the same mails.

peer.py smtp           an SMTP server (`smtpd`) that parses each mail and puts it on disk (fsync of file and folder)
                       before it says 250; prints its port, ends when standard input does
"""

import asyncore
import email
import os
import sys
import tempfile
import threading
import warnings

warnings.simplefilter("ignore")


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


smtp()
