"""The peer of the mail benchmark: Python's own `email` on the same mails. It finds no claim.

email_mails.py compat32|default FOLDER   parse every .eml and .txt of the folder, walk the parts, decode the text; best of
                                         three, prints mails per CPU second
"""

import email
import email.policy
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")


def text(part, policy):
    if policy is email.policy.compat32:
        return part.get_payload(decode=True)
    try:
        return part.get_content()
    except (KeyError, LookupError, UnicodeError, AssertionError):
        return part.get_payload(decode=True)


def main(name, folder):
    policy = getattr(email.policy, name)
    mails = []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".eml", ".txt")):
            with open(os.path.join(folder, name), "rb") as file:
                mails.append(file.read())
    best = None
    for _ in range(3):
        began = time.process_time()
        for mail in mails:
            for part in email.message_from_bytes(mail, policy=policy).walk():
                if not part.is_multipart():
                    text(part, policy)
        took = time.process_time() - began
        best = took if best is None or took < best else best
    print(len(mails) / best)


main(sys.argv[1], sys.argv[2])
